"""Opens a PostgreSQL database, which other hubs may share: two writing connections and a few readers."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from chatops_server.domain.histogram import Histogram
from chatops_server.domain.tiers import Keep
from chatops_server.errors import StorageError
from chatops_server.storage.base import CannotOpenError, Script, WriterLoad, fetch
from chatops_server.storage.folder_lock import LOCK_FILE, FolderLock
from chatops_server.storage.jobs import ScriptJob
from chatops_server.storage.postgres.address import PostgresUrl
from chatops_server.storage.postgres.connections import Link, Links, connect, hang_up
from chatops_server.storage.postgres.dialect import FAILURES, meaning
from chatops_server.storage.postgres.hot import PostgresHotSamples
from chatops_server.storage.postgres.locks import Presence
from chatops_server.storage.postgres.reader import ChartReaders, Readers
from chatops_server.storage.postgres.samples import Parts, PostgresSamples
from chatops_server.storage.postgres.schema import Migration, known_migrations, migrate
from chatops_server.storage.postgres.sealer import Sealer
from chatops_server.storage.postgres.writer import (
    COMMIT_BOUNDS_S,
    PACE_S,
    Committer,
    SampleCommits,
    commit_scripts,
)

T = TypeVar("T")

# The oldest that Debian and the large providers still support; nothing newer is needed.
OLDEST_POSTGRES: Final = 13
_CHECK_WITHIN_S: Final = 2.0
# Sealing reads and writes at the same time, and expiry may be at work beside it.
_UPKEEP_LINKS: Final = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Which database is opened, and for whom."""

    address: PostgresUrl
    """Its user must be allowed to make tables there."""
    data_dir: Path
    """The hub's own folder, which no second hub shares."""
    alone: bool = False
    """Keep every hub from the database meanwhile."""


class PostgresStorage:
    """One database, shared with other hubs; see storage.base.Storage."""

    def __init__(self, parts: Parts, samples: PostgresSamples, presence: Presence, lock: FolderLock) -> None:
        self._parts = parts
        self._samples = samples
        self._presence = presence
        self._lock = lock

    @property
    def samples(self) -> PostgresSamples:
        """Samples and their history."""
        return self._samples

    @property
    def load(self) -> WriterLoad:
        """See Storage; of both writing connections."""
        scripts, appends = self._parts.scripts, self._parts.appends
        return WriterLoad(scripts.seconds, scripts.queued + appends.queued)

    async def join(self, *, alone: bool) -> None:
        """Take part in the database, or have it to oneself; raises CannotOpenError, StorageError."""
        await asyncio.to_thread(self._lock.take)
        await self._presence.join(alone=alone)

    async def read(self, script: Script[T]) -> T:
        """See Storage."""
        return await self._parts.readers.run(script)

    async def write(self, script: Script[T]) -> T:
        """See Storage. Scripts of all hubs run one after the other, as on SQLite."""
        result: T = await self._parts.scripts.put(lambda future: ScriptJob(future, script))
        return result

    async def try_lead(self, name: str) -> bool:
        """See Storage."""
        return await self._presence.try_lead(name)

    async def check(self) -> str:
        """See Storage. Asks the writer, and so connects again where a connection was lost."""
        try:
            async with asyncio.timeout(_CHECK_WITHIN_S):
                await self.write(_nothing())
        except StorageError as exc:
            return exc.reason
        except TimeoutError:
            return f"no answer within {_CHECK_WITHIN_S:g} s"
        return "ok"

    async def close(self) -> None:
        """See Storage."""
        await self._samples.close()
        await self._parts.charts.close()
        await self._parts.readers.close()
        await self._parts.appends.close()
        await self._parts.scripts.close()
        await self._parts.upkeep.close()
        await self._presence.close()
        self._lock.release()


async def open_postgres(
    place: Place,
    *,
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    migrations: Sequence[Migration] | None = None,
    keep: Keep | None = None,
) -> PostgresStorage:
    """Open the database, bringing its schema up to date.

    Args:
        place: Where it is, and for whom it is opened.
        now_ms: Unix milliseconds.
        migrations: Other than those that came with the program: for tests.
        keep: How long samples and rollups stay; None: as long as usual.

    Raises:
        CannotOpenError: It does not answer, its schema is newer than this program, or somebody has it to
            himself; `reason` is one line that says which.
    """
    known = await asyncio.to_thread(known_migrations) if migrations is None else migrations
    version, address = known[-1].number if known else 0, place.address
    presence, lock = Presence(Link(address), version), FolderLock(place.data_dir / LOCK_FILE)
    storage = _assembled(address, now_ms, (presence, lock, known), keep or Keep())
    try:
        # First of all, so that nobody has the database to himself meanwhile.
        await storage.join(alone=place.alone)
        await _up_to_date(address, known)
        await storage.samples.open()
    except BaseException as exc:
        await storage.close()
        if isinstance(exc, CannotOpenError) or not isinstance(exc, (*FAILURES, StorageError)):
            raise
        raise CannotOpenError(f"cannot open the database {address}: {_reason(exc)}") from exc
    return storage


def _assembled(
    address: PostgresUrl,
    now_ms: Callable[[], int],
    held: tuple[Presence, FolderLock, Sequence[Migration]],
    keep: Keep,
) -> PostgresStorage:
    presence, lock, migrations = held
    hot = PostgresHotSamples(now_ms)
    upkeep = Links(address, _UPKEEP_LINKS)
    seconds = Histogram(COMMIT_BOUNDS_S)
    parts = Parts(
        Committer(Link(address), commit_scripts, seconds),
        Committer(Link(address), SampleCommits(hot).commit, seconds),
        hot,
        Readers(address),
        ChartReaders(address),
        upkeep,
        Sealer(upkeep, now_ms),
        migrations,
        presence,
    )
    parts.scripts.start("storage-scripts")
    parts.appends.start("storage-samples", PACE_S)
    return PostgresStorage(parts, PostgresSamples(parts, keep, now_ms), presence, lock)


async def _up_to_date(address: PostgresUrl, migrations: Sequence[Migration]) -> None:
    connection = await connect(address)
    try:
        version = connection.get_server_version()
        if version.major < OLDEST_POSTGRES:
            raise CannotOpenError(f"PostgreSQL {OLDEST_POSTGRES} or newer is needed, this is {version.major}")
        if await connection.fetchval("SELECT to_regclass('transfer_progress')") is not None:
            raise CannotOpenError(
                "it was begun to be filled and is not whole: run migrate-to or restore again"
            )
        await migrate(connection, migrations)
    finally:
        await hang_up(connection)


def _nothing() -> Script[object]:
    # Takes the lock and commits, but writes nothing.
    return (yield from fetch("SELECT 1"))


def _reason(exc: BaseException) -> str:
    told = exc if isinstance(exc, StorageError) else meaning(exc)
    return told.reason if isinstance(told, StorageError) else str(told)
