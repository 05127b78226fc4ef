"""Several logs read as one: in the order of their times, and never held up by a quiet one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.store.log_memory import LogFilter
from chatops_tui.store.log_merge import FIRST_LINES_WITHIN_MS, REORDER_MS, MergedLog
from chatops_wire.streams import LogLine
from chatops_wire.times import format_ms

NOW = 1_700_000_000_000


class Clock:
    now = NOW

    def __call__(self) -> int:
        return self.now


def line(text: str, at_ms: int | None) -> LogLine:
    return LogLine(ts=None if at_ms is None else format_ms(at_ms), stream="stdout", line=text)


def shown(log: MergedLog) -> list[tuple[int, str]]:
    return [(entry.origin, entry.text) for entry in log.memory.shown(LogFilter())]


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_one_log_is_not_held(clock: Clock) -> None:
    log = MergedLog(1, clock)
    log.parts[0].take([line("b", NOW + 5), line("a", NOW)])
    assert {"a", "b"} == {text for _origin, text in shown(log)}
    assert not log.is_holding


def test_the_first_lines_of_all_are_waited_for(clock: Clock) -> None:
    log = MergedLog(2, clock)
    log.parts[0].take([line("old", NOW - 900), line("new", NOW - 100)])
    clock.now += 1000
    log.release()
    assert shown(log) == []
    log.parts[1].take([line("between", NOW - 500)])
    clock.now += REORDER_MS
    log.release()
    assert shown(log) == [(0, "old"), (1, "between"), (0, "new")]


def test_a_log_that_says_nothing_holds_up_the_others_for_two_seconds_only(clock: Clock) -> None:
    log = MergedLog(2, clock)
    log.parts[0].take([line("here", NOW)])
    clock.now += FIRST_LINES_WITHIN_MS
    log.release()
    assert shown(log) == [(0, "here")]


def heard(clock: Clock, count: int = 2) -> MergedLog:
    """Logs whose first lines are long past."""
    log = MergedLog(count, clock)
    for part in log.parts:
        part.take([])
    clock.now += FIRST_LINES_WITHIN_MS
    return log


def test_a_line_waits_for_older_ones_that_arrive_within_the_window(clock: Clock) -> None:
    log = heard(clock)
    start = clock.now
    log.parts[0].take([line("second", start + 50)])
    clock.now = start + REORDER_MS - 1
    log.parts[1].take([line("first", start)])
    assert shown(log) == []
    clock.now = start + REORDER_MS
    log.release()
    assert shown(log) == [(1, "first"), (0, "second")]
    assert not log.is_holding


def test_what_comes_later_than_that_stands_at_the_end(clock: Clock) -> None:
    log = heard(clock)
    start = clock.now
    log.parts[0].take([line("b", start + 50)])
    clock.now = start + REORDER_MS
    log.release()
    log.parts[1].take([line("a", start)])
    assert shown(log) == [(0, "b"), (1, "a")]


def test_lines_without_a_time_stay_behind_the_one_before_them(clock: Clock) -> None:
    log = heard(clock)
    start = clock.now
    log.parts[0].take([line("Traceback", start - 100), line("  File", None), line("ValueError", None)])
    log.parts[1].take([line("other", start - 50)])
    clock.now += REORDER_MS
    log.release()
    assert [text for _origin, text in shown(log)] == ["Traceback", "  File", "ValueError", "other"]


def test_an_end_is_told_in_the_log_and_of_all_once_all_have_ended(clock: Clock) -> None:
    log = heard(clock)
    log.parts[0].end("it was removed")
    assert shown(log) == [(0, "… ended: it was removed")]
    assert log.memory.ended == ""
    log.parts[1].end("the server is gone")
    assert log.memory.ended == "it was removed"


def test_an_interruption_lasts_until_all_go_on(clock: Clock) -> None:
    log = heard(clock)
    for part in log.parts:
        part.interrupt()
    log.parts[0].take([line("again", clock.now)])
    assert log.memory.is_interrupted
    log.parts[1].take([])
    assert not log.memory.is_interrupted


def test_missing_lines_are_told_of_the_log_they_are_missing_in(clock: Clock) -> None:
    log = heard(clock)
    log.parts[1].take([line("on", clock.now)], may_miss=True)
    assert [origin for origin, text in shown(log) if "may be missing" in text] == [1]


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 400), st.integers(0, 5_000)), max_size=60),
)
def test_every_line_comes_once_whatever_its_time(arrivals: list[tuple[int, int, int]]) -> None:
    clock = Clock()
    log = heard(clock, 3)
    for number, (part, wait_ms, age_ms) in enumerate(arrivals):
        clock.now += wait_ms
        log.parts[part].take([line(str(number), clock.now - age_ms)])
        log.release()
    clock.now += REORDER_MS
    log.release()
    assert sorted(text for _origin, text in shown(log)) == sorted(map(str, range(len(arrivals))))
    assert not log.is_holding


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, REORDER_MS - 1)), min_size=1, max_size=40))
def test_delays_below_the_window_leave_the_order_of_times(told: list[tuple[int, int]]) -> None:
    clock = Clock()
    log = heard(clock)
    start = clock.now
    written = [(start + 40 * number, part, delay) for number, (part, delay) in enumerate(told)]
    for at_ms, part, delay in sorted(written, key=lambda one: one[0] + one[2]):
        clock.now = at_ms + delay
        log.release()
        log.parts[part].take([line(str(at_ms), at_ms)])
    clock.now += REORDER_MS
    log.release()
    times = [text for _origin, text in shown(log)]
    assert times == sorted(times)
