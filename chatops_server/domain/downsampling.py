"""Down-sampling for charts: how wide a bucket is, and sums that merge in any order."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median_low
from typing import Final, NamedTuple

_S: Final = 1_000
_MIN: Final = 60 * _S
_H: Final = 60 * _MIN
_DAY: Final = 24 * _H

# Widths people can read off an axis; beyond the last one it is doubled.
NICE_STEPS_MS: Final = (
    *(seconds * _S for seconds in (1, 2, 5, 10, 15, 30)),
    *(minutes * _MIN for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * _H for hours in (1, 2, 3, 6, 12)),
    *(days * _DAY for days in (1, 2, 4, 7, 14, 28)),
)
# The step that puts each sample into a bucket of its own: `ts_ms` is then the sample's own time.
SINGLE_MS: Final = 1
# What agents do unless told otherwise: the spacing of fewer than two samples.
USUAL_SPACING_MS: Final = 5_000


class Partial(NamedTuple):
    """Scaled values of one metric in one bucket, from one source; `samples` is at least 1."""

    samples: int
    total: int
    low: int
    high: int

    def merged(self, other: "Partial") -> "Partial":
        """Return both together. Associative and commutative, exactly: all are integers."""
        return Partial(
            self.samples + other.samples,
            self.total + other.total,
            min(self.low, other.low),
            max(self.high, other.high),
        )


def buckets_touched(start_ms: int, end_ms: int, step_ms: int) -> int:
    """Return how many epoch-aligned buckets [start_ms, end_ms) touches, partial ones included."""
    return 0 if end_ms <= start_ms else (end_ms - 1) // step_ms - start_ms // step_ms + 1


def step_for(start_ms: int, end_ms: int, points: int, unit_ms: int = 1) -> int:
    """Return the narrowest nice step with at most `points` buckets in the range; `points` is at least 1.

    `unit_ms` is 1 or a nice step, of which the step is to be a multiple. A range across a bucket's border
    needs two buckets however wide they are: then, for one point, the step grows until the border lies
    outside, at worst at the epoch itself.
    """
    for step in NICE_STEPS_MS:
        if step % unit_ms == 0 and buckets_touched(start_ms, end_ms, step) <= points:
            return step
    step = NICE_STEPS_MS[-1]
    while buckets_touched(start_ms, end_ms, step) > points:
        step *= 2
    return step


def bucket_of(ts_ms: int, step_ms: int) -> int:
    """Return the start of the bucket that holds `ts_ms`, which is not negative."""
    return ts_ms - ts_ms % step_ms


def spacing(times_ms: Iterable[int]) -> int:
    """Return the usual distance of samples in ms: the median; USUAL_SPACING_MS for fewer than two."""
    ordered = sorted(set(times_ms))
    distances = [after - before for before, after in pairwise(ordered)]
    return median_low(distances) if distances else USUAL_SPACING_MS


def folded(parts: Iterable[tuple[int, Partial]]) -> dict[int, Partial]:
    """Return one Partial a bucket from those of all sources, which come as (bucket, partial)."""
    merged: dict[int, Partial] = {}
    for bucket, part in parts:
        known = merged.get(bucket)
        merged[bucket] = part if known is None else known.merged(part)
    return merged


def of_values(step_ms: int, values: Sequence[tuple[int, int | None]]) -> dict[int, Partial]:
    """Return the buckets of single scaled values, which come as (ts_ms, value); None counts for nothing."""
    sums: dict[int, list[int]] = {}
    for ts_ms, value in values:
        if value is None:
            continue
        bucket = ts_ms - ts_ms % step_ms
        known = sums.get(bucket)
        if known is None:
            sums[bucket] = [1, value, value, value]
            continue
        known[0] += 1
        known[1] += value
        if value < known[2]:
            known[2] = value
        elif value > known[3]:
            known[3] = value
    return {bucket: Partial(*known) for bucket, known in sums.items()}
