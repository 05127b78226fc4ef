"""A few threads that only read; each takes whatever scripts wait and runs them on one snapshot."""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from chatops_server.errors import StorageError
from chatops_server.storage.base import Bulk, Script, Statement
from chatops_server.storage.sqlite.connections import connect_thread_reader
from chatops_server.storage.sqlite.statements import meaning, run

T = TypeVar("T")

# Reads are short; more threads than cores would only wait for each other.
READERS: Final = 3
# A fleet that comes back asks twice for each agent. Handing each question to a thread and back would cost
# more than answering it; a snapshot and a wake-up of the loop are shared by so many.
_TOGETHER: Final = 32

_STOP: Final = None
_CLOSED: Final = "the database is closed"


@dataclass(slots=True, eq=False)
class _Job:
    future: asyncio.Future[Any]
    script: Script[Any]
    is_unwanted: bool = False


class ReaderPool:
    """Runs reading scripts; one that finds all threads busy waits for the first that is free."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._readers: list[_Reader] = []
        self._closed = False

    async def open(self) -> None:
        """Open the connections.

        Raises:
            sqlite3.Error: The file cannot be opened; whatever was opened is closed again.
        """
        try:
            for _ in range(READERS):
                self._readers.append(_Reader(await self._connect(), self._jobs))
        except BaseException:
            await self.close()
            raise

    async def run(self, script: Script[T]) -> T:
        """Run a script of SELECTs in a short transaction. Safe to cancel: a long query is broken off.

        Raises:
            StorageError: The database does not answer, or is closed.
        """
        if self._closed:
            raise StorageError(_CLOSED)
        loop = asyncio.get_running_loop()
        job = _Job(loop.create_future(), _only_selects(script))
        self._jobs.put(job)
        try:
            result: T = await job.future
        except asyncio.CancelledError:
            job.is_unwanted = True
            for reader in self._readers:
                reader.break_off(job)
            raise
        return result

    async def close(self) -> None:
        """Close the connections after what they are doing. Idempotent."""
        self._closed = True
        readers, self._readers = self._readers, []
        for _ in readers:
            self._jobs.put(_STOP)
        for reader in readers:
            await asyncio.to_thread(reader.join)
        with suppress(queue.Empty):
            while True:
                job = self._jobs.get_nowait()
                if job is not _STOP and not job.future.done():
                    job.future.set_exception(StorageError(_CLOSED))

    async def _connect(self) -> sqlite3.Connection:
        opening = asyncio.ensure_future(asyncio.to_thread(connect_thread_reader, self._path))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # Nobody would close what the thread is about to open.
            with suppress(sqlite3.Error):
                (await opening).close()
            raise


class _Reader:
    """One thread and its connection."""

    def __init__(self, connection: sqlite3.Connection, jobs: "queue.SimpleQueue[_Job | None]") -> None:
        self._connection = connection
        self._jobs = jobs
        self._loop = asyncio.get_running_loop()
        self._running: _Job | None = None
        # Held while a query is broken off, so that it is not another one's.
        self._switching = threading.Lock()
        self._thread = threading.Thread(target=self._main, name="storage-reader", daemon=True)
        self._thread.start()

    def break_off(self, job: _Job) -> None:
        """End the job if it is this thread's."""
        with self._switching:
            if self._running is job:
                self._connection.interrupt()

    def join(self) -> None:
        """Return when the thread has ended."""
        self._thread.join()

    def _main(self) -> None:
        while some := self._next():
            settled = [(job, self._settled(job)) for job in some if not job.is_unwanted]
            # A snapshot that is kept would keep the log from starting over.
            self._connection.rollback()
            # A loop that is gone has nobody left who waits.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(_tell, settled)
        self._connection.close()

    def _next(self) -> list[_Job]:
        """Return what waits, fairly shared with the other threads; empty when it is to end."""
        job = self._jobs.get()
        some: list[_Job] = []
        share = min(_TOGETHER, 1 + self._jobs.qsize() // READERS)
        while job is not _STOP:
            some.append(job)
            if len(some) >= share:
                return some
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return some
        if some:
            self._jobs.put(_STOP)
        return some

    def _settled(self, job: _Job) -> Any | Exception:  # noqa: ANN401 - whatever its script returns
        with self._switching:
            self._running = job
        try:
            if not self._connection.in_transaction:
                self._connection.execute("BEGIN")
            result = run(self._connection, job.script)
        except sqlite3.Error as exc:
            return meaning(exc)
        except Exception as exc:  # noqa: BLE001 - the script's own error belongs to its caller, not to the thread
            return exc
        finally:
            with self._switching:
                self._running = None
        return result


def _tell(settled: Sequence[tuple[_Job, Any]]) -> None:
    for job, result in settled:
        if job.future.done():  # its caller was cancelled
            continue
        if isinstance(result, Exception):
            job.future.set_exception(result)
        else:
            job.future.set_result(result)


def _only_selects(script: Script[T]) -> Script[T]:
    try:
        wanted: Statement | Bulk = next(script)
        while True:
            if isinstance(wanted, Bulk):
                raise TypeError("a reading script only SELECTs")
            wanted = script.send((yield wanted))
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        script.close()
