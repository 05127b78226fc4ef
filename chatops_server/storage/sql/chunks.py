"""Sealed hours: written by the sealer alone, read by charts, dropped tier by tier."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chatops_server.domain.tiers import Tier
from chatops_server.storage.base import Bulk, Script, execute, fetch, fetch_one

# The group of what is not a part of the machine.
HOST_GROUP: Final = 0
# Some 5 MB: a few milliseconds of the writer's time.
_DROPPED_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Source:
    """The machine itself, or one labelled thing of it."""

    server_num: int
    group_id: int = HOST_GROUP


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """One chunk."""

    source: Source
    tier: int
    t0: int
    row_count: int
    body: bytes


def chunks_with(source: Source, tier: Tier, start_ms: int, end_ms: int) -> Script[list[ChunkRow]]:
    """Return the chunks that may hold something of [start_ms, end_ms), oldest first."""
    rows = yield from fetch(
        "SELECT t0, row_count, body FROM chunk"
        " WHERE server_num = $1 AND group_id = $2 AND tier = $3 AND t0 > $4 AND t0 < $5 ORDER BY t0",
        source.server_num,
        source.group_id,
        tier.number,
        start_ms - tier.span_ms,
        end_ms,
    )
    return [ChunkRow(source, tier.number, *row) for row in rows]


def spans_with(source: Source, tier: Tier, start_ms: int, end_ms: int) -> Script[list[tuple[int, int]]]:
    """Return start and number of rows of those chunks, without reading them."""
    rows = yield from fetch(
        "SELECT t0, row_count FROM chunk"
        " WHERE server_num = $1 AND group_id = $2 AND tier = $3 AND t0 > $4 AND t0 < $5 ORDER BY t0",
        source.server_num,
        source.group_id,
        tier.number,
        start_ms - tier.span_ms,
        end_ms,
    )
    return [(row[0], row[1]) for row in rows]


def chunk_at(source: Source, tier: Tier, t0: int) -> Script[bytes | None]:
    """Return the chunk that begins there; None if there is none."""
    row = yield from fetch_one(
        "SELECT body FROM chunk WHERE server_num = $1 AND group_id = $2 AND tier = $3 AND t0 = $4",
        source.server_num,
        source.group_id,
        tier.number,
        t0,
    )
    return row[0] if row else None


def host_chunks_since(t0: int, tier: Tier) -> Script[list[ChunkRow]]:
    """Return all machines' chunks that begin at `t0` or later."""
    rows = yield from fetch(
        "SELECT server_num, t0, row_count, body FROM chunk WHERE tier = $1 AND t0 >= $2 AND group_id = $3",
        tier.number,
        t0,
        HOST_GROUP,
    )
    return [ChunkRow(Source(num), tier.number, *rest) for num, *rest in rows]


def put_chunks(rows: Sequence[ChunkRow]) -> Script[None]:
    """Store chunks in place of what stood there."""
    yield Bulk(
        "INSERT INTO chunk (server_num, group_id, tier, t0, row_count, body) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (server_num, group_id, tier, t0) DO UPDATE SET"
        " row_count = excluded.row_count, body = excluded.body",
        [
            (row.source.server_num, row.source.group_id, row.tier, row.t0, row.row_count, row.body)
            for row in rows
        ],
    )


def drop_chunks_before(tier: Tier, t0: int) -> Script[int]:
    """Drop some of the chunks that begin before this; return how many, 0 when none was left."""
    return (
        yield from execute(
            "DELETE FROM chunk WHERE id IN (SELECT id FROM chunk WHERE tier = $1 AND t0 < $2 LIMIT $3)",
            tier.number,
            t0,
            _DROPPED_AT_ONCE,
        )
    )


def drop_chunks_of_nobody() -> Script[int]:
    """Drop some of the chunks whose server is gone; return how many, 0 when none was left."""
    # Steps from server to server through the index, instead of reading all chunks.
    row = yield from fetch_one(
        "WITH RECURSIVE seen (num) AS ("
        " SELECT min(server_num) FROM chunk"
        " UNION ALL SELECT (SELECT min(server_num) FROM chunk WHERE server_num > seen.num) FROM seen"
        " WHERE seen.num IS NOT NULL)"
        " SELECT num FROM seen WHERE num IS NOT NULL AND num NOT IN (SELECT num FROM servers) LIMIT 1"
    )
    if row is None:
        return 0
    return (
        yield from execute(
            "DELETE FROM chunk WHERE id IN (SELECT id FROM chunk WHERE server_num = $1 LIMIT $2)",
            row[0],
            _DROPPED_AT_ONCE,
        )
    )
