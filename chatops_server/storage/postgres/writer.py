"""Two tasks that commit whatever queued while their last commit ran: one for scripts, one for samples."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from chatops_server.domain.histogram import Histogram
from chatops_server.errors import StorageError
from chatops_server.storage.base import GapRow, SampleRow, Script
from chatops_server.storage.jobs import Job, RowsJob, ScriptJob, tell
from chatops_server.storage.postgres.connections import Link
from chatops_server.storage.postgres.dialect import FAILURES, is_of_the_statement, meaning
from chatops_server.storage.postgres.locks import WRITES
from chatops_server.storage.postgres.statements import Connection, run
from chatops_server.storage.recent import StoredSample

T = TypeVar("T")

# Every agent has at most one job here at a time (services/ingest); beyond this many they wait their turn.
MAX_QUEUED_JOBS: Final = 1_000
# Encoding takes some 20 us a row on the event loop, where nothing may take much longer than 10 ms.
MAX_ROWS_A_COMMIT: Final = 400
# A script is as much work as some rows.
_ROWS_A_SCRIPT: Final = 4
# A commit is six round trips whatever it holds. Waiting this long since the last one began lets more samples
# share them; the first after a pause waits for nothing.
PACE_S: Final = 0.05
# A server that needs longer is no use to agents: they keep what is not acknowledged, here or elsewhere.
COMMIT_WITHIN_S: Final = 10.0
COMMIT_BOUNDS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

_BEGIN: Final = f"BEGIN; {WRITES}"


@dataclass(slots=True)
class Settled:
    """What came of a batch."""

    results: list[tuple[asyncio.Future[Any], Any]] = field(default_factory=list)
    """An exception where the job failed."""
    stored: list[StoredSample] = field(default_factory=list)


class SampleWriting(Protocol):
    """How samples become rows; keeps what it learnt in memory between transactions."""

    def store(self, rows: Sequence[SampleRow | GapRow]) -> Script[list[StoredSample]]:
        """Return a script that stores what is new among the rows and moves the cursors."""

    def committed(self) -> None:
        """What was stored last is there to stay."""

    def forget(self) -> None:
        """Something was rolled back: nothing learnt may be trusted."""


class Committer:
    """A queue, and the task that empties it into transactions on a connection of its own.

    The queue holds MAX_QUEUED_JOBS; whoever finds it full waits, first come, first served.
    """

    def __init__(
        self,
        link: Link,
        commit: Callable[[Connection, list[Any]], Awaitable[Settled]],
        seconds: Histogram,
    ) -> None:
        """Prepare; `commit` settles a batch, and raises what concerns all of it."""
        self._link = link
        self._commit = commit
        self._jobs: deque[Job] = deque()
        self._room = asyncio.Semaphore(MAX_QUEUED_JOBS)
        self._called = asyncio.Event()
        self._is_closing = False
        self._failure: str | None = None
        self.seconds = seconds
        self.queued = 0
        self._task: asyncio.Task[None] | None = None
        self._on_stored: Callable[[Sequence[StoredSample]], None] = lambda _stored: None

    @property
    def failure(self) -> str | None:
        """Why the last transaction failed as a whole; None while all is well."""
        return self._failure

    def on_stored(self, told: Callable[[Sequence[StoredSample]], None]) -> None:
        """Name who is told, before the ack, which samples were committed."""
        self._on_stored = told

    def start(self, name: str, pace_s: float = 0.0) -> None:
        """Begin to work."""
        self._task = asyncio.create_task(self._serve(pace_s), name=name)

    async def put(self, make: Callable[[asyncio.Future[Any]], Job]) -> Any:  # noqa: ANN401 - the job's own
        """Queue a job and return its result after the commit. Cancelling does not stop it.

        Raises:
            StorageError: Nothing of it is stored.
            Exception: The job's own; likewise.
        """
        await self._room.acquire()
        if self._is_closing or self._task is None or self._task.done():
            self._room.release()
            raise StorageError("the database is closed")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.queued += 1
        self._jobs.append(make(future))
        self._called.set()
        return await future

    async def close(self) -> None:
        """Commit what is queued and close. Idempotent."""
        self._is_closing = True
        self._called.set()
        if self._task is not None:
            await asyncio.wait({self._task})
        self._settle(self._failed(list(self._jobs), StorageError("the database is closed")))
        self._jobs.clear()
        await self._link.close()

    async def _serve(self, pace_s: float) -> None:
        clock = asyncio.get_running_loop().time
        began = clock() - pace_s
        while True:
            while not self._jobs:
                if self._is_closing:
                    return
                self._called.clear()
                await self._called.wait()
            left_s = began + pace_s - clock()
            if left_s > 0 and not self._is_closing and self.queued < MAX_ROWS_A_COMMIT:
                await asyncio.sleep(left_s)
            began = clock()
            await self._settle_next(self._next())

    def _next(self) -> list[Job]:
        jobs: list[Job] = []
        rows = 0
        while self._jobs:
            weight = _weight(self._jobs[0])
            if jobs and rows + weight > MAX_ROWS_A_COMMIT:
                break
            jobs.append(self._jobs.popleft())
            rows += weight
        return jobs

    async def _settle_next(self, jobs: list[Job]) -> None:
        began = time.perf_counter()
        settled = self._failed(jobs, StorageError("the writer has ended"))
        try:
            async with asyncio.timeout(COMMIT_WITHIN_S):
                settled = await self._commit(await self._link.connection(), jobs)
            self._failure = None
        except (*FAILURES, StorageError) as exc:
            # Whether a commit whose answer was lost took place, the cursor tells; the connection does not.
            self._link.drop()
            error = exc if isinstance(exc, StorageError) else StorageError(_reason(exc))
            self._failure = error.reason
            settled = self._failed(jobs, error)
        finally:
            self.seconds.observe(time.perf_counter() - began)
            self._settle(settled)

    def _failed(self, jobs: Sequence[Job], error: StorageError) -> Settled:
        return Settled([(job.future, error) for job in jobs])

    def _settle(self, settled: Settled) -> None:
        self.queued -= len(settled.results)
        try:
            if settled.stored:
                self._on_stored(settled.stored)
        finally:
            # Also after a defect of whoever was told: nobody may wait for ever for what is on disk.
            tell(settled.results, self._room.release)


async def commit_scripts(connection: Connection, jobs: Sequence[ScriptJob]) -> Settled:
    """Run scripts in one transaction, each undone by its own errors alone.

    Raises:
        StorageError, asyncpg.PostgresError, OSError …: Nothing of any of them is stored.
    """
    settled = Settled()
    await connection.execute(_BEGIN)
    for job in jobs:
        settled.results.append((job.future, await _isolated(connection, job.script)))
    await connection.execute("COMMIT")
    return settled


class SampleCommits:
    """Stores the rows of many agents in one transaction; what fails by itself is left out of it."""

    def __init__(self, samples: SampleWriting) -> None:
        self._samples = samples

    async def commit(self, connection: Connection, jobs: Sequence[RowsJob]) -> Settled:
        """Settle a batch; raises as `commit_scripts`."""
        try:
            stored = await self._stored(connection, [row for job in jobs for row in job.rows])
        except Exception as exc:  # noqa: BLE001 - the error of one agent's rows belongs to that agent
            await self._undone(connection, exc)
            return await self._one_by_one(connection, jobs)
        return Settled([(job.future, None) for job in jobs], stored)

    async def _one_by_one(self, connection: Connection, jobs: Sequence[RowsJob]) -> Settled:
        settled = Settled()
        for job in jobs:
            try:
                settled.stored.extend(await self._stored(connection, job.rows))
            except Exception as exc:  # noqa: BLE001 - likewise
                await self._undone(connection, exc)
                settled.results.append((job.future, meaning(exc) if isinstance(exc, FAILURES) else exc))
            else:
                settled.results.append((job.future, None))
        return settled

    async def _stored(self, connection: Connection, rows: Sequence[SampleRow | GapRow]) -> list[StoredSample]:
        await connection.execute("BEGIN")
        stored = await run(connection, self._samples.store(rows))
        await connection.execute("COMMIT")
        self._samples.committed()
        return stored

    async def _undone(self, connection: Connection, error: Exception) -> None:
        """Roll back what failed by itself; raise what concerns the connection or the server."""
        self._samples.forget()
        if isinstance(error, FAILURES) and (connection.is_closed() or not is_of_the_statement(error)):
            raise error
        await connection.execute("ROLLBACK")


async def _isolated(connection: Connection, script: Script[T]) -> T | Exception:
    """Return the script's result, or the error that undid it and nothing else."""
    await connection.execute("SAVEPOINT job")
    try:
        result = await run(connection, script)
    except FAILURES as exc:
        if connection.is_closed() or not is_of_the_statement(exc):
            raise
        await connection.execute("ROLLBACK TO job; RELEASE job")
        return meaning(exc)
    except Exception as exc:  # noqa: BLE001 - the script's own error belongs to its caller
        await connection.execute("ROLLBACK TO job; RELEASE job")
        return exc
    await connection.execute("RELEASE job")
    return result


def _weight(job: Job) -> int:
    return _ROWS_A_SCRIPT if isinstance(job, ScriptJob) else len(job.rows)


def _reason(exc: BaseException) -> str:
    told = meaning(exc)
    return told.reason if isinstance(told, StorageError) else str(told)
