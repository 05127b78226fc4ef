"""How often a measured value was at most each of some bounds."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate


class Histogram:
    """Counts that only grow, as Prometheus takes them."""

    def __init__(self, bounds: Sequence[float]) -> None:
        """Start empty; `bounds` ascend, and what lies beyond the last one is counted too."""
        self._bounds = (*bounds, float("inf"))
        self._counts = [0] * len(self._bounds)
        self._total = 0.0

    @property
    def total(self) -> float:
        """The sum of all values."""
        return self._total

    def observe(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._total += value

    def cumulative(self) -> list[tuple[float, int]]:
        """Return each bound, infinity at the end, and how many values were at most that."""
        return list(zip(self._bounds, accumulate(self._counts), strict=True))
