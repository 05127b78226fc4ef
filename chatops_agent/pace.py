"""How fast a backlog may go to the hub. Pure."""

from typing import Final

from chatops_wire.agent import MAX_BATCH

# A second's worth goes at once, so that a slow pace does not mean a frame for each sample.
_AT_ONCE_S: Final = 1.0
_MOST_PER_S: Final = 1_000_000


class Pace:
    """A bucket of samples that fills at the rate the hub handed out; without one it is bottomless.

    It begins full: what little a short outage left goes out at once.
    """

    def __init__(self, per_s: float | None = None) -> None:
        """Begin with the rate of the welcome; None or 0: as fast as the hub acknowledges."""
        self._per_s = _possible(per_s)
        self._samples = float(MAX_BATCH)
        self._at: float | None = None

    def change(self, per_s: float, now: float) -> None:
        """Go on at another rate; 0: as fast as the hub acknowledges."""
        self._fill(now)
        self._per_s = _possible(per_s)

    def allowance(self, now: float) -> int:
        """Return how many samples of the backlog may go now; 0 until it is worth a frame."""
        if self._per_s is None:
            return MAX_BATCH
        self._fill(now)
        return int(self._samples) if self._samples >= self._worth(self._per_s) else 0

    def spend(self, samples: int) -> None:
        """Take out what was sent."""
        self._samples = max(0.0, self._samples - samples)

    def ready_in_s(self, now: float) -> float:
        """Return when `allowance` will not be 0."""
        if self._per_s is None:
            return 0.0
        self._fill(now)
        return max(0.0, (self._worth(self._per_s) - self._samples) / self._per_s)

    @staticmethod
    def _worth(per_s: float) -> float:
        return max(1.0, min(MAX_BATCH, per_s * _AT_ONCE_S))

    def _fill(self, now: float) -> None:
        if self._at is not None and self._per_s is not None:
            self._samples = min(MAX_BATCH, self._samples + max(0.0, now - self._at) * self._per_s)
        self._at = now


def _possible(per_s: float | None) -> float | None:
    # Whatever the hub says: less than nothing is nothing said, and a number may be longer than any float.
    return float(min(per_s, _MOST_PER_S)) if per_s is not None and per_s > 0 else None
