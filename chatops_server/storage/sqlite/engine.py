"""Opens a database file for this process alone, up to date, with one writer and a few readers."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from chatops_server.domain.tiers import Keep
from chatops_server.errors import StorageError
from chatops_server.storage.base import CannotOpenError, Script, WriterLoad, execute
from chatops_server.storage.folder_lock import LOCK_FILE, FolderLock
from chatops_server.storage.sql.samples import HotSamples
from chatops_server.storage.sqlite.charts import ChartReaders
from chatops_server.storage.sqlite.connections import OLDEST_SQLITE, connect_writer
from chatops_server.storage.sqlite.copies import copy_database
from chatops_server.storage.sqlite.mounts import network_file_system
from chatops_server.storage.sqlite.reader import ReaderPool
from chatops_server.storage.sqlite.samples import Parts, SqliteSamples
from chatops_server.storage.sqlite.schema import Migration, known_migrations, migrate, version_of
from chatops_server.storage.sqlite.sealer import Sealer
from chatops_server.storage.sqlite.writer import Writer

log = logging.getLogger(__name__)

T = TypeVar("T")

# The largest commit takes a tenth of this; a writer that needs longer is stuck behind the disk.
_CHECK_WITHIN_S: Final = 2.0


class SqliteStorage:
    """One open database file; see storage.base.Storage."""

    def __init__(self, parts: Parts, samples: SqliteSamples, lock: FolderLock) -> None:
        self._writer = parts.writer
        self._readers = parts.readers
        self._charts = parts.charts
        self._samples = samples
        self._lock = lock

    @property
    def samples(self) -> SqliteSamples:
        """Samples and their history."""
        return self._samples

    @property
    def load(self) -> WriterLoad:
        """See Storage."""
        return self._writer.load

    async def read(self, script: Script[T]) -> T:
        """See Storage."""
        return await self._readers.run(script)

    async def write(self, script: Script[T]) -> T:
        """See Storage."""
        return await self._writer.run(script)

    async def try_lead(self, name: str) -> bool:
        """See Storage: the file is this hub's alone."""
        del name
        return True

    async def check(self) -> str:
        """See Storage. Asks the writer, since readers may be busy with long charts.

        While its last commit failed, each call tries another one.
        """
        try:
            async with asyncio.timeout(_CHECK_WITHIN_S):
                await self._writer.run(_nothing() if self._writer.failure is None else _touch())
        except StorageError as exc:
            return exc.reason
        except TimeoutError:
            return f"no answer within {_CHECK_WITHIN_S:g} s"
        return "ok"

    async def close(self) -> None:
        """See Storage."""
        await self._samples.close()
        await self._charts.close()
        await self._readers.close()
        await self._writer.close()
        self._lock.release()


async def open_sqlite(
    path: Path,
    *,
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    migrations: Sequence[Migration] | None = None,
    keep: Keep | None = None,
) -> SqliteStorage:
    """Open the database, making the folder (0700) and the file (0600) where there are none.

    Args:
        path: The database file; `hub.lock` beside it keeps a second process out.
        now_ms: Unix milliseconds.
        migrations: Other than those that came with the program: for tests.
        keep: How long samples and rollups stay; None: as long as usual.

    Raises:
        CannotOpenError: Another process has it open, its schema is newer than this program, it is no
            database, or it cannot be read or written; `reason` is one line that says which.
    """
    lock = FolderLock(path.parent / LOCK_FILE)
    hot = HotSamples()
    writer = Writer(path, hot, lambda: _open(path, lock, migrations))
    parts = Parts(writer, ReaderPool(path), ChartReaders(path), Sealer(path, writer, hot))
    samples = SqliteSamples(parts, keep or Keep(), now_ms)
    storage = SqliteStorage(parts, samples, lock)
    try:
        await writer.open()
        await parts.readers.open()
        await parts.charts.open()
        await samples.open()
    except BaseException as exc:
        await storage.close()
        if isinstance(exc, CannotOpenError) or not isinstance(exc, sqlite3.Error | OSError | StorageError):
            raise
        reason = exc.reason if isinstance(exc, StorageError) else str(exc)
        raise CannotOpenError(f"cannot open the database {path}: {reason}") from exc
    return storage


def _open(path: Path, lock: FolderLock, migrations: Sequence[Migration] | None) -> sqlite3.Connection:
    """Return the writing connection to an up-to-date database; runs on the writer's thread."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        needed = ".".join(map(str, OLDEST_SQLITE))
        raise CannotOpenError(f"SQLite {needed} or newer is needed, this Python has {sqlite3.sqlite_version}")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shared = network_file_system(path.parent)
    if shared is not None:
        raise CannotOpenError(
            f"{path.parent} is on a network file system ({shared}), which SQLite does not survive"
        )
    lock.take()
    connection = connect_writer(path)
    try:
        # Reads files, so here and not on the event loop.
        steps = known_migrations() if migrations is None else migrations
        version = version_of(connection)
        if 0 < version < max(step.number for step in steps):
            _keep_copy(path, version)
        migrate(connection, steps)
    except BaseException:
        connection.close()
        raise
    return connection


def _keep_copy(path: Path, version: int) -> None:
    """Keep the database as it is before its schema changes: the way back to the older program."""
    copy = path.with_name(f"{path.name}.schema-{version}")
    for left in path.parent.glob(f".{copy.name}.*.partial"):
        # Of an attempt that was killed; the lock says that nobody else is at it.
        left.unlink(missing_ok=True)
    try:
        copy_database(path, copy)
    except StorageError as exc:
        reason = f"no copy can be kept before the schema is brought up to date: {exc.reason}"
        raise CannotOpenError(reason) from exc
    log.info("a copy was kept before the schema changes", extra={"copy": str(copy), "version": version})


def _nothing() -> Script[int]:
    # Takes the lock and commits, but writes no page.
    return (yield from execute("DELETE FROM hot_table WHERE 0 = 1"))


def _touch() -> Script[int]:
    # Writes a page and changes nothing: whether the disk takes a commit again.
    return (yield from execute("UPDATE hot_table SET hour_ms = hour_ms"))
