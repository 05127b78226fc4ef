"""What is made of the last so many seconds of a metric."""

from collections import deque
from typing import Final

from chatops_wire.rest_alerts import Aggregation

# An agent sends at most one sample a second, so that an hour fits; more come only in tests.
MOST_VALUES: Final = 4_000
# Samples come a little early or late: a window is full a tenth before its time.
_FULL: Final = 0.9


class Window:
    """The values of one metric over a stretch of time.

    Holds at most MOST_VALUES; beyond them the oldest go.
    """

    def __init__(self, width_ms: int, aggregation: Aggregation) -> None:
        self._width_ms = width_ms
        self._aggregation = aggregation
        self._values: deque[tuple[int, float]] = deque(maxlen=MOST_VALUES)
        self._first_ms: int | None = None

    def add(self, at_ms: int, value: float) -> float | None:
        """Return what the stretch that ends now comes to; None until there are values of all of it.

        A clock that was put back begins anew.
        """
        if self._values and at_ms < self._values[-1][0]:
            self._values.clear()
            self._first_ms = None
        if self._first_ms is None:
            self._first_ms = at_ms
        self._values.append((at_ms, value))
        while self._values[0][0] <= at_ms - self._width_ms:
            self._values.popleft()
        if at_ms - self._first_ms < self._width_ms * _FULL:
            return None
        return self._combined()

    def _combined(self) -> float:
        values = [value for _, value in self._values]
        match self._aggregation:
            case "avg":
                return sum(values) / len(values)
            case "min":
                return min(values)
            case "max":
                return max(values)
            case "last":
                return values[-1]
