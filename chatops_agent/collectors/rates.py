"""Counters that only grow, turned into rates: pure, so resets and vanished keys are tested by tables."""

from collections.abc import Mapping


class CounterRates:
    """Remembers the last reading of some counters, several under one key (a device, an interface).

    A counter that went backwards was reset (a driver reloaded, an interface made again): what it lost is
    unknown, so that one interval has no rate instead of a wrong one. A key that vanished is forgotten.
    """

    def __init__(self) -> None:
        self._read_at: float | None = None
        self._counters: dict[str, tuple[int, ...]] = {}

    def update(self, counters: Mapping[str, tuple[int, ...]], now: float) -> dict[str, tuple[float, ...]]:
        """Return the increase a second since the last update, for the keys where it is known.

        Args:
            counters: The counters of each key, always in the same order.
            now: Monotonic seconds of the reading; when it has not advanced nothing is known.
        """
        elapsed = 0.0 if self._read_at is None else now - self._read_at
        increases = self.increases(counters)
        self._read_at = now
        if elapsed <= 0:
            return {}
        return {key: tuple(increase / elapsed for increase in of_key) for key, of_key in increases.items()}

    def increases(self, counters: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
        """Return by how much each counter grew since the last call, for the keys where that is known."""
        known = {}
        for key, current in counters.items():
            before = self._counters.get(key)
            if before is None:
                continue
            increase = tuple(new - old for new, old in zip(current, before, strict=True))
            if min(increase, default=0) >= 0:
                known[key] = increase
        self._counters = dict(counters)
        return known
