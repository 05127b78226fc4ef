"""How fast agents may send what waited: all that drain share what the hub takes beside live samples."""

from collections.abc import Callable, Hashable
from typing import Final

# Below what the hub commits on one slow core (bench ingest), so that live samples are not kept waiting.
TOTAL_PER_S: Final = 8_000
# Thousands of agents that are back after a restart still drain faster than they sample (each 5 s).
LEAST_PER_S: Final = 2
# Who sent no batch for so long has none left, or is away.
_DRAINS_FOR_S: Final = 10.0
_LOOK_EVERY_S: Final = 1.0
# A share is handed out anew only when it is another by so much.
_WORTH_TELLING: Final = 1.25


class BacklogRates:
    """Who drains a backlog, and at which rate; for the event loop's thread."""

    def __init__(self, now: Callable[[], float], total_per_s: int = TOTAL_PER_S) -> None:
        """Begin with nobody; `now` returns monotonic seconds."""
        self._now = now
        self._total_per_s = total_per_s
        self._seen: dict[Hashable, float] = {}
        self._told: dict[Hashable, int] = {}
        self._looked_at = now()

    def share(self, session: Hashable) -> int | None:
        """Note that a session has a backlog; return its samples a second where it is to be told."""
        now = self._now()
        self._seen[session] = now
        if now - self._looked_at >= _LOOK_EVERY_S:
            self._forget_idle(now)
        share = max(LEAST_PER_S, self._total_per_s // len(self._seen))
        # Who drains alone is told nothing: it sends as fast as it is acknowledged.
        told = self._told.get(session, self._total_per_s)
        if share < told * _WORTH_TELLING and told < share * _WORTH_TELLING:
            return None
        self._told[session] = share
        return share

    def ended(self, session: Hashable) -> None:
        """Forget a session."""
        self._seen.pop(session, None)
        self._told.pop(session, None)

    def _forget_idle(self, now: float) -> None:
        self._looked_at = now
        # What it was told it still keeps to, should it have a backlog again.
        self._seen = {each: at for each, at in self._seen.items() if now - at < _DRAINS_FOR_S}
