"""The least a hub could do, to hold the real one against: aiohttp, msgspec and SQLite, nothing else.

It decodes each sample, commits whatever queued while the last commit ran (synchronous=FULL, one writer
thread) with one row a sample, and then acknowledges. No login, no alerts, no history, nobody watching.
"""

import asyncio
import contextlib
import queue
import signal
import sqlite3
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import uvloop
from aiohttp import WSMsgType, web

from chatops_wire.agent import Ack, AuthSuccess, Metrics
from chatops_wire.codec import encode, from_agent
from chatops_wire.metrics import host_values
from chatops_wire.times import parse_ms

# Text frames stay bytes: msgspec decodes them as they came.
Socket = web.WebSocketResponse[Literal[False]]
COLUMNS: Final = 14
# Far more than the generator ever has under way; a real hub would stop reading here.
QUEUE_MAX: Final = 20_000


@dataclass(slots=True, eq=False)
class Agent:
    """One connection: the newest sequence on disk, and whether that is news to its agent."""

    stored: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row on its way to disk, and whom to tell once it is there."""

    agent: Agent
    seq: int
    row: tuple[float | None, ...]


class Writer:
    """The one thread that writes. Its queue is bounded: when it is full, `put` raises queue.Full."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        """Open the database; `start` begins to write."""
        self._queue: queue.Queue[Entry | None] = queue.Queue(QUEUE_MAX)
        self._path = path
        self._loop = loop
        self._thread = threading.Thread(target=self._run, name="writer")

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Queue one row."""
        self._queue.put_nowait(entry)

    def stop(self) -> None:
        """Write what is queued and end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        db = sqlite3.connect(self._path, isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        values = ", ".join(f"v{number}" for number in range(COLUMNS))
        db.execute(f"CREATE TABLE sample (server INTEGER, seq INTEGER, ts INTEGER, {values})")
        insert = f"INSERT INTO sample VALUES ({', '.join('?' * (COLUMNS + 3))})"  # noqa: S608 - only marks
        while batch := self._batch():
            db.execute("BEGIN")
            db.executemany(insert, [entry.row for entry in batch])
            db.execute("COMMIT")
            self._loop.call_soon_threadsafe(_tell, batch)
        db.close()

    def _batch(self) -> list[Entry]:
        """Whatever queued while the last commit ran, at least one; empty at the end."""
        first = self._queue.get()
        batch: list[Entry] = []
        while first is not None:
            batch.append(first)
            try:
                first = self._queue.get_nowait()
            except queue.Empty:
                return batch
        if batch:
            self._queue.put(None)
        return batch


WRITER: Final = web.AppKey("writer", Writer)


def _tell(batch: list[Entry]) -> None:
    """Acknowledge the newest of each agent once."""
    newest = {entry.agent: entry.seq for entry in batch}
    for agent, seq in newest.items():
        agent.stored = seq
        agent.news.set()


async def _serve(request: web.Request) -> web.StreamResponse:
    ws: Socket = web.WebSocketResponse(compress=False, max_msg_size=1024 * 1024, decode_text=False)
    await ws.prepare(request)
    await ws.receive()
    await ws.send_frame(encode(AuthSuccess(server_id="bare", message="")), WSMsgType.TEXT)
    agent = Agent()
    async with asyncio.TaskGroup() as tasks:
        acks = tasks.create_task(_acknowledge(ws, agent), name="acks")
        await _read(ws, agent, request.app[WRITER])
        acks.cancel()
    return ws


async def _read(ws: Socket, agent: Agent, writer: Writer) -> None:
    decoder = from_agent()
    async for frame in ws:
        message = decoder.decode(frame.data)
        if isinstance(message, Metrics):
            row = (id(agent), message.seq, parse_ms(message.timestamp), *host_values(message).values())
            writer.put(Entry(agent, message.seq, row))


async def _acknowledge(ws: Socket, agent: Agent) -> None:
    with contextlib.suppress(ConnectionError):  # gone; `_read` sees the same and ends
        while True:
            await agent.news.wait()
            agent.news.clear()
            await ws.send_frame(encode(Ack(seq=agent.stored)), WSMsgType.TEXT)


async def _main(path: Path) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    app = web.Application()
    app[WRITER] = writer = Writer(path, loop)
    app.router.add_get("/api/v1/agents/ws", _serve)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    writer.start()
    sys.stdout.write(f"bare hub listening on http://127.0.0.1:{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await ended.wait()
    await runner.cleanup()
    await asyncio.to_thread(writer.stop)


if __name__ == "__main__":
    uvloop.run(_main(Path(sys.argv[1])))
