"""Clients that follow the fleet, or one server each, and read whatever comes; in a process of their own.

`python -m bench.watchers URL FLEET METRICS < lines` takes a token and ids of servers, says `ready` when all
follow, and `FRAMES BYTES` when it is terminated.
"""

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp
import uvloop

from chatops_wire.client import AuthToken, Subscribe
from chatops_wire.codec import encode

_LOGINS_AT_ONCE: Final = 32
_STOP_WITHIN_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Watching:
    """What the clients follow."""

    fleet: int
    metrics: int = 0
    server_ids: Sequence[str] = ()


@dataclass(slots=True)
class Heard:
    """What came, once they have ended."""

    frames: int = 0
    size_bytes: int = 0


@contextlib.contextmanager
def watching(url: str, token: str, wanted: Watching) -> Iterator[Heard]:
    """Follow for the length of the block."""
    command = [sys.executable, "-m", "bench.watchers", url, str(wanted.fleet), str(wanted.metrics)]
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    heard = Heard()
    try:
        _begin(process, [token, *wanted.server_ids])
        yield heard
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=_STOP_WITHIN_S)
    heard.frames, heard.size_bytes = map(int, said.split()[-2:])


def _begin(process: "subprocess.Popen[str]", lines: Sequence[str]) -> None:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("it has no pipes")
    process.stdin.write("\n".join(lines))
    process.stdin.close()
    process.stdin = None
    if process.stdout.readline() != "ready\n":
        raise RuntimeError(f"the watchers could not begin, exit status {process.wait()}")


class _Client:
    """One connection."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self.is_ready = asyncio.Event()

    async def follow(
        self,
        http: aiohttp.ClientSession,
        url: str,
        token: str,
        subscribe: Subscribe,
        logins: asyncio.Semaphore,
    ) -> None:
        """Follow until cancelled; raises ConnectionError when the hub ends it."""
        # From the connection on: a hub has room for few from one address that have not logged in.
        async with logins:
            ws = await http.ws_connect(f"{url}/api/v1/ws", compress=0, max_msg_size=0)
            await ws.send_frame(encode(AuthToken(token=token)), aiohttp.WSMsgType.TEXT)
            await ws.receive()
        async with ws:
            await ws.send_frame(encode(subscribe), aiohttp.WSMsgType.TEXT)
            async for frame in ws:
                self.is_ready.set()
                self._heard.frames += 1
                self._heard.size_bytes += len(frame.data)
        raise ConnectionError(f"a client was sent away: {ws.close_code}")


async def _main(url: str, wanted: Watching, token: str) -> Heard:
    heard, logins, stop = Heard(), asyncio.Semaphore(_LOGINS_AT_ONCE), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    topics = [Subscribe(id=1, topic="fleet")] * wanted.fleet
    topics += [
        Subscribe(id=1, topic="metrics", server_id=wanted.server_ids[at % len(wanted.server_ids)])
        for at in range(wanted.metrics)
    ]
    clients = [_Client(heard) for _ in topics]
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
        asyncio.TaskGroup() as tasks,
    ):
        running = [
            tasks.create_task(client.follow(http, url, token, topic, logins), name="client")
            for client, topic in zip(clients, topics, strict=True)
        ]
        for client in clients:
            await client.is_ready.wait()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await stop.wait()
        for task in running:
            task.cancel()
    return heard


if __name__ == "__main__":
    hub, fleet, metrics = sys.argv[1:]
    bearer, *ids = sys.stdin.read().split()
    found = uvloop.run(_main(hub, Watching(int(fleet), int(metrics), ids), bearer))
    sys.stdout.write(f"{found.frames} {found.size_bytes}\n")
