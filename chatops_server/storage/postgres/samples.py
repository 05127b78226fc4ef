"""The SampleStore on PostgreSQL: appends by COPY, charts from memory where that has everything."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

import asyncpg

from chatops_server.domain.moments import Moment
from chatops_server.domain.ring import WINDOW_MS
from chatops_server.domain.tiers import HOURS, PROCESSES, RAW, TIERS, Keep, Tier
from chatops_server.errors import StorageError
from chatops_server.storage.base import (
    UPKEEP,
    Coverage,
    GapRow,
    HistoryAnswer,
    HistoryQuery,
    SampleRow,
    Script,
    fetch,
)
from chatops_server.storage.jobs import RowsJob, ScriptJob
from chatops_server.storage.postgres import loading
from chatops_server.storage.postgres.connections import Links
from chatops_server.storage.postgres.dialect import FAILURES, meaning
from chatops_server.storage.postgres.hot import PostgresHotSamples
from chatops_server.storage.postgres.locks import Presence
from chatops_server.storage.postgres.partitions import drop_before, drop_of_nobody
from chatops_server.storage.postgres.reader import ChartReaders, Readers
from chatops_server.storage.postgres.schema import Migration, finish
from chatops_server.storage.postgres.sealer import Sealer
from chatops_server.storage.postgres.writer import Committer
from chatops_server.storage.recent import RecentSamples, StoredSample, load_beside
from chatops_server.storage.sql import samples as sql
from chatops_server.storage.sql.history import coverage, history
from chatops_server.storage.sql.hot import tables_to_seal
from chatops_server.storage.sql.moments import moment
from chatops_server.storage.upkeep import CURSORS_FOR_MS, LABELS_LONGER_MS, LOAD_FIRST_S, SEAL_AFTER_MS

T = TypeVar("T")

log = logging.getLogger(__name__)

# An hour that was listed may have been sealed and dropped by another hub before it was read.
_ATTEMPTS: Final = 3
# By how much an agent's clock may be ahead of the samples another hub has stored of it.
_AHEAD_MS: Final = 10 * 60_000


@dataclass(frozen=True, slots=True)
class Parts:
    """What works on one database."""

    scripts: Committer
    appends: Committer
    hot: PostgresHotSamples
    readers: Readers
    charts: ChartReaders
    upkeep: Links
    sealer: Sealer
    migrations: Sequence[Migration]
    presence: Presence


class PostgresSamples:
    """Samples of all servers; see storage.base.SampleStore."""

    def __init__(self, parts: Parts, keep: Keep, now_ms: Callable[[], int]) -> None:
        self._parts = parts
        self._keep = keep
        self._now_ms = now_ms
        self._recent = RecentSamples()
        self._loading: asyncio.Task[None] | None = None
        self._sealing: asyncio.Future[int] | None = None
        parts.appends.on_stored(self._stored)

    async def open(self) -> None:
        """Begin to read the last hour; return when it is there or after a second. No append before."""
        now_ms = self._now_ms()
        has_begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._loading = asyncio.create_task(self._load(now_ms, has_begun), name="storage-load-recent")
        await has_begun
        await asyncio.wait({self._loading}, timeout=LOAD_FIRST_S)

    async def close(self) -> None:
        """Stop reading and sealing. Idempotent."""
        if self._sealing is not None:
            self._parts.sealer.stop()
            await asyncio.wait({self._sealing})
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait({self._loading})

    async def append(self, rows: Sequence[SampleRow | GapRow]) -> None:
        """See SampleStore."""
        if rows:
            await self._parts.appends.put(lambda future: RowsJob(future, rows))

    async def cursor(self, server_num: int, epoch: str) -> int:
        """See SampleStore."""
        return await self._parts.readers.run(sql.cursor(server_num, epoch))

    async def history(self, query: HistoryQuery) -> HistoryAnswer:
        """See SampleStore: from memory where it holds all there is, else from tables and sealed hours."""
        if self._recent.answer(query) is not None and await self._is_own(query):
            answer = self._recent.answer(query)
            if answer is not None:
                return answer
        return await self.stored_history(query)

    async def stored_history(self, query: HistoryQuery) -> HistoryAnswer:
        """Return the chart from the database alone: the same answer as from memory."""
        return await self._read(lambda: history(query, self._keep, self._now_ms()))

    async def coverage(self, query: HistoryQuery) -> Coverage:
        """See SampleStore."""
        return await self._read(lambda: coverage(query, self._keep, self._now_ms()))

    async def moment(self, server_num: int, ts_ms: int) -> Moment | None:
        """See SampleStore."""
        return await self._read(lambda: moment(server_num, ts_ms, self._keep, self._now_ms()))

    def keep(self, keep: Keep) -> None:
        """See SampleStore."""
        self._keep = keep

    def recent_cpu(self, server_num: int, now_ms: int) -> Sequence[int]:
        """See SampleStore; of what came through this hub, and what was there when it started."""
        return self._recent.cpu(server_num, now_ms)

    async def seal(self, now_ms: int) -> int:
        """See SampleStore. Once begun, it ends a table even if its caller is cancelled; `close` stops it.

        Nothing where another hub does it.
        """
        if not await self._parts.presence.try_lead(UPKEEP):
            return 0
        self._sealing = asyncio.ensure_future(self._seal_all(now_ms - SEAL_AFTER_MS))
        return await asyncio.shield(self._sealing)

    async def expire(self, now_ms: int) -> int:
        """See SampleStore."""
        self._recent.drop_silent(now_ms)
        if not await self._parts.presence.try_lead(UPKEEP):
            return 0
        dropped = 0
        oldest = {tier: self._keep.oldest(tier, now_ms) for tier in TIERS}
        oldest[PROCESSES] = oldest[RAW]
        for tier, t0 in oldest.items():
            dropped += await self._upkeep(tier, t0)
        try:
            async with self._parts.upkeep.lent() as connection:
                dropped += await drop_of_nobody(connection)
                # Older hubs that were in the way may be gone by now.
                await finish(connection, self._parts.migrations)
        except FAILURES as exc:
            raise meaning(exc) from exc
        labels_from_ms = self._keep.oldest(HOURS, now_ms) - LABELS_LONGER_MS
        unused = sql.drop_unused(labels_from_ms, now_ms - CURSORS_FOR_MS)
        await self._parts.scripts.put(lambda future: ScriptJob(future, unused))
        return dropped

    async def _upkeep(self, tier: Tier, t0: int) -> int:
        try:
            async with self._parts.upkeep.lent() as connection:
                return await drop_before(connection, tier, t0)
        except FAILURES as exc:
            raise meaning(exc) from exc

    async def _read(self, script: Callable[[], Script[T]]) -> T:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self._parts.charts.run(script())
            except StorageError as exc:
                if attempt == _ATTEMPTS or not isinstance(exc.__cause__, asyncpg.UndefinedTableError):
                    raise
        raise AssertionError

    async def _is_own(self, query: HistoryQuery) -> bool:
        """Whether no other hub has stored anything of the range that is not in memory."""
        # A sample is received at most so much before its own time.
        since_ms = query.start_ms - _AHEAD_MS
        found = await self._parts.readers.run(_cursors_of(query.server_num, since_ms))
        return self._parts.hot.is_own(query.server_num, found)

    async def _seal_all(self, before_ms: int) -> int:
        sealed = 0
        for table in await self._parts.readers.run(tables_to_seal(before_ms)):
            if not await self._parts.sealer.seal(table):
                break
            sealed += 1
        return sealed

    def _stored(self, samples: Sequence[StoredSample]) -> None:
        for server_num in self._parts.hot.strangers():
            # What another hub took in between is not here.
            self._recent.missed(server_num, self._now_ms() + _AHEAD_MS)
        self._recent.add(samples, self._now_ms())

    async def _load(self, now_ms: int, has_begun: asyncio.Future[None]) -> None:
        start_ms = now_ms - WINDOW_MS
        try:
            async with AsyncExitStack() as stack:
                stack.callback(partial(_begun, has_begun))
                connection = await stack.enter_async_context(self._parts.readers.snapshot())
                await loading.hold(connection, start_ms)
                self._parts.hot.adopt(await loading.cursors(connection, start_ms - _AHEAD_MS))
                _begun(has_begun)
                rings = await loading.rings(connection, start_ms, now_ms)
        except StorageError as exc:
            log.warning("the last hour could not be read", extra={"reason": exc.reason})
            # What comes from now on is complete; older charts come from the tables.
            self._recent.loaded(self._now_ms())
            return
        await load_beside(self._recent, rings, self._now_ms())
        self._recent.loaded(start_ms)


def _begun(has_begun: asyncio.Future[None]) -> None:
    if not has_begun.done():
        has_begun.set_result(None)


def _cursors_of(server_num: int, since_ms: int) -> Script[list[tuple[str, int]]]:
    rows = yield from fetch(
        "SELECT epoch, seq FROM ingest_cursor WHERE server_num = $1 AND updated_ms >= $2",
        server_num,
        since_ms,
    )
    return [(row[0], row[1]) for row in rows]
