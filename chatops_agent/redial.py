"""Which of the hub's addresses to call next, and when. Pure."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from chatops_wire.backoff import REFUSED_S, Backoff
from chatops_wire.codes import CloseCode


class Ending(StrEnum):
    """How an attempt ended; the text is what the log says."""

    UNREACHABLE = "unreachable"
    """No connection, no WebSocket there, or no answer to the key in time."""
    REFUSED = "key refused"
    REPLACED = "replaced by another agent with this key"
    LOST = "connection lost"
    """After the hub had accepted the key."""


# Neither a wrong key nor a second agent with the same key mends itself within seconds; two such agents
# would otherwise throw each other out all the time.
_SLOW: Final = frozenset({Ending.REFUSED, Ending.REPLACED})


@dataclass(frozen=True, slots=True)
class Redial:
    """The addresses, the one to call next, and how long to hold back."""

    urls: tuple[str, ...]
    index: int = 0
    backoff: Backoff = field(default_factory=Backoff)
    slow: bool = False

    @property
    def url(self) -> str:
        """The address to call next."""
        return self.urls[self.index]

    def ended(self, ending: Ending, lasted_s: float = 0.0) -> "Redial":
        """Return the state after an attempt; every failure moves on to the next address.

        Args:
            ending: How it ended.
            lasted_s: How long the connection had been accepted, for LOST and REPLACED.
        """
        slow = ending in _SLOW
        if ending is Ending.LOST:
            backoff = self.backoff.ended(lasted_s)
            return replace(self, index=self._after_loss(backoff), backoff=backoff, slow=False)
        return replace(self, index=self._next(), backoff=self.backoff.failed(), slow=slow)

    def delay_s(self, chance: float) -> float:
        """Return the wait before the next attempt: 0.5 to 15 s, or a minute and up to a tenth.

        Args:
            chance: A uniform random number in [0, 1).
        """
        if self.slow:
            # A fleet whose keys were revoked at once shall not come back at once either.
            return REFUSED_S * (1 + 0.1 * chance)
        return self.backoff.delay_s(chance)

    def _next(self) -> int:
        return (self.index + 1) % len(self.urls)

    def _after_loss(self, backoff: Backoff) -> int:
        # A hub that was well for long is called again first; it may only have been restarted.
        return self.index if backoff.attempt == 0 else self._next()


def ending_of(close_code: int | None, *, accepted: bool) -> Ending:
    """Return what a connection's close code means; None where the connection just broke."""
    if close_code == CloseCode.UNAUTHORIZED:
        return Ending.REFUSED
    if close_code == CloseCode.REPLACED:
        return Ending.REPLACED
    return Ending.LOST if accepted else Ending.UNREACHABLE
