"""The ranges in which sealed hours stand: made when something is to stand there, dropped when it is past.

Each tier has ranges as wide as suits its time: a day where days are kept, eight where months or years are
(some 160 in all). What lies far outside (a machine whose clock is years off) stands in the tier's last resort
and is deleted row by row. A range is dropped when all of it is past its time: rows live longer by its width.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import asyncpg

from chatops_server.domain.tiers import DAY_MS, HOURS, MINUTES, PROCESSES, RAW, TEN_MINUTES, Tier
from chatops_server.storage.postgres.statements import Connection

_WIDTHS: Final = {
    RAW.number: DAY_MS,
    MINUTES.number: DAY_MS,
    PROCESSES.number: DAY_MS,
    TEN_MINUTES.number: 8 * DAY_MS,
    HOURS.number: 8 * DAY_MS,
}
# Beyond what any tier is kept by default, and further ahead than samples are taken at their word.
_BACK_MS: Final = 740 * DAY_MS
_AHEAD_MS: Final = 16 * DAY_MS
# Making and dropping a range wants its table alone for a moment; charts wait no longer than this behind it.
_LOCK_TIMEOUT: Final = "SET LOCAL lock_timeout = '2s'"


class Range(NamedTuple):
    """One partition: from `start` to before `end`."""

    tier: int
    start: int
    end: int

    @property
    def name(self) -> str:
        """What its table is called; a hyphen could not stand for the minus of a time before 1970."""
        return f"chunk_{self.tier}_{self.start // DAY_MS}"


class Partitions:
    """Knows which ranges are there; for the one hub that seals."""

    def __init__(self) -> None:
        self._known: set[Range] | None = None

    def forget(self) -> None:
        """Another hub may have made or dropped some since."""
        self._known = None

    async def make(self, connection: Connection, places: Iterable[tuple[int, int]], now_ms: int) -> None:
        """Make the ranges that chunks of these (tier, t0) stand in, each in a transaction of its own."""
        if self._known is None:
            self._known = set(await ranges(connection))
        for found in sorted({_range_of(tier, t0) for tier, t0 in places} - self._known):
            if now_ms - _BACK_MS <= found.start <= now_ms + _AHEAD_MS:
                async with connection.transaction():
                    await connection.execute(_LOCK_TIMEOUT)
                    await _make(connection, found)
                self._known.add(found)


async def ranges(connection: Connection) -> list[Range]:
    """Return the ranges that are there."""
    rows = await connection.fetch(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " JOIN pg_class p ON p.oid = i.inhparent WHERE p.relname ~ '^chunk_[0-9]+$'"
        " AND p.relnamespace = current_schema()::regnamespace AND c.relname ~ '^chunk_[0-9]+_[0-9]+$'"
    )
    found = []
    for (name,) in rows:
        tier, day = map(int, str(name).split("_")[1:])
        found.append(Range(tier, day * DAY_MS, day * DAY_MS + _WIDTHS[tier]))
    return found


async def drop_before(connection: Connection, tier: Tier, t0: int) -> int:
    """Drop what begins before `t0`, in ranges that end by then; return how many chunks that were."""
    dropped = 0
    for each in await ranges(connection):
        if each.tier != tier.number or each.end > t0:
            continue
        async with connection.transaction():
            await connection.execute(_LOCK_TIMEOUT)
            dropped += await connection.fetchval(f"SELECT count(*) FROM {each.name}")  # noqa: S608 - a name of ours
            await connection.execute(f"DROP TABLE {each.name}")
    status = await connection.execute(f"DELETE FROM chunk_{tier.number}_other WHERE t0 < $1", t0)  # noqa: S608 - likewise
    return dropped + int(status.rpartition(" ")[2])


async def drop_of_nobody(connection: Connection) -> int:
    """Delete the chunks of servers that are gone; return how many."""
    # Steps from server to server through the index, instead of reading all chunks.
    rows = await connection.fetch(
        "WITH RECURSIVE seen (num) AS ("
        " SELECT min(server_num) FROM chunk"
        " UNION ALL SELECT (SELECT min(server_num) FROM chunk WHERE server_num > seen.num) FROM seen"
        " WHERE seen.num IS NOT NULL)"
        " SELECT num FROM seen WHERE num IS NOT NULL AND num NOT IN (SELECT num FROM servers)"
    )
    dropped = 0
    for (server_num,) in rows:
        status = await connection.execute("DELETE FROM chunk WHERE server_num = $1", server_num)
        dropped += int(status.rpartition(" ")[2])
    return dropped


def _range_of(tier: int, t0: int) -> Range:
    width = _WIDTHS[tier]
    start = t0 - t0 % width
    return Range(tier, start, start + width)


async def _make(connection: Connection, wanted: Range) -> None:
    parent, other, name = f"chunk_{wanted.tier}", f"chunk_{wanted.tier}_other", wanted.name
    bounds = f"t0 >= {wanted.start:d} AND t0 < {wanted.end:d}"
    try:
        # Attached when it is whole: CREATE … PARTITION OF would keep readers from the tier meanwhile.
        await connection.execute(
            f"CREATE TABLE {name} (LIKE {parent} INCLUDING DEFAULTS INCLUDING STORAGE INCLUDING CONSTRAINTS)"
        )
    except asyncpg.DuplicateTableError:
        raise asyncpg.ObjectInUseError(f"{name} is being made by another hub") from None
    await connection.execute(f"ALTER TABLE {name} ADD PRIMARY KEY (server_num, group_id, tier, t0)")
    await connection.execute(
        f"WITH moved AS (DELETE FROM {other} WHERE {bounds} RETURNING *)"  # noqa: S608 - names and numbers of ours
        f" INSERT INTO {name} SELECT * FROM moved"
    )
    await connection.execute(
        f"ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES FROM ({wanted.start:d}) TO ({wanted.end:d})"
    )
