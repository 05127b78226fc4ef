"""How many wrong logins are let through: a sliding window for each user name and address."""

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Final

# The contract's figure: a person who mistypes never meets it, and a guesser gets 28,800 tries a day.
MAX_FAILURES: Final = 20
WINDOW_MS: Final = 60_000
# Each costs about 1 KB when full. Filling them takes as many password checks, far more than a minute allows.
MAX_KEYS: Final = 10_000


class FailureWindow:
    """Counts failures by key; what is older than the window is forgotten.

    Bounded: with MAX_KEYS keys the one whose last failure is oldest makes room.
    """

    def __init__(
        self, limit: int = MAX_FAILURES, window_ms: int = WINDOW_MS, max_keys: int = MAX_KEYS
    ) -> None:
        self._limit = limit
        self._window_ms = window_ms
        self._max_keys = max_keys
        self._failures: OrderedDict[Hashable, deque[int]] = OrderedDict()

    def wait_ms(self, key: Hashable, now_ms: int) -> int:
        """Return how long until one more failure would be let through; 0 when it would be now."""
        times = self._current(key, now_ms)
        if times is None or len(times) < self._limit:
            return 0
        return max(1, times[0] + self._window_ms - now_ms)

    def left(self, key: Hashable, now_ms: int) -> int:
        """Return how many failures would still be let through now."""
        return self._limit - len(self._current(key, now_ms) or ())

    def failed(self, key: Hashable, now_ms: int) -> None:
        """Count one failure."""
        times = self._failures.setdefault(key, deque(maxlen=self._limit))
        times.append(now_ms)
        self._failures.move_to_end(key)
        while len(self._failures) > self._max_keys:
            self._failures.popitem(last=False)

    def __len__(self) -> int:
        return len(self._failures)

    def _current(self, key: Hashable, now_ms: int) -> deque[int] | None:
        times = self._failures.get(key)
        if times is None:
            return None
        while times and times[0] <= now_ms - self._window_ms:
            times.popleft()
        if not times:
            del self._failures[key]
            return None
        return times
