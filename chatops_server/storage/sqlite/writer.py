"""The one thread that writes: it commits whatever queued while its last commit ran."""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from chatops_server.domain.histogram import Histogram
from chatops_server.errors import StorageError
from chatops_server.storage.base import GapRow, SampleRow, Script, WriterLoad
from chatops_server.storage.jobs import Job, RowsJob, ScriptJob, tell
from chatops_server.storage.recent import StoredSample
from chatops_server.storage.sqlite.checkpoints import Checkpoints
from chatops_server.storage.sqlite.commits import Commits, SampleWriting, Settled, failed
from chatops_server.storage.sqlite.gathering import Gathering, Together
from chatops_server.storage.sqlite.reclaiming import Reclaiming

T = TypeVar("T")

# Every agent has at most one job here at a time (services/ingest); beyond this many they wait their turn.
MAX_QUEUED_JOBS: Final = 1_000
# A commit of a thousand samples takes about 50 ms, and everybody in it waits that long.
MAX_ROWS_A_COMMIT: Final = 1_000
# From a commit that writes no page to one on a disk that is about to fail.
_COMMIT_BOUNDS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

# Pages are given back in steps: between commits, and in quick succession while nobody writes.
_RECLAIM_EVERY_COMMITS: Final = 50
_RECLAIM_AFTER_S: Final = 0.01

_STOP: Final = None


@dataclass(slots=True)
class Upkeep:
    """What is done for the file between two commits."""

    checkpoints: Checkpoints
    reclaiming: Reclaiming
    is_reclaiming: bool = False
    commits: int = 0

    @property
    def idle_s(self) -> float | None:
        """Seconds of silence after which `idle` has something to do; None: nothing to do."""
        return _RECLAIM_AFTER_S if self.is_reclaiming else self.checkpoints.idle_s

    def committed(self) -> None:
        """After each commit; a hub of many agents is never idle."""
        self.checkpoints.committed()
        self.commits += 1
        if self.commits % _RECLAIM_EVERY_COMMITS == 0:
            self.is_reclaiming = self.reclaiming.step()

    def idle(self) -> None:
        """Nobody waits."""
        if not self.is_reclaiming:
            self.checkpoints.idle()
        self.is_reclaiming = self.reclaiming.step()


