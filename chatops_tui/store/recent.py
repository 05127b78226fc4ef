"""The last minutes of a server nobody looks at: a few numbers a sample, so that thousands of them are cheap.

Tracks of six metrics are 60 kB a server; these are less than 3, and enough to draw the first picture from.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import repeat
from math import isnan, nan
from typing import Final

from chatops_tui.store.track import FINEST_STEP_MS, Bucket, Curve, gap_of
from chatops_tui.store.vitals import KEPT

# Five minutes of what an agent sends each 5 s; who is watched sends more, and has tracks.
MOST_SAMPLES: Final = 64
# The hub sends `cpu_recent` in points of 10 s; twelve cells of sparkline are then two minutes.
SPARK_STEP_MS: Final = 10_000
SPARK_BUCKETS: Final = 60

_WIDTH: Final = len(KEPT)
_PLACES: Final = {metric: place for place, metric in enumerate(KEPT)}


class Recent:
    """The newest MOST_SAMPLES samples, of each what KEPT names, to seven digits."""

    __slots__ = ("_times", "_values")

    def __init__(self) -> None:
        self._times: array[int] = array("q")
        self._values: array[float] = array("f")

    def add(self, ts_ms: int, values: Sequence[float | None]) -> None:
        """Take a sample, in the order of KEPT; one of the same second replaces what was there."""
        second = ts_ms - ts_ms % FINEST_STEP_MS
        found = array("f", [nan if value is None else value for value in values])
        times, at = self._times, len(self._times)
        if times and second <= times[-1]:
            at = bisect_left(times, second)
            if times[at] == second:
                self._values[at * _WIDTH : (at + 1) * _WIDTH] = found
                return
        times.insert(at, second)
        self._values[at * _WIDTH : at * _WIDTH] = found
        if len(times) > MOST_SAMPLES:
            del times[0], self._values[:_WIDTH]

    def points(self, metric: str) -> Iterator[tuple[int, float]]:
        """Yield time and value of one of KEPT, oldest first, without samples that did not tell it."""
        values = self._values[_PLACES[metric] :: _WIDTH]
        return ((at, value) for at, value in zip(self._times, values, strict=True) if not isnan(value))

    def curve(self, metric: str, start_ms: int) -> Curve:
        """Return the samples of one metric since `start_ms`; nothing for what is not KEPT."""
        if metric not in _PLACES:
            return Curve()
        kept = [point for point in self.points(metric) if point[0] >= start_ms]
        values = tuple(value for _at, value in kept)
        times = tuple(at for at, _value in kept)
        return Curve(times, values, values, values, gap_of(self._times, FINEST_STEP_MS))

    def buckets(self, metric: str) -> Iterator[Bucket]:
        """Yield what a track begins with."""
        return ((at, value, value, value) for at, value in self.points(metric))


class Spark:
    """CPU percent in points of 10 s, the newest SPARK_BUCKETS."""

    __slots__ = ("_in_last", "_last", "_values")

    def __init__(self) -> None:
        self._values: array[float] = array("f")
        self._last = 0
        """Which bucket since 1970 the last value is of."""
        self._in_last = 0
        """How many samples it averages."""

    def add(self, ts_ms: int, percent: float) -> None:
        """Fold one sample in; in a bucket that is no longer the newest, it replaces what was there."""
        ahead = ts_ms // SPARK_STEP_MS - self._last
        values = self._values
        if not values or abs(ahead) >= SPARK_BUCKETS:
            self._begin(ts_ms // SPARK_STEP_MS, percent)
        elif ahead > 0:
            values.extend(repeat(nan, ahead - 1))
            values.append(percent)
            self._last, self._in_last = self._last + ahead, 1
            del values[: max(0, len(values) - SPARK_BUCKETS)]
        elif ahead == 0:
            self._in_last += 1
            values[-1] += (percent - values[-1]) / self._in_last
        else:
            missing = 1 - ahead - len(values)
            values[:0] = array("f", repeat(nan, max(0, missing)))
            values[ahead - 1] = percent

    def fill(self, recent: Sequence[float], last_ms: int) -> None:
        """Take what the hub knows, oldest first, the last of it of `last_ms`; newer samples stay."""
        after = self._last - last_ms // SPARK_STEP_MS
        newer = self._values[-after:] if 0 < after < SPARK_BUCKETS else array("f")
        if newer and len(newer) < after:
            newer[:0] = array("f", repeat(nan, after - len(newer)))
        self._values = array("f", recent[-SPARK_BUCKETS:]) + newer
        del self._values[: max(0, len(self._values) - SPARK_BUCKETS)]
        self._last = last_ms // SPARK_STEP_MS + len(newer)
        # The newest is the average of a bucket: the next sample must not weigh as much as all of it.
        self._in_last = 1 if newer else 2

    def cells(self, count: int, now_ms: int) -> list[float | None]:
        """Return one value a cell, oldest first, the last one current; None where none is known."""
        end = now_ms // SPARK_STEP_MS
        # The bucket that has just begun may wait 5 s for its sample; the line would flicker at its end.
        last = end if self._of(end) is not None else end - 1
        return [self._of(bucket) for bucket in range(last - count + 1, last + 1)]

    def _begin(self, bucket: int, percent: float) -> None:
        self._values, self._last, self._in_last = array("f", (percent,)), bucket, 1

    def _of(self, bucket: int) -> float | None:
        at = len(self._values) - 1 + bucket - self._last
        if not 0 <= at < len(self._values) or isnan(self._values[at]):
            return None
        return self._values[at]
