"""A log's tail that is told again after a lost connection: which of its lines are new."""

from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.client.overlap import Overlap
from chatops_wire.streams import LogLine


def lines(texts: list[str]) -> tuple[LogLine, ...]:
    return tuple(LogLine(ts=None, stream="stdout", line=text) for text in texts)


def numbered(*numbers: int) -> tuple[LogLine, ...]:
    return lines([str(number) for number in numbers])


def test_what_comes_first_is_new() -> None:
    overlap = Overlap(3)
    assert overlap.fresh(numbered(1, 2)) == (numbered(1, 2), False)
    assert overlap.fresh(numbered(3)) == (numbered(3), False)


def test_a_tail_that_reaches_back_is_cut() -> None:
    overlap = Overlap(4)
    overlap.fresh(numbered(1, 2, 3, 4, 5))
    overlap.interrupted()
    assert overlap.fresh(numbered(4, 5, 6, 7)) == (numbered(6, 7), False)


def test_a_tail_in_parts_is_cut_over_them() -> None:
    overlap = Overlap(4)
    overlap.fresh(numbered(1, 2, 3, 4))
    overlap.interrupted()
    assert overlap.fresh(numbered(2)) == ((), False)
    assert overlap.fresh(numbered(3, 4, 5)) == (numbered(5), False)
    assert overlap.fresh(numbered(6)) == (numbered(6), False)


def test_a_tail_that_does_not_reach_back_may_miss_lines() -> None:
    overlap = Overlap(2)
    overlap.fresh(numbered(1, 2))
    overlap.interrupted()
    assert overlap.fresh(numbered(8, 9)) == (numbered(8, 9), True)
    assert overlap.fresh(numbered(10)) == (numbered(10), False)


def test_an_empty_log_has_nothing_to_miss() -> None:
    overlap = Overlap(0)
    overlap.interrupted()
    assert overlap.fresh(()) == ((), False)
    assert overlap.fresh(numbered(1)) == (numbered(1), False)


@given(
    st.lists(st.integers().map(str), unique=True, max_size=60),
    st.integers(1, 20),
    st.data(),
)
def test_every_line_is_told_once(texts: list[str], tail: int, data: st.DataObject) -> None:
    """Whatever was told before the break, as long as the tail reaches back to it."""
    log = lines(texts)
    before = data.draw(st.integers(0, len(log)))
    after = data.draw(st.integers(before, min(len(log), before + tail - 1)))
    overlap = Overlap(tail)
    told = [*overlap.fresh(log[max(0, before - tail) : before])[0]]
    overlap.interrupted()
    again = log[max(0, after - tail) : after]
    edge = data.draw(st.integers(0, len(again)))
    for part in (again[:edge], again[edge:]):
        fresh, may_miss = overlap.fresh(part)
        told += fresh
        assert not may_miss
    assert told == list(log[max(0, before - tail) : after])
