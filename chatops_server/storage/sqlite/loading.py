"""Reads the last hour back into memory after a start, in pieces beside the running hub."""

from collections.abc import Sequence
from typing import Any, Final

from chatops_server.domain.columns import HOST, host_width
from chatops_server.domain.ring import Ring
from chatops_server.domain.tiers import RAW
from chatops_server.storage.base import Row, Script, fetch
from chatops_server.storage.damaged import rows_or_none
from chatops_server.storage.sql.chunks import host_chunks_since
from chatops_server.storage.sql.hot import HotTable, column_names, tables_with
from chatops_server.storage.sqlite.reader import ReaderPool

# Less than 10 ms of the event loop each.
_PIECE: Final[int] = 500
_END_OF_TIME: int = 2**63 - 1

# A table and the last row it had.
Extent = tuple[HotTable, int]


def extents(start_ms: int) -> Script[list[Extent]]:
    """Return what holds samples of `start_ms` or later now; later rows lie beyond these ends."""
    found: list[Extent] = []
    for table in (yield from tables_with(start_ms, _END_OF_TIME)):
        [(last,)] = yield from fetch(f"SELECT coalesce(max(rowid), 0) FROM {table.host}")  # noqa: S608 - see hot.py: names of ours
        found.append((table, int(last)))
    return found


async def load(readers: ReaderPool, found: list[Extent], start_ms: int, now_ms: int) -> dict[int, Ring]:
    """Return rings by server number, filled with what those extents hold since `start_ms`.

    Raises:
        StorageError: The database does not answer.
    """
    rings: dict[int, Ring] = {}
    # Of machines whose clock is ahead, samples of the last hour may be sealed.
    for row in await readers.run(host_chunks_since(RAW.chunk_of(start_ms), RAW)):
        _fill(rings, [(0, row.source.server_num, *values) for values in rows_or_none(row)], start_ms, now_ms)
    for table, last in found:
        after = 0
        while after < last:
            rows = await readers.run(_piece(table, after, last))
            if not rows:
                break
            after = rows[-1][0]
            _fill(rings, [row for row in rows if table.has(row[1])], start_ms, now_ms)
    return rings


def _piece(table: HotTable, after: int, last: int) -> Script[list[Row]]:
    columns = ", ".join(filter(None, ("rowid, server_num, ts", column_names(host_width(table.version)))))
    rows = yield from fetch(
        f"SELECT {columns} FROM {table.host} WHERE rowid > $1 AND rowid <= $2"  # noqa: S608 - as above
        " ORDER BY rowid LIMIT $3",
        after,
        last,
        _PIECE,
    )
    return list(rows)


def _fill(rings: dict[int, Ring], rows: Sequence[tuple[Any, ...]], start_ms: int, now_ms: int) -> None:
    for _, server_num, ts_ms, *values in rows:
        if ts_ms < start_ms:
            continue
        ring = rings.get(server_num)
        if ring is None:
            ring = rings[server_num] = Ring(0)
        # A column newer than the table has no value yet.
        ring.add(ts_ms, (*values, *(None,) * (len(HOST) - len(values))), now_ms)
