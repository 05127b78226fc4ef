"""How long to wait before connecting again: full jitter, so that a fleet does not return in one instant.

Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015; figures in docs/architecture.md.
"""

from dataclasses import dataclass, replace
from typing import Final

BASE_S: Final = 0.5
# The cap is the whole story of recovery: with 30 s the last of 300 agents was back after 13-15 s.
CAP_S: Final = 15.0
# A refused key does not mend itself within seconds.
REFUSED_S: Final = 60.0
# Only a connection that lasted this long proves that the peer is well again.
STABLE_AFTER_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """How many attempts failed since the last stable connection."""

    attempt: int = 0

    def delay_s(self, chance: float) -> float:
        """Return the wait before the next attempt, within BASE_S and CAP_S.

        Args:
            chance: A uniform random number in [0, 1).
        """
        # From BASE_S up, not from 0: even a fleet's first attempts are spread, and none is at once.
        # 2**6 * BASE_S passes the cap; a larger power would only risk an overflow.
        ceiling = min(CAP_S, BASE_S * 2.0 ** min(max(1, self.attempt), 6))
        return BASE_S + (ceiling - BASE_S) * chance

    def failed(self) -> "Backoff":
        """Return the state after one more failed attempt."""
        return replace(self, attempt=self.attempt + 1)

    def ended(self, lasted_s: float) -> "Backoff":
        """Return the state after a connection that had been accepted ended after `lasted_s`."""
        return Backoff() if lasted_s >= STABLE_AFTER_S else self.failed()
