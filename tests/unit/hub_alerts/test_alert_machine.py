"""The state machine of alerts: tables, and properties over any series of values."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_server.domain.alerts.machine import OK, Phase, State, closed, evaluate, lost
from chatops_server.domain.alerts.rules import HOLDS, Rule, RuleError, rule
from chatops_wire.rest_alerts import Comparison

ABOVE = Rule("gt", 90, for_ms=10_000, clear_value=80, keep_ms=5_000)
VALUES = st.sampled_from([10.0, 80.0, 80.5, 85.0, 90.0, 90.5, 99.0])
SERIES = st.lists(st.tuples(st.integers(0, 7_000), VALUES), max_size=60)
RULES = st.builds(
    Rule,
    comparison=st.just("gt"),
    value=st.just(90.0),
    for_ms=st.sampled_from([0, 1, 5_000, 20_000]),
    clear_value=st.sampled_from([None, 80.0, 90.0]),
    keep_ms=st.sampled_from([0, 1, 5_000]),
)


def run(judged: Rule, series: Sequence[tuple[int, float]]) -> list[tuple[int, float, State]]:
    """Return time, value and state after each value; times are steps."""
    state, at_ms, found = OK, 1_000_000, []
    for step_ms, value in series:
        at_ms += step_ms
        state = evaluate(judged, state, value, at_ms)
        found.append((at_ms, value, state))
    return found


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([(0, 95)], Phase.PENDING),
        ([(0, 95), (9_999, 95)], Phase.PENDING),
        ([(0, 95), (10_000, 95)], Phase.FIRING),
        ([(0, 95), (5_000, 90), (5_000, 95)], Phase.PENDING),
        ([(0, 95), (10_000, 95), (1, 81)], Phase.FIRING),
        ([(0, 95), (10_000, 95), (1, 80)], Phase.RECOVERING),
        ([(0, 95), (10_000, 95), (1, 80), (4_999, 80)], Phase.RECOVERING),
        ([(0, 95), (10_000, 95), (1, 80), (4_999, 80), (1, 81)], Phase.FIRING),
        ([(0, 95), (10_000, 95), (1, 80), (5_000, 80)], Phase.OK),
    ],
)
def test_an_alert_goes_its_way(steps: list[tuple[int, float]], expected: Phase) -> None:
    assert run(ABOVE, steps)[-1][2].phase is expected


def test_without_a_time_the_first_breach_fires() -> None:
    assert evaluate(Rule("gt", 90), OK, 91, 5).phase is Phase.FIRING


def test_a_clock_that_is_put_back_keeps_what_had_lasted() -> None:
    pending = evaluate(ABOVE, evaluate(ABOVE, OK, 95, 100_000), 95, 106_000)
    back = evaluate(ABOVE, pending, 95, 50_000)
    assert evaluate(ABOVE, back, 95, 53_999).phase is Phase.PENDING
    assert evaluate(ABOVE, back, 95, 54_000).phase is Phase.FIRING


def test_an_alert_closed_by_hand_waits_until_it_was_well_once() -> None:
    state = closed(State(Phase.FIRING, 1))
    for value in (99.0, 85.0, 95.0):
        state = evaluate(ABOVE, state, value, 2)
        assert state.phase is Phase.CLOSED
    assert evaluate(ABOVE, state, 80, 3) == OK


@pytest.mark.parametrize(("before", "after"), [(phase, phase) for phase in Phase][2:])
def test_values_that_stay_away_change_nothing_that_is_told(before: Phase, after: Phase) -> None:
    assert lost(State(before, 1), 9).phase is after


@pytest.mark.parametrize("before", [Phase.OK, Phase.PENDING])
def test_values_that_stay_away_fire_where_nothing_was_told(before: Phase) -> None:
    assert lost(State(before, 1), 9) == State(Phase.FIRING, 9, last_ms=9)


@given(RULES, SERIES)
def test_it_never_fires_before_its_time(judged: Rule, series: list[tuple[int, float]]) -> None:
    breach_since: int | None = None
    was_firing = False
    for at_ms, value, state in run(judged, series):
        if not judged.is_breached(value):
            breach_since = None
        elif breach_since is None:
            breach_since = at_ms
        if state.is_firing and not was_firing:
            assert breach_since is not None
            assert at_ms - breach_since >= judged.for_ms
        was_firing = state.is_firing


@given(RULES, SERIES)
def test_it_fires_as_soon_as_its_time_is_over(judged: Rule, series: list[tuple[int, float]]) -> None:
    breach_since: int | None = None
    for at_ms, value, state in run(judged, series):
        if not judged.is_breached(value):
            breach_since = None
            continue
        breach_since = at_ms if breach_since is None else breach_since
        if at_ms - breach_since >= judged.for_ms:
            assert state.is_firing


@given(RULES, SERIES)
def test_it_never_ends_while_it_is_not_clear(judged: Rule, series: list[tuple[int, float]]) -> None:
    was_firing = False
    for _, value, state in run(judged, series):
        if was_firing and not state.is_firing:
            assert judged.is_clear(value)
        was_firing = state.is_firing


@given(RULES, SERIES, st.data())
def test_a_restart_anywhere_changes_nothing(
    judged: Rule, series: list[tuple[int, float]], data: st.DataObject
) -> None:
    """What is kept is the state alone: the same values lead to the same end from a copy of it."""
    whole = run(judged, series)
    if not whole:
        return
    at = data.draw(st.integers(0, len(whole) - 1))
    state = replace(whole[at][2])
    for at_ms, value, expected in whole[at + 1 :]:
        state = evaluate(judged, state, value, at_ms)
        assert state == expected


@dataclass
class Model:
    """The same by counting, without a machine: for rules without hysteresis and waiting at the end."""

    for_ms: int
    since: int | None = None

    def fires(self, at_ms: int, value: float) -> bool:
        if value <= 90:
            self.since = None
            return False
        self.since = at_ms if self.since is None else self.since
        return at_ms - self.since >= self.for_ms


@given(st.sampled_from([0, 5_000, 20_000]), SERIES)
def test_it_agrees_with_the_plainest_model(for_ms: int, series: list[tuple[int, float]]) -> None:
    model = Model(for_ms)
    for at_ms, value, state in run(Rule("gt", 90, for_ms), series):
        assert state.is_firing == model.fires(at_ms, value)


@given(st.sampled_from(list(HOLDS)), st.floats(-9, 9), st.floats(-9, 9))
def test_without_a_clear_value_a_value_is_either_a_breach_or_clear(
    comparison: Comparison, limit: float, value: float
) -> None:
    judged = Rule(comparison, limit)
    assert judged.is_breached(value) is not judged.is_clear(value)


@given(st.sampled_from(["gt", "gte", "lt", "lte"]), st.floats(-9, 9), st.floats(-9, 9), st.floats(-9, 9))
def test_a_clear_value_that_is_taken_never_ends_a_breach(
    comparison: Comparison, limit: float, clear: float, value: float
) -> None:
    is_wrong = clear > limit if comparison.startswith("g") else clear < limit
    if is_wrong:
        with pytest.raises(RuleError, match=r"^clear_value: "):
            rule(comparison, limit, clear, 0, 0)
        return
    judged = rule(comparison, limit, clear, 0, 0)
    assert not (judged.is_breached(value) and judged.is_clear(value))


def test_seconds_are_rounded_up() -> None:
    assert rule("gt", 1, None, 0.0001, 1.0001) == Rule("gt", 1, 1, None, 1001)