class Writer:
    """Owns the writing connection from its opening to its closing.

    The queue holds MAX_QUEUED_JOBS; whoever finds it full waits, first come, first served.
    """

    def __init__(self, path: Path, samples: SampleWriting, opening: Callable[[], sqlite3.Connection]) -> None:
        """Prepare; `opening` is called on the thread and may raise anything."""
        self._path = path
        self._samples = samples
        self._opening = opening
        self._on_stored: Callable[[Sequence[StoredSample]], None] = lambda _stored: None
        self._jobs: queue.SimpleQueue[ScriptJob | Together | None] = queue.SimpleQueue()
        self._room = asyncio.Semaphore(MAX_QUEUED_JOBS)
        self._loop = asyncio.get_running_loop()
        self._gathering = Gathering(self._loop, self._jobs.put)
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._ended = asyncio.Event()
        self._is_closing = False
        self._failure: str | None = None
        self._commit_seconds = Histogram(_COMMIT_BOUNDS_S)
        self._queued_jobs = 0
        # A daemon, so that a hub that dies of an error ends: cutting a commit off is what SQLite survives.
        self._thread = threading.Thread(target=self._main, name="storage-writer", daemon=True)

    @property
    def failure(self) -> str | None:
        """Why the last transaction failed as a whole; None while all is well."""
        return self._failure

    @property
    def load(self) -> WriterLoad:
        """How busy it is."""
        return WriterLoad(self._commit_seconds, self._queued_jobs)

    def on_stored(self, told: Callable[[Sequence[StoredSample]], None]) -> None:
        """Name who is told, on the loop's thread and before the ack, which samples were committed."""
        self._on_stored = told

    async def open(self) -> None:
        """Start the thread and return when the database is open; raises what `opening` raised."""
        self._thread.start()
        await self._opened

    async def run(self, script: Script[T]) -> T:
        """Run a script and return its result after the commit. Cancelling does not stop the script.

        Raises:
            StorageError: Nothing of it is stored.
            Exception: The script's own; likewise.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        await self._enter()
        self._gathering.flush()
        self._jobs.put(ScriptJob(future, script))
        return await future

    async def append(self, rows: Sequence[SampleRow | GapRow]) -> None:
        """Store rows of one agent, at most MAX_ROWS_A_COMMIT of them, and return after the commit.

        They wait a moment for those of other agents (storage.sqlite.pacing).

        Raises:
            StorageError: Nothing of them is stored.
        """
        future: asyncio.Future[None] = self._loop.create_future()
        await self._enter()
        self._gathering.add(RowsJob(future, rows))
        await future

    async def close(self) -> None:
        """Commit what is queued, checkpoint and close. Idempotent."""
        if not self._is_closing:
            self._gathering.flush()
            self._is_closing = True
            self._jobs.put(_STOP)
        await self._ended.wait()

    async def _enter(self) -> None:
        """Take a place. The caller puts its job without another await: nothing may come after the stop."""
        if self._room.locked():
            # Those who hold the places may still be gathering.
            self._gathering.flush()
        await self._room.acquire()
        if self._is_closing:
            self._room.release()
            raise StorageError("the database is closed")
        self._queued_jobs += 1

    def _committed(self, settled: Settled) -> None:
        self._commit_seconds.observe(settled.took_s)
        self._deliver(settled)

    def _deliver(self, settled: Settled) -> None:
        self._failure = settled.failure
        self._queued_jobs -= len(settled.results)
        try:
            if settled.stored:
                self._on_stored(settled.stored)
        finally:
            # Also after a defect of whoever was told: nobody may wait for ever for what is on disk.
            tell(settled.results, self._room.release)

    # From here on: the writer's thread.

    def _main(self) -> None:
        try:
            connection = self._opening()
        except Exception as exc:  # noqa: BLE001 - comes out of open(), in the caller's own task
            self._tell(_settle, self._opened, exc)
            self._tell(self._end)
            return
        try:
            self._tell(_settle, self._opened, None)
            upkeep = Upkeep(Checkpoints(connection, self._path), Reclaiming(connection))
            self._serve(Commits(connection, self._samples), upkeep)
        finally:
            # The last connection to close checkpoints the log and removes it.
            connection.close()
            self._tell(self._end)

    def _serve(self, commits: Commits, upkeep: "Upkeep") -> None:
        is_stopping = False
        while not is_stopping:
            try:
                jobs, is_stopping = self._next(upkeep.idle_s)
            except queue.Empty:
                upkeep.idle()
                continue
            if jobs:
                self._commit(commits, jobs)
                upkeep.committed()

    def _commit(self, commits: Commits, jobs: Sequence[Job]) -> None:
        settled = failed(jobs, "the writer has ended")
        began = time.perf_counter()
        try:
            settled = commits.commit(jobs)
        finally:
            settled.took_s = time.perf_counter() - began
            self._tell(self._committed, settled)

    def _next(self, idle_s: float | None) -> tuple[list[Job], bool]:
        """Return what is queued, at least one job or the stop, and whether to stop after it.

        Raises:
            queue.Empty: Nothing came for `idle_s`.
        """
        jobs: list[Job] = []
        rows = 0
        job = self._jobs.get(timeout=idle_s)
        while job is not _STOP:
            some: Sequence[Job] = job.jobs if isinstance(job, Together) else (job,)
            jobs.extend(some)
            rows += sum(len(each.rows) if isinstance(each, RowsJob) else 1 for each in some)
            if rows >= MAX_ROWS_A_COMMIT:
                return jobs, False
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return jobs, False
        return jobs, True

    def _end(self) -> None:
        """Release whoever still waits, should the thread have died of an error; on the loop's thread."""
        self._gathering.flush()
        self._is_closing = True
        left: list[Job] = []
        with suppress(queue.Empty):
            while True:
                job = self._jobs.get_nowait()
                if job is not _STOP:
                    left.extend(job.jobs if isinstance(job, Together) else (job,))
        self._deliver_left(left)
        self._ended.set()

    def _deliver_left(self, jobs: list[Job]) -> None:
        if jobs:
            self._deliver(failed(jobs, "the writer has ended"))

    def _tell(self, call: Callable[..., None], *args: Any) -> None:  # noqa: ANN401 - handed through
        # A loop that is gone has nobody left who waits.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *args)


def _settle(future: asyncio.Future[None], error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
