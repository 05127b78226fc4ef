"""A few aiosqlite connections that only read; each runs whatever scripts wait on one snapshot."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import aiosqlite

from chatops_server.errors import StorageError
from chatops_server.storage.base import Bulk, Outcome, Script, Statement
from chatops_server.storage.sqlite.connections import connect_reader
from chatops_server.storage.sqlite.statements import bound, meaning

T = TypeVar("T")

# Reads are short; more threads than cores would only wait for each other.
READERS: Final = 3
# A fleet that comes back asks twice for each agent. Their statements are queued to the thread together, and
# share its snapshot and the wake-ups of both sides.
_TOGETHER: Final = 32


@dataclass(slots=True, eq=False)
class _Job:
    future: asyncio.Future[Any]
    script: Script[Any]
    on: aiosqlite.Connection | None = None
    """Where it is being run."""
    is_unwanted: bool = False


class ReaderPool:
    """Runs reading scripts; one that finds all connections busy waits for the first that is free."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: deque[_Job] = deque()
        self._connections: list[aiosqlite.Connection] = []
        self._free: list[aiosqlite.Connection] = []
        self._serving: set[asyncio.Task[None]] = set()
        self._closed = False

    async def open(self) -> None:
        """Open the connections; before anything is run.

        Raises:
            sqlite3.Error: The file cannot be opened; whatever was opened is closed again.
        """
        try:
            for _ in range(READERS):
                self._connections.append(await connect_reader(self._path))
        except BaseException:
            await self.close()
            raise
        self._free.extend(self._connections)

    async def run(self, script: Script[T]) -> T:
        """Run a script of SELECTs in a short transaction. Safe to cancel: a long query is broken off.

        Raises:
            StorageError: The database does not answer, or is closed.
        """
        if self._closed:
            raise StorageError("the database is closed")
        job = _Job(asyncio.get_running_loop().create_future(), script)
        self._waiting.append(job)
        if self._free:
            self._begin(self._free.pop())
        try:
            result: T = await job.future
        except asyncio.CancelledError:
            job.is_unwanted = True
            if job.on is not None:
                # Whatever else runs there is asked for once more.
                await job.on.interrupt()
            raise
        return result

    async def close(self) -> None:
        """Close the connections after what they are doing. Idempotent."""
        self._closed = True
        while self._serving:
            await asyncio.wait(self._serving)
        connections, self._connections = self._connections, []
        for connection in connections:
            await connection.close()

    def _begin(self, connection: aiosqlite.Connection) -> None:
        task = asyncio.create_task(self._serve(connection), name="storage-reader")
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, connection: aiosqlite.Connection) -> None:
        try:
            while self._waiting:
                await _on_one_snapshot(connection, self._share())
        finally:
            self._free.append(connection)

    def _share(self) -> Sequence[_Job]:
        """Return some of what waits, fairly shared with the other connections."""
        share = min(_TOGETHER, 1 + len(self._waiting) // READERS)
        return [self._waiting.popleft() for _ in range(min(share, len(self._waiting)))]


async def _on_one_snapshot(connection: aiosqlite.Connection, jobs: Sequence[_Job]) -> None:
    # None of these waits for the one before: the thread takes them in this order. Nobody joins later, who
    # would not see what was committed since.
    await asyncio.gather(
        connection.execute_fetchall("BEGIN"),
        *(_run(connection, job) for job in jobs if not job.is_unwanted),
        return_exceptions=True,
    )
    # A snapshot that is kept would keep the log from starting over.
    await connection.rollback()


async def _run(connection: aiosqlite.Connection, job: _Job) -> None:
    job.on = connection
    try:
        wanted = next(job.script)
        while True:
            wanted = job.script.send(await _outcome(connection, job, wanted))
    except StopIteration as stop:
        _tell(job, stop.value)
    except sqlite3.Error as exc:
        _tell(job, meaning(exc))
    except Exception as exc:  # noqa: BLE001 - the script's own error belongs to its caller, not to the pool
        _tell(job, exc)
    finally:
        job.on = None
        job.script.close()


async def _outcome(connection: aiosqlite.Connection, job: _Job, wanted: Statement | Bulk) -> Outcome:
    if isinstance(wanted, Bulk):
        raise TypeError("a reading script only SELECTs")
    sql, values = bound(wanted)
    while True:
        try:
            rows = await connection.execute_fetchall(sql, values)
        except sqlite3.OperationalError as exc:
            # Another one on this snapshot was cancelled while this one ran.
            if job.is_unwanted or exc.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
        else:
            return Outcome([tuple(row) for row in rows])


def _tell(job: _Job, result: Any) -> None:  # noqa: ANN401 - whatever its script returns
    if job.future.done():  # its caller was cancelled
        return
    if isinstance(result, Exception):
        job.future.set_exception(result)
    else:
        job.future.set_result(result)
