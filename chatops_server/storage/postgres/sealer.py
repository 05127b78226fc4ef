"""Turns the tables of an hour that is over into chunks, server by server, beside the running hubs."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from chatops_server.domain.sealing import Piece, TimedRow, pieces
from chatops_server.storage.base import Script
from chatops_server.storage.damaged import merged_or_anew
from chatops_server.storage.postgres.connections import Links
from chatops_server.storage.postgres.dialect import FAILURES, meaning
from chatops_server.storage.postgres.partitions import Partitions
from chatops_server.storage.postgres.statements import Connection, run
from chatops_server.storage.sql.chunks import ChunkRow, Source, chunk_at, put_chunks
from chatops_server.storage.sql.hot import (
    HotTable,
    drop_table,
    mark_sealed,
    select_host,
    select_part,
    select_proc,
)
from chatops_server.storage.sql.process_snapshots import packed_hours

# One transaction, server by server at least.
COMMIT_BYTES: Final = 2 * 1024 * 1024
# Larger than any server's number.
ALL: Final = 2**62
# Rows that are fetched at a time.
_PREFETCH: Final = 2_000

_server_of = itemgetter(0)
_group_of = itemgetter(1)
Row = Sequence[Any]


class Sealer:
    """Seals one table after the other. Whatever cuts it off, beginning again goes on where it was."""

    def __init__(self, links: Links, now_ms: Callable[[], int], commit_bytes: int = COMMIT_BYTES) -> None:
        """Prepare; takes two of the links at a time."""
        self._links = links
        self._now_ms = now_ms
        self._commit_bytes = commit_bytes
        self._partitions = Partitions()
        self._is_stopping = False

    def stop(self) -> None:
        """End after the server that is in work; what is not sealed stays where it is."""
        self._is_stopping = True

    async def seal(self, table: HotTable) -> bool:
        """Seal a table and drop it; say whether it came to the end. To be awaited to its end, not cancelled.

        Raises:
            StorageError: The database does not answer; the next attempt goes on from here.
        """
        self._partitions.forget()
        try:
            async with self._links.lent() as writing:
                if table.sealed_num is None:
                    # Waits for whoever still adds to it.
                    async with writing.transaction():
                        await run(writing, mark_sealed(table, 0))
                if table.sealed_num != ALL:
                    async with self._links.lent() as reading:
                        await self._seal(table, reading, writing)
                if self._is_stopping:
                    return False
                async with writing.transaction():
                    # A long chart that reads it holds us up; others do not wait behind us for long.
                    await writing.execute("SET LOCAL lock_timeout = '2s'")
                    await run(writing, drop_table(table))
        except FAILURES as exc:
            raise meaning(exc) from exc
        return True

    async def _seal(self, table: HotTable, reading: Connection, writing: Connection) -> None:
        batch: list[ChunkRow] = []
        through = table.sealed_num or 0
        # The samples as they stand after the table was closed; only this writes chunks.
        async with reading.transaction(isolation="repeatable_read", readonly=True):
            async for server_num, rows in self._by_server(reading, writing, table):
                batch.extend(rows)
                through = server_num
                if sum(len(row.body) for row in batch) >= self._commit_bytes:
                    await self._put(writing, batch, mark_sealed(table, through))
                    batch = []
                if self._is_stopping:
                    break
            else:
                through = ALL
            await self._put(writing, batch, mark_sealed(table, through))

    async def _put(self, writing: Connection, rows: Sequence[ChunkRow], marking: Script[None]) -> None:
        await self._partitions.make(writing, {(row.tier, row.t0) for row in rows}, self._now_ms())
        async with writing.transaction():
            if rows:
                await run(writing, put_chunks(rows))
            await run(writing, marking)

    async def _by_server(
        self, reading: Connection, writing: Connection, table: HotTable
    ) -> AsyncIterator[tuple[int, list[ChunkRow]]]:
        after = table.sealed_num or 0
        parts = _ByServer(reading, select_part(table), after)
        moments = _ByServer(reading, select_proc(table), after)
        hosts = _ByServer(reading, select_host(table), after)
        while (server_num := await hosts.next_server()) is not None:
            rows = await hosts.of(server_num)
            labelled = await parts.of(server_num)
            found = await self._chunks(writing, Source(server_num), [row[1:] for row in rows])
            for group_id, of_group in groupby(labelled, key=_group_of):
                source = Source(server_num, group_id)
                found += await self._chunks(writing, source, [row[2:] for row in of_group])
            found += await run(writing, packed_hours(server_num, map(tuple, await moments.of(server_num))))
            yield server_num, found

    async def _chunks(self, writing: Connection, source: Source, rows: list[TimedRow]) -> list[ChunkRow]:
        found = []
        # Some milliseconds a server, which the event loop has not.
        for piece in await asyncio.to_thread(_pieces, rows):
            before = await run(writing, chunk_at(source, piece.tier, piece.t0))
            row_count, body = await asyncio.to_thread(merged_or_anew, piece, before, source)
            found.append(ChunkRow(source, piece.tier.number, piece.t0, row_count, body))
        return found


class _ByServer:
    """Rows that come server by server, asked for in that order."""

    def __init__(self, connection: Connection, selection: str | None, after: int) -> None:
        self._connection = connection
        self._selection = selection
        self._after = after
        self._cursor: Any = None
        self._rows: list[Row] = []
        self._at_end = selection is None

    async def next_server(self) -> int | None:
        """Return the number of the server whose rows come next; None: none."""
        await self._more(1)
        return int(self._rows[0][0]) if self._rows else None

    async def of(self, server_num: int) -> list[Row]:
        """Return the rows of one server; those of earlier ones are passed over."""
        found: list[Row] = []
        while True:
            await self._more(1)
            taken = 0
            for row in self._rows:
                if row[0] > server_num:
                    break
                taken += 1
                if row[0] == server_num:
                    found.append(row)
            is_over = taken < len(self._rows) or not self._rows
            del self._rows[:taken]
            if is_over:
                return found

    async def _more(self, wanted: int) -> None:
        if self._at_end or len(self._rows) >= wanted:
            return
        if self._cursor is None:
            sql = (self._selection or "").replace("?", "$1")
            self._cursor = await self._connection.cursor(sql, self._after)
        fetched = await self._cursor.fetch(_PREFETCH)
        self._at_end = len(fetched) < _PREFETCH
        self._rows += [tuple(row) for row in fetched]


def _pieces(rows: list[TimedRow]) -> list[Piece]:
    return list(pieces(rows))
