"""One transaction for everything that queued: each script in a savepoint, all samples together."""

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from chatops_server.errors import StorageError
from chatops_server.storage.base import GapRow, SampleRow, Script
from chatops_server.storage.jobs import Job, RowsJob, ScriptJob
from chatops_server.storage.recent import StoredSample
from chatops_server.storage.sqlite.statements import is_of_the_statement, meaning, run

T = TypeVar("T")


@dataclass(slots=True)
class Settled:
    """What came of a batch, to be told on the event loop's thread."""

    results: list[tuple[asyncio.Future[Any], Any]] = field(default_factory=list)
    """An exception where the job failed."""
    stored: list[StoredSample] = field(default_factory=list)
    failure: str | None = None
    """Why nothing of the whole batch was committed."""
    took_s: float = 0.0
    """From the beginning of the transaction to its end."""


class SampleWriting(Protocol):
    """How samples become rows; keeps what it learnt in memory between transactions."""

    def store(self, rows: Sequence[SampleRow | GapRow]) -> Script[list[StoredSample]]:
        """Return a script that stores what is new among the rows and moves the cursors."""

    def forget(self) -> None:
        """Something was rolled back: nothing learnt may be trusted."""


class Commits:
    """Runs batches of jobs on the writer's thread and connection."""

    def __init__(self, connection: sqlite3.Connection, samples: SampleWriting) -> None:
        self._connection = connection
        self._samples = samples

    def commit(self, jobs: Sequence[Job]) -> Settled:
        """Run all jobs in one transaction; what failed by itself is left out of it.

        An error of the database (full, locked, I/O) fails the whole batch; the connection stays usable.
        """
        settled = Settled()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._scripts([job for job in jobs if isinstance(job, ScriptJob)], settled)
            self._rows([job for job in jobs if isinstance(job, RowsJob)], settled)
            self._connection.execute("COMMIT")
        except sqlite3.Error as exc:
            # SQLite may have rolled back by itself; then this does nothing.
            self._connection.rollback()
            self._samples.forget()
            return failed(jobs, str(exc))
        return settled

    def _scripts(self, jobs: Sequence[ScriptJob], settled: Settled) -> None:
        for job in jobs:
            settled.results.append((job.future, self._isolated(job.script)))

    def _rows(self, jobs: Sequence[RowsJob], settled: Settled) -> None:
        if not jobs:
            return
        together = self._isolated(self._samples.store([row for job in jobs for row in job.rows]))
        if not isinstance(together, Exception):
            settled.stored.extend(together)
            settled.results.extend((job.future, None) for job in jobs)
            return
        for job in jobs:
            alone = self._isolated(self._samples.store(job.rows))
            if not isinstance(alone, Exception):
                settled.stored.extend(alone)
            settled.results.append((job.future, alone if isinstance(alone, Exception) else None))

    def _isolated(self, script: Script[T]) -> T | Exception:
        """Return the script's result, or the error that undid it and nothing else."""
        self._connection.execute("SAVEPOINT job")
        try:
            result = run(self._connection, script)
        except sqlite3.Error as exc:
            if not (is_of_the_statement(exc) and self._connection.in_transaction):
                raise
            self._undo()
            return meaning(exc)
        except Exception as exc:  # noqa: BLE001 - the script's own error belongs to its caller, not to the thread
            self._undo()
            return exc
        self._connection.execute("RELEASE job")
        return result

    def _undo(self) -> None:
        self._connection.execute("ROLLBACK TO job")
        self._connection.execute("RELEASE job")
        self._samples.forget()


def failed(jobs: Sequence[Job], reason: str) -> Settled:
    """Return the outcome of a batch of which nothing was stored."""
    return Settled([(job.future, StorageError(reason)) for job in jobs], failure=reason)
