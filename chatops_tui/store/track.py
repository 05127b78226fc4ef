"""One metric over one range: buckets of time, oldest first, bounded."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

import msgspec

# Shorter holes are not drawn as gaps: agents sample every 5 s and a sample may be late.
SHORTEST_GAP_MS: Final = 15_000
# How often agents sample while nobody watches.
USUAL_INTERVAL_MS: Final = 5000
# Two missing samples in a row are a gap, whatever the interval.
GAP_IN_STEPS: Final = 2.5
# A bucket is of many samples: without one in it, none came for as long as it is wide.
GAP_IN_BUCKETS: Final = 1.5

FINEST_STEP_MS: Final = 1000

Bucket = tuple[int, float, float, float]
"""Unix milliseconds of its start; average, minimum and maximum of its samples."""


class Curve(msgspec.Struct, frozen=True):
    """A cut of a track, ready to draw. Neighbours farther apart than `gap_ms` are not joined."""

    times_ms: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()
    gap_ms: int = SHORTEST_GAP_MS
    is_averaged: bool = False
    """Whether a point stands for several samples, `lows` and `highs` for their extremes."""

    def nearest(self, at_ms: int) -> int | None:
        """Return the index of the point a moment belongs to; None within a gap and beyond the ends."""
        after = bisect_right(self.times_ms, at_ms)
        around = [index for index in (after - 1, after) if 0 <= index < len(self.times_ms)]
        best = min(around, key=lambda index: abs(self.times_ms[index] - at_ms), default=None)
        return None if best is None or abs(self.times_ms[best] - at_ms) > self.gap_ms else best


class Track:
    """Epoch-aligned buckets. Holds at most `capacity` of them; the oldest go first.

    Arrays instead of tuples: a thousand buckets of six metrics are 0.2 MB instead of 1.5.
    """

    __slots__ = ("_capacity", "_highs", "_in_last", "_lows", "_starts", "_values", "step_ms")

    def __init__(self, step_ms: int, capacity: int) -> None:
        """Start empty.

        Args:
            step_ms: Width of a bucket; `merge` may widen it.
            capacity: Most buckets kept.
        """
        self.step_ms = step_ms
        self._capacity = capacity
        self._starts: array[int] = array("q")
        self._values: array[float] = array("d")
        self._lows: array[float] = array("d")
        self._highs: array[float] = array("d")
        # How many values the newest bucket averages.
        self._in_last = 0

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, ts_ms: int, value: float) -> None:
        """Fold one sample in; in a bucket that is no longer the newest, it replaces what was there."""
        self._add((ts_ms, value, value, value))

    def merge(self, buckets: Iterable[Bucket], step_ms: int) -> None:
        """Take over a history answer; live buckets newer than its last one stay.

        Args:
            buckets: Ascending.
            step_ms: Width of the answer's buckets. Wider ones than ours set the width from now on, so
                that live samples join them instead of lying between them.
        """
        newer = list(zip(self._starts, self._values, self._lows, self._highs, strict=True))
        self.step_ms = max(self.step_ms, step_ms)
        del self._starts[:], self._values[:], self._lows[:], self._highs[:]
        for bucket in buckets:
            self._add(bucket)
        # The newest is the average of many: the next sample must not weigh as much as all of them.
        self._in_last = max(1, self.step_ms // USUAL_INTERVAL_MS)
        last = self._starts[-1] if self._starts else -1
        for bucket in newer:
            if bucket[0] > last:
                self._add(bucket)

    def curve(self, start_ms: int) -> Curve:
        """Return the buckets that start at or after `start_ms`."""
        first = bisect_left(self._starts, start_ms)
        values, lows, highs = (tuple(column[first:]) for column in (self._values, self._lows, self._highs))
        gap_ms = gap_of(self._starts, self.step_ms)
        # The finest keeps single samples: what lies between them is their path, and no band.
        is_averaged = self.step_ms > FINEST_STEP_MS
        return Curve(tuple(self._starts[first:]), values, lows, highs, gap_ms, is_averaged)

    def _add(self, bucket: Bucket) -> None:
        ts_ms, value, low, high = bucket
        start = ts_ms - ts_ms % self.step_ms
        if not self._starts or start > self._starts[-1]:
            self._put(len(self._starts), (start, value, low, high))
            self._in_last = 1
        elif start == self._starts[-1]:
            self._in_last += 1
            self._values[-1] += (value - self._values[-1]) / self._in_last
            self._lows[-1], self._highs[-1] = min(low, self._lows[-1]), max(high, self._highs[-1])
        else:
            at = bisect_left(self._starts, start)
            if self._starts[at] == start:
                self._values[at], self._lows[at], self._highs[at] = value, low, high
            else:
                self._put(at, (start, value, low, high))

    def _put(self, at: int, bucket: Bucket) -> None:
        start, value, low, high = bucket
        self._starts.insert(at, start)
        self._values.insert(at, value)
        self._lows.insert(at, low)
        self._highs.insert(at, high)
        if len(self._starts) > self._capacity:
            del self._starts[0], self._values[0], self._lows[0], self._highs[0]


def gap_of(starts_ms: Sequence[int], step_ms: int) -> int:
    """Return beyond which distance neighbours are not joined; `step_ms` is the width of a bucket."""
    spacing = sorted(after - before for before, after in pairwise(starts_ms))
    usual = max(spacing[len(spacing) // 2] if spacing else 0, step_ms)
    steps = GAP_IN_BUCKETS if step_ms > SHORTEST_GAP_MS else GAP_IN_STEPS
    return max(SHORTEST_GAP_MS, int(steps * usual))
