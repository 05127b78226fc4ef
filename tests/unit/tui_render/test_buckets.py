"""Columns of time: history never moves from one to another, and what is not known stays blank."""

import math

from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.render.buckets import Column, Series, columns, step_for

TIMES = st.lists(st.integers(0, 100_000), max_size=40, unique=True).map(sorted)


def series(times: list[int], gap_ms: int = 5000) -> Series:
    return Series("x", times, [float(time % 97) for time in times], gap_ms=gap_ms)


def at(value: float) -> Column:
    return Column(value, value, value, band=False)


@given(TIMES, st.integers(1, 5000), st.integers(0, 50), st.integers(0, 20))
def test_time_going_on_only_shifts_columns(times: list[int], step: int, count: int, later: int) -> None:
    now = columns(series(times), 100_000, step, count)
    then = columns(series(times), 100_000 + later * step, step, count + later)
    assert then[:count] == now


@given(TIMES, st.integers(1, 5000), st.integers(0, 50))
def test_there_are_exactly_as_many_columns_as_asked(times: list[int], step: int, count: int) -> None:
    assert len(columns(series(times), 100_000, step, count)) == count


@given(TIMES, st.integers(1, 5000))
def test_every_column_lies_between_the_extremes(times: list[int], step: int) -> None:
    one = series(times)
    for column in columns(one, 100_000, step, 30):
        if column is not None:
            assert min(v for v in one.values if v is not None) - 1e-9 <= column.low <= column.value
            assert column.value <= column.high <= max(v for v in one.values if v is not None) + 1e-9


@given(st.integers(0, 10**9), st.integers(0, 1000))
def test_so_many_columns_cover_the_whole_span(span: int, count: int) -> None:
    assert step_for(span, count) * max(1, count) >= span
    assert step_for(span, count) >= 1


def test_a_column_shows_the_range_of_its_samples_and_their_mean() -> None:
    found = columns(Series("x", [0, 1, 2], [1.0, 3.0, 8.0]), 2, 10, 1)
    assert found == [Column(1.0, 4.0, 8.0, band=False)]


def test_averaged_history_shows_the_mean_of_the_averages_within_its_band() -> None:
    history = Series("x", [0, 5], [2.0, 4.0], lows=[1.0, None], highs=[None, 9.0])
    assert columns(history, 9, 10, 1) == [Column(1.0, 3.0, 9.0, band=True)]


def test_near_samples_are_joined_by_a_straight_line() -> None:
    assert columns(Series("x", [0, 40], [0.0, 8.0], gap_ms=40), 49, 10, 5) == [
        at(0.0), at(2.0), at(4.0), at(6.0), at(8.0)
    ]  # fmt: skip


def test_far_samples_leave_a_gap() -> None:
    found = columns(Series("x", [0, 40], [0.0, 8.0], gap_ms=39), 49, 10, 5)
    assert found == [at(0.0), None, None, None, at(8.0)]


def test_missing_values_are_gaps_like_missing_samples() -> None:
    found = columns(Series("x", [0, 20, 40], [0.0, math.nan, 8.0], gap_ms=30), 49, 10, 5)
    assert found == [at(0.0), None, None, None, at(8.0)]


def test_a_line_enters_and_leaves_the_picture() -> None:
    found = columns(Series("x", [0, 40], [0.0, 8.0], gap_ms=40), 29, 10, 2)
    assert found == [at(2.0), at(4.0)]
