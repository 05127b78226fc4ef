"""Whether a database is sound: its audit chain, its sealed hours, and the tables it says it has."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from chatops_server.errors import StorageError
from chatops_server.storage.damaged import complaint
from chatops_server.storage.postgres.address import PostgresUrl
from chatops_server.storage.postgres.connections import connect, hang_up
from chatops_server.storage.postgres.dialect import FAILURES, meaning
from chatops_server.storage.postgres.statements import Connection, run
from chatops_server.storage.sql.audit import ChainCheck, Head, check_chain, missing_head

# More findings say no more.
_FINDINGS: Final = 5
_AT_ONCE: Final = 200


async def inspected(address: PostgresUrl, noted: Sequence[Head] = ()) -> tuple[list[str], ChainCheck]:
    """Return what is wrong, at most a few lines, and the state of the audit chain; hubs may be running.

    Args:
        address: Which database.
        noted: Audit entries that were noted elsewhere and have to be there.

    That rows name what is there, PostgreSQL sees to itself.

    Raises:
        StorageError: It cannot be read, or holds no hub's data.
    """
    try:
        connection = await connect(address)
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                if await connection.fetchval("SELECT to_regclass('schema_version')") is None:
                    raise StorageError(f"{address} is no database of a hub")
                return await _damage(connection), await _chain(connection, noted)
        finally:
            await hang_up(connection)
    except FAILURES as exc:
        raise meaning(exc) from exc


async def _damage(connection: Connection) -> list[str]:
    found = []
    if await connection.fetchval("SELECT to_regclass('transfer_progress')") is not None:
        found.append("it was begun to be filled and is not whole: run migrate-to or restore again")
    for (name,) in await connection.fetch("SELECT name FROM hot_table ORDER BY hour_ms"):
        if await connection.fetchval("SELECT to_regclass($1)", f"{name}_host") is None:
            found.append(f"the table of the hour {name} is gone")
    cursor = await connection.cursor("SELECT server_num, tier, t0, body FROM chunk ORDER BY tier, t0")
    while len(found) < _FINDINGS and (rows := await cursor.fetch(_AT_ONCE)):
        found += [wrong for row in rows if (wrong := complaint(*row)) is not None]
    return found[:_FINDINGS]


async def _chain(connection: Connection, noted: Sequence[Head]) -> ChainCheck:
    checked = await run(connection, check_chain())
    missing = [wrong for head in noted if (wrong := await run(connection, missing_head(head)))]
    given = await connection.fetchval("SELECT last_id FROM audit_end")
    # What was cut off at the end leaves a chain that holds together, and the number it had come to.
    if checked.broken is None and given != checked.last_id:
        return replace(checked, broken=f"the entries after {checked.last_id} up to {given} are gone")
    if checked.broken is None and missing:
        return replace(checked, broken=missing[0])
    return checked
