"""The SampleStore on SQLite: appends through the writer, charts from memory or through the readers."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from chatops_server.domain.ring import WINDOW_MS
from chatops_server.errors import StorageError
from chatops_server.storage.base import GapRow, HistoryAnswer, HistoryQuery, SampleRow
from chatops_server.storage.recent import RecentSamples, StoredSample
from chatops_server.storage.sql import samples as sql
from chatops_server.storage.sql.history import history
from chatops_server.storage.sql.hot import drop_table, tables_received_before
from chatops_server.storage.sqlite.loading import Extent, extents, load
from chatops_server.storage.sqlite.reader import READERS, ReaderPool
from chatops_server.storage.sqlite.writer import Writer

log = logging.getLogger(__name__)

_DAY_MS: Final = 86_400_000
RAW_FOR_MS: Final = 7 * _DAY_MS
# A label stays a day longer than the last row that could name it; gaps and old cursors stay a month.
_LABELS_FOR_MS: Final = 8 * _DAY_MS
_CURSORS_FOR_MS: Final = 30 * _DAY_MS
# A small fleet's last hour is there before the hub listens; a large one's follows a few seconds later.
_LOAD_FIRST_S: Final = 1.0


class SqliteSamples:
    """Samples of all servers; see storage.base.SampleStore."""

    def __init__(self, writer: Writer, readers: ReaderPool, now_ms: Callable[[], int]) -> None:
        self._writer = writer
        self._readers = readers
        self._now_ms = now_ms
        self._recent = RecentSamples()
        self._loading: asyncio.Task[None] | None = None
        # A chart of a week of a large fleet takes seconds; agents that connect need a reader meanwhile.
        self._charts = asyncio.Semaphore(READERS - 1)
        writer.on_stored(self._stored)

    async def open(self) -> None:
        """Begin to read the last hour; return when it is there or after a second. No append before."""
        now_ms = self._now_ms()
        found = await self._readers.run(extents(now_ms - WINDOW_MS))
        self._loading = asyncio.create_task(self._load(found, now_ms), name="storage-load-recent")
        await asyncio.wait({self._loading}, timeout=_LOAD_FIRST_S)

    async def close(self) -> None:
        """Stop reading. Idempotent."""
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
        """See SampleStore: from memory where the last hour covers it, else from the hourly tables."""
        answer = self._recent.answer(query)
        return answer if answer is not None else await self.stored_history(query)

    async def stored_history(self, query: HistoryQuery) -> HistoryAnswer:
        """Return the chart from the tables alone: the same answer as from memory."""
        async with self._charts:
            return await self._readers.run(history(query))

    def recent_cpu(self, server_num: int, now_ms: int) -> Sequence[int]:
        """See SampleStore."""
        return self._recent.cpu(server_num, now_ms)

    async def expire(self, now_ms: int) -> int:
        """See SampleStore."""
        self._recent.drop_silent(now_ms)
        expired = await self._readers.run(tables_received_before(now_ms - RAW_FOR_MS))
        for table in expired:
            await self._writer.run(drop_table(table))
        await self._writer.run(sql.drop_unused(now_ms - _LABELS_FOR_MS, now_ms - _CURSORS_FOR_MS))
        return len(expired)

    def _stored(self, samples: Sequence[StoredSample]) -> None:
        self._recent.add(samples, self._now_ms())

    async def _load(self, found: list[Extent], now_ms: int) -> None:
        start_ms = now_ms - WINDOW_MS
        try:
            rings = await load(self._readers, found, start_ms, now_ms)
        except StorageError as exc:
            log.warning("the last hour could not be read", extra={"reason": exc.reason})
            # What comes from now on is complete; older charts come from the tables.
            self._recent.load({}, self._now_ms(), self._now_ms())
            return
        self._recent.load(rings, start_ms, self._now_ms())
