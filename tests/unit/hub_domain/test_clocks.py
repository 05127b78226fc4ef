"""When a sample stands, and how far an agent's clock is off."""

import pytest

from chatops_server.domain.clocks import FUTURE_MS, AgentClock, Turn, standing
from tests.hub_rows import NOON_MS

OFF_BY_AN_HOUR = 3_600_000


@pytest.mark.parametrize(
    ("said_ms", "expected"),
    [
        (NOON_MS, NOON_MS),
        (0, 0),
        (NOON_MS + FUTURE_MS, NOON_MS + FUTURE_MS),
        (NOON_MS + FUTURE_MS + 1, NOON_MS),
    ],
)
def test_a_sample_stands_at_its_own_time_unless_that_is_far_in_the_future(
    said_ms: int, expected: int
) -> None:
    assert standing(said_ms, NOON_MS) == expected


def turns(clock: AgentClock, *ahead_ms: int) -> list[Turn | None]:
    return [clock.read(NOON_MS + ahead, NOON_MS) for ahead in ahead_ms]


def test_a_clock_without_a_reading_is_not_known() -> None:
    assert AgentClock().ahead_ms is None


def test_a_sample_that_waited_does_not_make_a_clock_late() -> None:
    clock = AgentClock()
    assert turns(clock, -40_000, -50, -90_000) == [None, None, None]
    assert clock.ahead_ms == -50


@pytest.mark.parametrize("ahead_ms", [OFF_BY_AN_HOUR, -OFF_BY_AN_HOUR])
def test_a_clock_that_is_off_is_told_once_and_so_is_its_end(ahead_ms: int) -> None:
    clock = AgentClock()
    assert turns(clock, ahead_ms, ahead_ms, ahead_ms, ahead_ms) == [None, None, "off", None]
    told = turns(clock, *[0] * 30)
    assert (told.count("right"), told.count("off"), clock.is_off) == (1, 0, False)


def test_a_clock_between_off_and_right_changes_nothing() -> None:
    clock = AgentClock(is_off=True)
    assert turns(clock, 10_000, 10_000, 10_000) == [None] * 3
    assert clock.is_off


def test_a_clock_that_was_set_back_is_believed_after_a_minute() -> None:
    clock = AgentClock()
    turns(clock, 0, 0, *[-OFF_BY_AN_HOUR] * 12)
    assert clock.ahead_ms == -OFF_BY_AN_HOUR
