"""One threshold on one server: from well over pending and firing back to well, value by value.

```
ok ──breach──▶ pending ──breach for for_ms──▶ firing ──clear──▶ recovering ──clear for keep_ms──▶ ok
                  └─no breach──▶ ok              ▲──not clear──────┘
pending, firing, recovering ──closed by hand──▶ closed ──clear──▶ ok
```
Without a value nothing moves. Times are the values' own; where their clock was put back, what had lasted
is kept and goes on from there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from chatops_server.domain.alerts.rules import Rule


class Phase(StrEnum):
    """Where an alert stands."""

    OK = "ok"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"
    """Well again, but not for long enough: still told as firing."""
    CLOSED = "closed"
    """Ended by hand while the breach lasts: nothing is told until it was well once."""


@dataclass(frozen=True, slots=True)
class State:
    """Where one alert stands, and since when."""

    phase: Phase = Phase.OK
    since_ms: int = 0
    """When the breach began."""
    clear_since_ms: int = 0
    """While recovering: since when it is well."""
    last_ms: int = 0
    """The newest value's time, while there is something to wait for."""

    @property
    def is_firing(self) -> bool:
        """Whether there is an alert that has fired and not ended."""
        return self.phase in (Phase.FIRING, Phase.RECOVERING)


OK = State()


def evaluate(rule: Rule, state: State, value: float, at_ms: int) -> State:
    """Return the state after one value; the same object when nothing changed."""
    return _STEPS[state.phase](rule, _put_back(state, at_ms), value, at_ms)


def lost(state: State, at_ms: int) -> State:
    """Return the state after the values stayed away too long: firing, unless something is told already."""
    if state.phase in (Phase.OK, Phase.PENDING):
        return State(Phase.FIRING, at_ms, last_ms=at_ms)
    return state


def closed(state: State) -> State:
    """Return the state after somebody ended the alert by hand."""
    return State(Phase.CLOSED, state.since_ms)


def _from_ok(rule: Rule, state: State, value: float, at_ms: int) -> State:
    if not rule.is_breached(value):
        return state
    return _waited(rule, State(Phase.PENDING, at_ms), at_ms)


def _from_pending(rule: Rule, state: State, value: float, at_ms: int) -> State:
    return _waited(rule, state, at_ms) if rule.is_breached(value) else OK


def _from_firing(rule: Rule, state: State, value: float, at_ms: int) -> State:
    if not rule.is_clear(value):
        return state
    return _recovered(rule, replace(state, clear_since_ms=at_ms), at_ms)


def _from_recovering(rule: Rule, state: State, value: float, at_ms: int) -> State:
    if not rule.is_clear(value):
        return replace(state, phase=Phase.FIRING)
    return _recovered(rule, state, at_ms)


def _from_closed(rule: Rule, state: State, value: float, _at_ms: int) -> State:
    return OK if rule.is_clear(value) else state


_STEPS: Final[Mapping[Phase, Callable[[Rule, State, float, int], State]]] = {
    Phase.OK: _from_ok,
    Phase.PENDING: _from_pending,
    Phase.FIRING: _from_firing,
    Phase.RECOVERING: _from_recovering,
    Phase.CLOSED: _from_closed,
}


def _waited(rule: Rule, state: State, at_ms: int) -> State:
    phase = Phase.FIRING if at_ms - state.since_ms >= rule.for_ms else Phase.PENDING
    return replace(state, phase=phase, last_ms=at_ms)


def _recovered(rule: Rule, state: State, at_ms: int) -> State:
    if at_ms - state.clear_since_ms >= rule.keep_ms:
        return OK
    return replace(state, phase=Phase.RECOVERING, last_ms=at_ms)


def _put_back(state: State, at_ms: int) -> State:
    """Return the state with its times moved along, where the values' clock was put back."""
    back_ms = state.last_ms - at_ms
    if back_ms <= 0 or state.phase not in (Phase.PENDING, Phase.RECOVERING):
        return state
    return replace(
        state,
        since_ms=state.since_ms - back_ms,
        clear_since_ms=state.clear_since_ms - back_ms,
        last_ms=at_ms,
    )
