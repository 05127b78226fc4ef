"""The state of the connection to the hub, and what follows when it ends. Pure."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from chatops_wire.backoff import REFUSED_S, Backoff
from chatops_wire.codes import CloseCode

LinkKind = Literal["connecting", "live", "reconnecting", "offline", "sign_in", "update_needed"]
Cause = Literal["lost", "token_refused", "sign_in_needed", "incompatible"]

# From this many failures in a row on, a wait has reached its full length (backoff.CAP_S): no hiccup any more.
OFFLINE_AFTER: Final = 5


class LinkState(msgspec.Struct, frozen=True):
    """How the connection stands.

    connecting: an attempt is under way. live: signed in and listening. reconnecting: the next attempt is at
    `retry_at_s`. offline: the same after OFFLINE_AFTER failures. sign_in: no attempt until somebody has
    signed in (`Feed.reconnect_now`). update_needed: hub and client do not understand each other; tried
    again at `retry_at_s`.
    """

    kind: LinkKind
    attempt: int = 0
    """Failures in a row; 0 while live."""
    retry_at_s: float | None = None
    """Unix seconds."""
    rtt_ms: float | None = None
    """The newest measured round trip, while live."""
    reason: str = ""
    """Why it is not live: half a sentence for a person, perhaps the hub's own words."""


class Ended(msgspec.Struct, frozen=True):
    """How a connection, or an attempt at one, came to its end."""

    cause: Cause
    reason: str
    lasted_s: float | None = None
    """Since the hub accepted it; None if it never did."""


class Next(msgspec.Struct, frozen=True):
    """What to show and how long to wait; `wait_s` None: until `reconnect_now`."""

    backoff: Backoff
    state: LinkState
    wait_s: float | None


_CLOSED: Final[Mapping[int, tuple[Cause, str]]] = {
    CloseCode.NORMAL: ("lost", "the hub closed the connection"),
    CloseCode.GOING_AWAY: ("lost", "the hub is stopping"),
    CloseCode.UNSUPPORTED_DATA: ("incompatible", "the hub does not take what this version sends"),
    CloseCode.TOO_BIG: ("lost", "a message was too large"),
    CloseCode.INTERNAL: ("lost", "the hub had an internal error"),
    CloseCode.MALFORMED: ("incompatible", "the hub does not understand this version"),
    CloseCode.UNAUTHORIZED: ("token_refused", "the hub ended the session"),
    CloseCode.REPLACED: ("lost", "another connection took this one's place"),
    CloseCode.TOO_SLOW: ("lost", "this terminal reads too slowly"),
}


def closed(code: int | None, said: str, lasted_s: float | None) -> Ended:
    """Return how a connection ended.

    Args:
        code: The close code; None or one we do not know: the connection just broke.
        said: What the hub's last `error` frame said, or empty.
        lasted_s: Since the hub accepted it; None if it never did.
    """
    cause, reason = _CLOSED.get(code or 0, ("lost", "the connection broke"))
    return Ended(cause, said or reason, lasted_s)


def after(ended: Ended, backoff: Backoff, *, now_s: float, chance: float) -> Next:
    """Return what follows.

    Args:
        ended: How it ended.
        backoff: The state before.
        now_s: Unix seconds.
        chance: A uniform random number in [0, 1).
    """
    grown = backoff.failed() if ended.lasted_s is None else backoff.ended(ended.lasted_s)
    if ended.cause == "sign_in_needed":
        return Next(Backoff(), LinkState("sign_in", reason=ended.reason), None)
    wait_s = REFUSED_S if ended.cause == "incompatible" else grown.delay_s(chance)
    state = LinkState(
        "update_needed" if ended.cause == "incompatible" else _lost(grown),
        attempt=grown.attempt,
        retry_at_s=now_s + wait_s,
        reason=ended.reason,
    )
    return Next(grown, state, wait_s)


def _lost(backoff: Backoff) -> LinkKind:
    return "offline" if backoff.attempt >= OFFLINE_AFTER else "reconnecting"
