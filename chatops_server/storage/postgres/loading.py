"""Reads the last hour back into memory after a start, in pieces beside the running hub."""

from typing import Any, Final

from chatops_server.domain.columns import HOST, host_width
from chatops_server.domain.ring import Ring
from chatops_server.domain.tiers import RAW
from chatops_server.storage.damaged import rows_or_none
from chatops_server.storage.postgres.statements import Connection, run
from chatops_server.storage.sql.chunks import host_chunks_since
from chatops_server.storage.sql.hot import HotTable, column_names, tables_with

# Less than 10 ms of the event loop each.
_PIECE: Final = 500
_END_OF_TIME: Final = 2**63 - 1


async def cursors(connection: Connection, since_ms: int) -> list[tuple[int, str, int]]:
    """Return (server, epoch, sequence) of all epochs that were written to since then."""
    rows = await connection.fetch(
        "SELECT server_num, epoch, seq FROM ingest_cursor WHERE updated_ms >= $1", since_ms
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def rings(connection: Connection, start_ms: int, now_ms: int) -> dict[int, Ring]:
    """Return rings by server number, filled with what is stored since `start_ms`, of one snapshot.

    Raises:
        asyncpg.PostgresError …: As they came.
    """
    found: dict[int, Ring] = {}
    tables = await run(connection, tables_with(start_ms, _END_OF_TIME))
    for row in await run(connection, host_chunks_since(RAW.chunk_of(start_ms), RAW)):
        for ts_ms, *values in rows_or_none(row):
            _add(found, (row.source.server_num, ts_ms or 0, values), start_ms, now_ms)
    for table in tables:
        columns = ", ".join(filter(None, ("server_num, ts", column_names(host_width(table.version)))))
        cursor = await connection.cursor(f"SELECT {columns} FROM {table.host}")  # noqa: S608 - see hot.py: names of ours
        while rows := await cursor.fetch(_PIECE):
            for server_num, ts_ms, *values in rows:
                if table.has(server_num):
                    _add(found, (server_num, ts_ms, values), start_ms, now_ms)
    return found


async def hold(connection: Connection, start_ms: int) -> list[HotTable]:
    """Keep the tables with samples since then from being dropped until the transaction ends."""
    tables = await run(connection, tables_with(start_ms, _END_OF_TIME))
    for table in tables:
        await connection.execute(f"LOCK TABLE {table.host} IN ACCESS SHARE MODE")
    return tables


def _add(found: dict[int, Ring], sample: tuple[int, int, list[Any]], start_ms: int, now_ms: int) -> None:
    server_num, ts_ms, values = sample
    if ts_ms < start_ms:
        return
    ring = found.get(server_num)
    if ring is None:
        ring = found[server_num] = Ring(0)
    # A column newer than the table has no value yet.
    ring.add(ts_ms, (*values, *(None,) * (len(HOST) - len(values))), now_ms)
