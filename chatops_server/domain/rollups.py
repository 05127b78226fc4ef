"""Samples of one source folded into buckets, and buckets into wider ones: integers, exact in any order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from chatops_server.domain import chunks
from chatops_server.domain.chunks import Cells
from chatops_server.domain.downsampling import Partial

# Of a rollup's chunk: when a bucket begins, how many samples it has; then four columns a metric.
_STARTS: Final = 0
_SAMPLES: Final = 1
_FIRST_METRIC: Final = 2
_PARTS: Final = 4

Bucket = tuple[int, list[Partial | None]]
"""How many samples, and one Partial a column; None where no sample has a value."""
Rollup = dict[int, Bucket]
"""Buckets by their start."""
Sums = dict[int, list[int]]
"""What a Partial holds, by the start of a bucket of a chart."""


@dataclass(frozen=True, slots=True)
class Within:
    """A range, and how wide the buckets of its chart are."""

    start_ms: int
    end_ms: int
    step_ms: int


def of_samples(times: Sequence[int], columns: Sequence[Cells], step_ms: int) -> Rollup:
    """Return the buckets of samples in the order of their times."""
    found: Rollup = {}
    begin = 0
    while begin < len(times):
        start = times[begin] - times[begin] % step_ms
        end = begin
        while end < len(times) and times[end] < start + step_ms:
            end += 1
        found[start] = (end - begin, [_partial(column[begin:end]) for column in columns])
        begin = end
    return found


def widened(rollup: Rollup, step_ms: int) -> Rollup:
    """Return the buckets folded into wider ones."""
    found: Rollup = {}
    for start, bucket in rollup.items():
        wider = start - start % step_ms
        known = found.get(wider)
        found[wider] = bucket if known is None else _merged(known, bucket)
    return found


def merged(one: Rollup, other: Rollup) -> Rollup:
    """Return the buckets of both together."""
    found = dict(one)
    for start, bucket in other.items():
        known = found.get(start)
        found[start] = bucket if known is None else _merged(known, bucket)
    return found


def encode(rollup: Rollup) -> bytes:
    """Return a rollup as bytes."""
    starts = sorted(rollup)
    width = max((len(rollup[start][1]) for start in starts), default=0)
    columns: list[Cells] = [starts, [rollup[start][0] for start in starts]]
    for at in range(width):
        parts = [_at(rollup[start][1], at) for start in starts]
        columns.extend([None if part is None else part[field] for part in parts] for field in range(_PARTS))
    return chunks.encode(columns)


def decode(chunk: bytes) -> Rollup:
    """Return the rollup; raises DamagedChunkError."""
    width = (chunks.width(chunk) - _FIRST_METRIC) // _PARTS
    starts, samples, *fields = chunks.decode(chunk, range(_FIRST_METRIC + width * _PARTS))
    metrics = [_partials(fields[at * _PARTS : (at + 1) * _PARTS]) for at in range(width)]
    return {
        start: (count, [metric[row] for metric in metrics])
        for row, (start, count) in enumerate(zip(starts, samples, strict=True))
        if start is not None and count is not None
    }


def fold_metric(chunk: bytes, at: int, within: Within, into: Sums) -> None:
    """Add a column's buckets that begin within the range to wider ones; raises DamagedChunkError."""
    first = _FIRST_METRIC + at * _PARTS
    columns = chunks.decode(chunk, (_STARTS, *range(first, first + _PARTS)))
    _fold(zip(*columns, strict=True), within, into)


def fold_presence(chunk: bytes, within: Within, into: Sums) -> None:
    """Likewise a 1 for each sample; raises DamagedChunkError."""
    starts, samples = chunks.decode(chunk, (_STARTS, _SAMPLES))
    _fold(((start, count, count, 1, 1) for start, count in zip(starts, samples, strict=True)), within, into)


def fold_samples(times: Cells, values: Cells, within: Within, into: Sums) -> None:
    """Add the samples of the range to buckets."""
    _fold(
        ((ts, 1, value, value, value) for ts, value in zip(times, values, strict=True) if value is not None),
        within,
        into,
    )


def _fold(rows: Iterable[Sequence[int | None]], within: Within, into: Sums) -> None:
    # A year's chart comes to 35,000 rows: no object is made for any of them.
    step_ms = within.step_ms
    for start, count, total, low, high in rows:
        if not count or start is None or total is None or low is None or high is None:
            continue
        if not within.start_ms <= start < within.end_ms:
            continue
        bucket = start - start % step_ms
        known = into.get(bucket)
        if known is None:
            into[bucket] = [count, total, low, high]
            continue
        known[0] += count
        known[1] += total
        known[2] = min(known[2], low)
        known[3] = max(known[3], high)


def _partials(fields: Sequence[Cells]) -> list[Partial | None]:
    return [
        None if count is None or total is None or low is None or high is None
        else Partial(count, total, low, high)
        for count, total, low, high in zip(*fields, strict=True)
    ]  # fmt: skip


def _partial(cells: Cells) -> Partial | None:
    values = [value for value in cells if value is not None]
    return Partial(len(values), sum(values), min(values), max(values)) if values else None


def _merged(one: Bucket, other: Bucket) -> Bucket:
    width = max(len(one[1]), len(other[1]))
    return one[0] + other[0], [_both(_at(one[1], at), _at(other[1], at)) for at in range(width)]


def _at(parts: Sequence[Partial | None], at: int) -> Partial | None:
    # A column newer than the chunk has no values in it.
    return parts[at] if at < len(parts) else None


def _both(one: Partial | None, other: Partial | None) -> Partial | None:
    if one is None or other is None:
        return one or other
    return one.merged(other)
