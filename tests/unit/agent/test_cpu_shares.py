import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_agent.collectors.cpu import CoreTimes, busy, difference


def core(user: float = 0, idle: float = 0, iowait: float = 0, steal: float = 0) -> CoreTimes:
    return {"user": user, "idle": idle, "iowait": iowait, "steal": steal}


def test_shares_are_those_between_two_readings() -> None:
    shares = difference([core(10, 90), core(0, 100)], [core(15, 95), core(10, 100)])
    assert shares is not None
    assert shares.total == {"user": 75.0, "idle": 25.0, "iowait": 0.0, "steal": 0.0}
    assert shares.cores == (50.0, 100.0)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (core(user=1, idle=3), 25.0),
        # Waiting for a disk is not work; time another machine took is.
        (core(idle=2, iowait=2), 0.0),
        (core(idle=1, steal=1), 50.0),
        # A core that was off counted nothing.
        (core(), 0.0),
    ],
)
def test_busy_is_what_is_neither_idle_nor_waiting(times: CoreTimes, expected: float) -> None:
    assert busy(times) == expected


def test_a_counter_that_went_back_counts_nothing() -> None:
    shares = difference([core(10, 50, iowait=9)], [core(20, 60, iowait=3)])
    assert shares is not None
    assert shares.total == {"user": 50.0, "idle": 50.0, "iowait": 0.0, "steal": 0.0}


def test_no_time_passed_tells_nothing() -> None:
    assert difference([core(10, 90)], [core(10, 90)]) is None
    assert difference([], []) is None


def test_cores_that_came_or_went_leave_the_total_since_the_start() -> None:
    shares = difference([core(10, 90)], [core(10, 90), core(30, 70)])
    assert shares is not None
    assert (shares.total["user"], shares.cores) == (20.0, ())


times = st.fixed_dictionaries(dict.fromkeys(("user", "system", "idle", "iowait"), st.floats(0, 1e9)))


@given(before=st.lists(times, max_size=4), after=st.lists(times, max_size=4))
def test_shares_stay_between_nothing_and_everything(before: list[CoreTimes], after: list[CoreTimes]) -> None:
    shares = difference(before, after)
    if shares is not None:
        assert all(0 <= value <= 100 for value in (*shares.total.values(), *shares.cores))
