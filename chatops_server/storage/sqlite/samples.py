"""The SampleStore on SQLite: appends through the writer, charts from memory or through the readers."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chatops_server.domain.moments import Moment
from chatops_server.domain.ring import WINDOW_MS
from chatops_server.domain.tiers import HOURS, PROCESSES, RAW, TIERS, Keep
from chatops_server.errors import StorageError
from chatops_server.storage.base import Coverage, GapRow, HistoryAnswer, HistoryQuery, SampleRow
from chatops_server.storage.recent import RecentSamples, StoredSample, load_beside
from chatops_server.storage.sql import samples as sql
from chatops_server.storage.sql.chunks import drop_chunks_before, drop_chunks_of_nobody
from chatops_server.storage.sql.history import coverage, history
from chatops_server.storage.sql.hot import tables_to_seal
from chatops_server.storage.sql.moments import moment
from chatops_server.storage.sqlite.charts import ChartReaders
from chatops_server.storage.sqlite.loading import Extent, extents, load
from chatops_server.storage.sqlite.reader import ReaderPool
from chatops_server.storage.sqlite.sealer import Sealer
from chatops_server.storage.sqlite.writer import Writer
from chatops_server.storage.upkeep import CURSORS_FOR_MS, LABELS_LONGER_MS, LOAD_FIRST_S, SEAL_AFTER_MS

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What works on one database."""

    writer: Writer
    readers: ReaderPool
    charts: ChartReaders
    sealer: Sealer


class SqliteSamples:
    """Samples of all servers; see storage.base.SampleStore."""

    def __init__(self, parts: Parts, keep: Keep, now_ms: Callable[[], int]) -> None:
        self._writer = parts.writer
        self._readers = parts.readers
        self._charts = parts.charts
        self._sealer = parts.sealer
        self._keep = keep
        self._now_ms = now_ms
        self._recent = RecentSamples()
        self._loading: asyncio.Task[None] | None = None
        self._sealing: asyncio.Future[int] | None = None
        self._writer.on_stored(self._stored)

    async def open(self) -> None:
        """Begin to read the last hour; return when it is there or after a second. No append before."""
        now_ms = self._now_ms()
        found = await self._readers.run(extents(now_ms - WINDOW_MS))
        self._loading = asyncio.create_task(self._load(found, now_ms), name="storage-load-recent")
        await asyncio.wait({self._loading}, timeout=LOAD_FIRST_S)

    async def close(self) -> None:
        """Stop reading and sealing. Idempotent."""
        if self._sealing is not None:
            self._sealer.stop()
            await asyncio.wait({self._sealing})
        if self._loading is not None:
            self._loading.cancel()
            # However it ended: the writer and the readers have still to be closed.
            await asyncio.wait({self._loading})

    async def append(self, rows: Sequence[SampleRow | GapRow]) -> None:
        """See SampleStore."""
        if rows:
            await self._writer.append(rows)

    async def cursor(self, server_num: int, epoch: str) -> int:
        """See SampleStore."""
        return await self._readers.run(sql.cursor(server_num, epoch))

    async def history(self, query: HistoryQuery) -> HistoryAnswer:
        """See SampleStore: from memory where the last hour covers it, else from tables and sealed hours."""
        answer = self._recent.answer(query)
        return answer if answer is not None else await self.stored_history(query)

    async def stored_history(self, query: HistoryQuery) -> HistoryAnswer:
        """Return the chart from the database alone: the same answer as from memory."""
        return await self._charts.run(history(query, self._keep, self._now_ms()))

    async def coverage(self, query: HistoryQuery) -> Coverage:
        """See SampleStore."""
        return await self._charts.run(coverage(query, self._keep, self._now_ms()))

    async def moment(self, server_num: int, ts_ms: int) -> Moment | None:
        """See SampleStore."""
        return await self._charts.run(moment(server_num, ts_ms, self._keep, self._now_ms()))

    def keep(self, keep: Keep) -> None:
        """See SampleStore."""
        self._keep = keep

    def recent_cpu(self, server_num: int, now_ms: int) -> Sequence[int]:
        """See SampleStore."""
        return self._recent.cpu(server_num, now_ms)

    async def seal(self, now_ms: int) -> int:
        """See SampleStore. Once begun, it ends a table even if its caller is cancelled; `close` stops it."""
        self._sealing = asyncio.ensure_future(self._seal_all(now_ms - SEAL_AFTER_MS))
        return await asyncio.shield(self._sealing)

    async def expire(self, now_ms: int) -> int:
        """See SampleStore."""
        self._recent.drop_silent(now_ms)
        dropped = 0
        for tier in TIERS:
            oldest = self._keep.oldest(tier, now_ms)
            while count := await self._writer.run(drop_chunks_before(tier, oldest)):
                dropped += count
        while count := await self._writer.run(drop_chunks_before(PROCESSES, self._keep.oldest(RAW, now_ms))):
            dropped += count
        while count := await self._writer.run(drop_chunks_of_nobody()):
            dropped += count
        labels_from_ms = self._keep.oldest(HOURS, now_ms) - LABELS_LONGER_MS
        await self._writer.run(sql.drop_unused(labels_from_ms, now_ms - CURSORS_FOR_MS))
        return dropped

    async def _seal_all(self, before_ms: int) -> int:
        if self._loading is not None:
            # It reads tables, and may not find one half sealed.
            await asyncio.wait({self._loading})
        sealed = 0
        for table in await self._readers.run(tables_to_seal(before_ms)):
            if not await self._sealer.seal(table):
                break
            sealed += 1
        return sealed

    def _stored(self, samples: Sequence[StoredSample]) -> None:
        self._recent.add(samples, self._now_ms())

    async def _load(self, found: list[Extent], now_ms: int) -> None:
        start_ms = now_ms - WINDOW_MS
        try:
            rings = await load(self._readers, found, start_ms, now_ms)
        except StorageError as exc:
            log.warning("the last hour could not be read", extra={"reason": exc.reason})
            # What comes from now on is complete; older charts come from the tables.
            self._recent.loaded(self._now_ms())
            return
        await load_beside(self._recent, rings, self._now_ms())
        self._recent.loaded(start_ms)
