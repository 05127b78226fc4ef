"""Turns the tables of an hour that is over into chunks, server by server, beside the running hub."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from chatops_server.domain.sealing import TimedRow, pieces
from chatops_server.storage.base import Script
from chatops_server.storage.damaged import merged_or_anew
from chatops_server.storage.sql.chunks import ChunkRow, Source, chunk_at, put_chunks
from chatops_server.storage.sql.hot import (
    HotTable,
    drop_table,
    mark_sealed,
    select_host,
    select_part,
    select_proc,
    shrink_table,
)
from chatops_server.storage.sql.process_snapshots import packed_hours
from chatops_server.storage.sql.samples import HotSamples
from chatops_server.storage.sqlite.connections import connect_thread_reader
from chatops_server.storage.sqlite.statements import meaning, run
from chatops_server.storage.sqlite.writer import Writer

# One commit of the writer's: about 10 ms, which is what agents then wait longer for their acks.
COMMIT_BYTES: Final = 512 * 1024
# Larger than any server's number.
_ALL: Final = 2**62

_server_of = itemgetter(0)
_group_of = itemgetter(1)


class Sealer:
    """Seals one table after the other. Whatever cuts it off, beginning again goes on where it was."""

    def __init__(self, path: Path, writer: Writer, hot: HotSamples, commit_bytes: int = COMMIT_BYTES) -> None:
        """Prepare; what comes to `commit_bytes` is committed, server by server at least."""
        self._path = path
        self._commit_bytes = commit_bytes
        self._writer = writer
        self._hot = hot
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End after the server that is in work; what is not sealed stays where it is."""
        self._stopping.set()

    async def seal(self, table: HotTable) -> bool:
        """Seal a table and drop it; say whether it came to the end. To be awaited to its end, not cancelled.

        Raises:
            StorageError: The database does not answer; the next attempt goes on from here.
        """
        if table.sealed_num is None:
            await self._writer.run(self._hot.close(table))
        if table.sealed_num != _ALL:
            try:
                await asyncio.to_thread(self._seal, table, asyncio.get_running_loop())
            except sqlite3.Error as exc:
                raise meaning(exc) from exc
        if self._stopping.is_set():
            return False
        while await self._writer.run(shrink_table(table)):
            pass
        await self._writer.run(drop_table(table))
        return True

    # From here on: a thread of its own.

    def _seal(self, table: HotTable, loop: asyncio.AbstractEventLoop) -> None:
        with closing(connect_thread_reader(self._path, sorts_in_files=True)) as connection:
            # The samples and the chunks they are merged into, as they stand after the table was closed. Only
            # this writes chunks, and each of them once.
            connection.execute("BEGIN")
            batch: list[ChunkRow] = []
            through = table.sealed_num or 0
            for server_num, rows in self._by_server(connection, table):
                if self._stopping.is_set():
                    return
                batch.extend(rows)
                through = server_num
                if sum(len(row.body) for row in batch) >= self._commit_bytes:
                    self._put(_sealed(batch, table, through), loop)
                    batch = []
            self._put(_sealed(batch, table, _ALL), loop)

    def _by_server(
        self, connection: sqlite3.Connection, table: HotTable
    ) -> Iterator[tuple[int, list[ChunkRow]]]:
        after = (table.sealed_num or 0,)
        parts = _ByServer(connection.execute(select_part(table), after))
        selection = select_proc(table)
        moments = _ByServer(connection.execute(selection, after) if selection else ())
        for server_num, rows in groupby(connection.execute(select_host(table), after), key=_server_of):
            found = self._chunks(connection, Source(server_num), (row[1:] for row in rows))
            for group_id, of_group in groupby(parts.of(server_num), key=_group_of):
                source = Source(server_num, group_id)
                found.extend(self._chunks(connection, source, (row[2:] for row in of_group)))
            found.extend(run(connection, packed_hours(server_num, moments.of(server_num))))
            yield server_num, found

    def _chunks(
        self, connection: sqlite3.Connection, source: Source, rows: Iterator[TimedRow]
    ) -> list[ChunkRow]:
        found = []
        for piece in pieces(rows):
            before = run(connection, chunk_at(source, piece.tier, piece.t0))
            row_count, body = merged_or_anew(piece, before, source)
            found.append(ChunkRow(source, piece.tier.number, piece.t0, row_count, body))
        return found

    def _put(self, script: Script[Any], loop: asyncio.AbstractEventLoop) -> None:
        asyncio.run_coroutine_threadsafe(self._writer.run(script), loop).result()


class _ByServer:
    """Rows that come server by server, asked for in that order."""

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self._groups = groupby(rows, key=_server_of)
        self._num: int
        self._rows: Iterator[tuple[Any, ...]]
        self._num, self._rows = next(self._groups, (_ALL, iter(())))

    def of(self, server_num: int) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of one server; to be read before the next one is asked for."""
        while self._num < server_num:
            self._num, self._rows = next(self._groups, (_ALL, iter(())))
        if self._num == server_num:
            yield from self._rows


def _sealed(rows: Sequence[ChunkRow], table: HotTable, through: int) -> Script[None]:
    """Store chunks, and with them that their samples are no longer to be looked for in the table."""
    if rows:
        yield from put_chunks(rows)
    yield from mark_sealed(table, through)
