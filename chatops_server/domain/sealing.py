"""What becomes of the samples of one source when their hour is sealed: raw columns, and rollups of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from chatops_server.domain import chunks, rollups
from chatops_server.domain.chunks import Cells
from chatops_server.domain.rollups import Rollup
from chatops_server.domain.tiers import RAW, ROLLUPS, Tier

TimedRow = Sequence[int | None]
"""A sample's own time, then its columns."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What one chunk gains: samples of one hour, or buckets of one tier."""

    tier: Tier
    t0: int
    rows: tuple[TimedRow, ...] = ()
    rollup: Rollup | None = None

    def merged(self, before: bytes | None) -> tuple[int, bytes]:
        """Return how many rows the chunk then has, and the chunk.

        Raises:
            DamagedChunkError: What was there cannot be read.
        """
        if self.rollup is not None:
            rollup = self.rollup if before is None else rollups.merged(rollups.decode(before), self.rollup)
            return len(rollup), rollups.encode(rollup)
        columns = _columns(self.rows if before is None else _sorted([*rows_of(before), *self.rows]))
        return len(columns[0]), chunks.encode(columns)


def pieces(rows: Iterable[TimedRow]) -> Iterator[Piece]:
    """Yield what the samples of one source, in any order, add to its chunks; each chunk once."""
    ordered = _sorted(rows)
    minutes: Rollup = {}
    for t0, of_hour in groupby(ordered, key=lambda row: RAW.chunk_of(_time(row))):
        hour = tuple(of_hour)
        yield Piece(RAW, t0, rows=hour)
        times, *columns = _columns(hour)
        minutes.update(rollups.of_samples(list(map(_known, times)), columns, ROLLUPS[0].step_ms))
    rollup = minutes
    for tier in ROLLUPS:
        rollup = rollups.widened(rollup, tier.step_ms)
        yield from _by_chunk(tier, rollup)


def rows_of(chunk: bytes) -> list[TimedRow]:
    """Return the samples of a raw chunk, by their times; raises DamagedChunkError."""
    return list(zip(*chunks.decode(chunk, range(chunks.width(chunk))), strict=True))


def _by_chunk(tier: Tier, rollup: Rollup) -> Iterator[Piece]:
    parts: dict[int, Rollup] = {}
    for start, bucket in rollup.items():
        parts.setdefault(tier.chunk_of(start), {})[start] = bucket
    for t0, part in sorted(parts.items()):
        yield Piece(tier, t0, rollup=part)


def _columns(rows: Sequence[TimedRow]) -> list[Cells]:
    # Rows of an older version are shorter: the columns they lack have no value.
    width = max(map(len, rows))
    padded = [row if len(row) == width else (*row, *(None,) * (width - len(row))) for row in rows]
    return list(zip(*padded, strict=True))


def _sorted(rows: Iterable[TimedRow]) -> list[TimedRow]:
    # Stable: samples of one time stay in the order in which they came.
    return sorted(rows, key=_time)


def _time(row: TimedRow) -> int:
    return _known(row[0])


def _known(value: int | None) -> int:
    if value is None:
        raise chunks.DamagedChunkError("a sample has no time")
    return value
