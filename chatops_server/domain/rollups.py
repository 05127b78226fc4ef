"""Samples of one source folded into buckets, and buckets into wider ones: integers, exact in any order."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
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
Run = tuple[int, int, int]
"""The start of a bucket, its first row and the one after its last."""

# In the place of a column: a 1 for each sample.
PRESENCE: Final = -1


@dataclass(frozen=True, slots=True)
class Within:
    """A range, and how wide the buckets of its chart are."""

    start_ms: int
    end_ms: int
    step_ms: int


def of_samples(times: Sequence[int], columns: Sequence[Cells], step_ms: int) -> Rollup:
    """Return the buckets of samples in the order of their times."""
    runs = _runs(times, step_ms)
    folded = [_partials_of(column, runs) for column in columns]
    return {
        start: (end - begin, [column[at] for column in folded]) for at, (start, begin, end) in enumerate(runs)
    }


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


def fold_metrics(chunk: bytes, within: Within, into: Mapping[int, Sums]) -> None:
    """Add buckets that begin within the range to wider ones; raises DamagedChunkError.

    Args:
        chunk: A rollup.
        within: The range.
        into: Where to, by the metric's column; PRESENCE stands for a 1 for each sample.
    """
    wanted = [_FIRST_METRIC + at * _PARTS + field for at in into if at >= 0 for field in range(_PARTS)]
    starts, samples, *columns = chunks.decode(chunk, (_STARTS, _SAMPLES, *wanted))
    runs = _runs_within(starts, within)
    fields = iter(columns)
    for at, sums in into.items():
        if at == PRESENCE:
            ones: Cells = [1] * len(starts)
            _fold((samples, samples, ones, ones), runs, sums)
        else:
            _fold((next(fields), next(fields), next(fields), next(fields)), runs, sums)


def has_buckets(chunk: bytes, within: Within) -> bool:
    """Say whether any bucket begins within the range; raises DamagedChunkError."""
    [starts] = chunks.decode(chunk, (_STARTS,))
    return bool(_runs_within(starts, within))


def fold_samples(times: Cells, values: Cells, within: Within, into: Sums) -> None:
    """Add the samples of the range, ascending by their times, to buckets."""
    for start, begin, end in _runs_within(times, within):
        part = _partial(values[begin:end])
        if part is not None:
            _add(into, start, part)


def _fold(columns: tuple[Cells, Cells, Cells, Cells], runs: Sequence[Run], into: Sums) -> None:
    # A year's chart comes to 35,000 rows: none of them is looked at by itself.
    counts, totals, lows, highs = columns
    for start, begin, end in runs:
        there = _present(counts[begin:end])
        if there:
            low, high = min(_present(lows[begin:end])), max(_present(highs[begin:end]))
            _add(into, start, (sum(there), sum(_present(totals[begin:end])), low, high))


def _add(into: Sums, start: int, part: tuple[int, int, int, int]) -> None:
    known = into.get(start)
    if known is None:
        into[start] = list(part)
        return
    known[0] += part[0]
    known[1] += part[1]
    known[2] = min(known[2], part[2])
    known[3] = max(known[3], part[3])


def _runs(times: Sequence[int], step_ms: int) -> list[Run]:
    """Return which rows fall into which bucket; the times ascend."""
    runs: list[Run] = []
    begin = 0
    while begin < len(times):
        start = times[begin] - times[begin] % step_ms
        end = bisect_left(times, start + step_ms, begin)
        runs.append((start, begin, end))
        begin = end
    return runs


def _runs_within(times: Cells, within: Within) -> list[Run]:
    known = _present(times)
    if len(known) != len(times):
        raise chunks.DamagedChunkError("a row has no time")
    first = bisect_left(known, within.start_ms)
    last = bisect_left(known, within.end_ms)
    runs = _runs(known[first:last], within.step_ms)
    return [(start, begin + first, end + first) for start, begin, end in runs]


def _present(cells: Cells) -> Sequence[int]:
    """Return the values that are there."""
    return [value for value in cells if value is not None]


def _partials(fields: Sequence[Cells]) -> list[Partial | None]:
    return [
        None if count is None or total is None or low is None or high is None
        else Partial(count, total, low, high)
        for count, total, low, high in zip(*fields, strict=True)
    ]  # fmt: skip


def _partials_of(column: Cells, runs: Sequence[Run]) -> list[Partial | None]:
    return [_partial(column[begin:end]) for _, begin, end in runs]


def _partial(cells: Cells) -> Partial | None:
    values = _present(cells)
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
