import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_agent.schedule import MAX_INTERVAL_S, MIN_INTERVAL_S, Schedule, is_due

phases = st.floats(0, 1, exclude_max=True)
intervals = st.floats(MIN_INTERVAL_S, MAX_INTERVAL_S)
moments = st.floats(0, 10**8)


def test_the_first_sample_comes_soon_and_spread() -> None:
    assert [Schedule(5.0, phase).first_due(100.0) for phase in (0.0, 0.75)] == [100.5, 101.25]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (101.25, 106.25),  # on time
        (103.0, 106.25),  # late: back to the grid
        (104.0, 111.25),  # so late that the next tick is too near
        (150.0, 156.25),  # after a suspend: what was missed is skipped
    ],
)
def test_samples_fall_on_a_grid_of_their_own(last: float, expected: float) -> None:
    assert expected == Schedule(5.0, 0.25).next_due(last)


@given(interval=intervals, phase=phases, last=moments)
def test_the_next_sample_is_half_to_one_and_a_half_intervals_away(
    interval: float, phase: float, last: float
) -> None:
    wait = Schedule(interval, phase).next_due(last) - last
    assert interval * 0.49 <= wait <= interval * 1.51


@given(interval=intervals, phase=phases, last=st.floats(0, 10**6))
def test_ticks_do_not_drift(interval: float, phase: float, last: float) -> None:
    tick = Schedule(interval, phase).next_due(last)
    beside = (tick - phase * interval) / interval
    assert math.isclose(beside, round(beside), abs_tol=1e-6)


@pytest.mark.parametrize(
    ("asked", "expected"), [(1.0, 1.0), (0.01, 1.0), (30.0, 30.0), (9999.0, 3600.0), (None, 5.0)]
)
def test_the_hub_may_ask_for_another_interval_within_bounds(asked: float | None, expected: float) -> None:
    assert expected == Schedule(5.0, 0.5, asked_interval_s=2.0).configured(asked).interval_s


@pytest.mark.parametrize(
    ("every_s", "last", "expected"),
    [(0.0, 99.0, True), (10.0, None, True), (10.0, 92.0, False), (10.0, 90.5, True), (10.0, 80.0, True)],
)
def test_a_source_is_due_again_after_its_time(every_s: float, last: float | None, expected: bool) -> None:  # noqa: FBT001
    assert expected == is_due(every_s, last, 100.0)
