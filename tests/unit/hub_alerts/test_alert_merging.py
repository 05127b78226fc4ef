"""Two hubs' states of one alert: nothing that happened to it is lost, and nothing happens twice."""

from typing import Any, Final

import pytest

from chatops_server.domain.alerts.alert import Alert
from chatops_server.domain.alerts.machine import OK, Phase, State
from chatops_server.domain.alerts.merging import is_remembered, merged
from chatops_wire.rest_alerts import AlertComment

PENDING: Final = State(Phase.PENDING, 1)
FIRING: Final = State(Phase.FIRING, 1)
CLOSED: Final = State(Phase.CLOSED, 1)


def alert(state: State = FIRING, fired_ms: int | None = 5, **parts: Any) -> Alert:  # noqa: ANN401 - fields of any type
    return Alert(
        id="alr_1",
        server_id="srv_1",
        threshold_id="thr_1",
        metric="cpu.percent",
        severity="warning",
        comparison="gt",
        threshold_value=90.0,
        state=state,
        started_ms=1,
        fired_ms=fired_ms,
        **parts,
    )


def comment(text: str) -> AlertComment:
    return AlertComment(ts="t", user_id="u", username="ann", action="acknowledge", text=text)


@pytest.mark.parametrize(
    ("which", "lasts"),
    [
        (alert(PENDING, None), True),
        (alert(), True),
        (alert(CLOSED, resolved_ms=9), True),
        (alert(OK, resolved_ms=9), False),
    ],
)
def test_what_lasts_is_remembered(which: Alert, *, lasts: bool) -> None:
    assert is_remembered(which) is lasts


def test_whom_it_was_told_to_and_what_was_said_is_kept_of_both() -> None:
    one, other = comment("one"), comment("other")
    stored = alert(told={"a": 1, "b": 2}, escalated=("a",), comments=(one,), acknowledged_ms=7)
    mine = alert(told={"b": 3}, escalated=("b", "a"), comments=(one, other), last_value=97.0)
    both = merged(stored, mine)
    assert (both.told, both.escalated, both.comments) == ({"a": 1, "b": 3}, ("a", "b"), (one, other))
    assert (both.acknowledged_ms, both.last_value) == (7, 97.0)


def test_what_has_ended_stays_so_whoever_goes_on() -> None:
    stored = alert(CLOSED, resolved_ms=9, resolution="by hand")
    assert merged(stored, alert(last_value=99.0)) == stored


def test_a_breach_closed_by_hand_is_over_once_it_was_well() -> None:
    stored = alert(CLOSED, resolved_ms=9)
    assert merged(stored, alert(OK, resolved_ms=9)) == alert(OK, resolved_ms=9)


def test_what_has_fired_does_not_wait_again() -> None:
    assert merged(alert(), alert(PENDING, None)) == alert()


def test_a_state_stored_before_changes_nothing() -> None:
    assert merged(alert(PENDING, None), alert()) == alert()
    assert merged(alert(), alert()) == alert()
