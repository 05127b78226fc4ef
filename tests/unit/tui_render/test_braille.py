"""Plots out of dots."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.render.braille import Trace, cells_across, plot
from chatops_tui.render.buckets import Column
from chatops_tui.render.charset import Charset
from chatops_tui.render.spans import plain, width

NUMBERS = st.floats(-1e6, 1e6)


@st.composite
def any_column(draw: st.DrawFn) -> Column | None:
    low, value, high = sorted(draw(st.tuples(NUMBERS, NUMBERS, NUMBERS)))
    return draw(st.sampled_from([None, Column(low, value, high, band=draw(st.booleans()))]))


COLUMNS = st.lists(any_column(), max_size=60)
CHARSETS = st.sampled_from(get_args(Charset))


def at(value: float) -> Column:
    return Column(value, value, value, band=False)


def drawn(
    columns: list[Column | None], size: tuple[int, int], charset: Charset = "braille", **look: bool
) -> list[str]:
    rows = plot([Trace(columns, "series-1", **look)], size=size, scale=(0, 7), charset=charset)
    return [plain(row) for row in rows]


TRACES = st.lists(st.builds(Trace, COLUMNS, st.just("series-1"), st.booleans()), max_size=2)


@given(TRACES, st.integers(0, 30), st.integers(0, 12), CHARSETS)
def test_a_plot_fills_exactly_the_size_it_is_given(
    traces: list[Trace], across: int, rows: int, charset: Charset
) -> None:
    lines = plot(traces, size=(across, rows), scale=(0, 100), charset=charset)
    assert len(lines) == rows
    assert all(width(line) == across for line in lines)


@given(COLUMNS, CHARSETS)
def test_a_gap_stays_blank(columns: list[Column | None], charset: Charset) -> None:
    dots = cells_across(charset)
    cells = (len(columns) + dots - 1) // dots
    rows = plot([Trace(columns, "series-1", filled=True)], size=(cells, 3), scale=(0, 1), charset=charset)
    padded = [None] * (cells * dots - len(columns)) + columns
    for cell in range(cells):
        own = padded[cell * dots : (cell + 1) * dots]
        assert all(plain(row)[cell] == " " for row in rows) == all(column is None for column in own)


def test_the_newest_column_is_on_the_right_and_the_oldest_go() -> None:
    assert drawn([at(7), at(7), None, None, at(0), at(0)], (2, 1)) == [" ⣀"]


def test_a_short_history_begins_on_the_right() -> None:
    assert drawn([at(7), at(7)], (3, 1)) == ["  ⠉"]


def test_a_line_is_joined_from_column_to_column() -> None:
    assert drawn([at(0), at(7)], (1, 2)) == ["⢸", "⡸"]
    assert drawn([at(7), at(0)], (1, 2)) == ["⢱", "⢸"]


def test_below_a_filled_line_everything_is_filled() -> None:
    assert drawn([at(7), at(3)], (1, 2), filled=True) == ["⡇", "⣿"]


def test_zero_is_a_line_on_the_floor_and_not_a_gap() -> None:
    assert drawn([at(0), None], (1, 1), filled=True) == ["⡀"]


def test_what_lies_outside_the_scale_is_drawn_at_its_edge() -> None:
    assert drawn([at(-50), at(-50)], (1, 1)) == ["⣀"]
    assert drawn([at(900), at(900)], (1, 1)) == ["⠉"]


def test_the_range_of_a_column_is_the_path_of_the_line() -> None:
    assert drawn([Column(0, 3, 7, band=False)], (1, 2)) == ["⢸", "⢸"]


def test_a_band_is_stippled_round_its_line() -> None:
    assert drawn([Column(0, 3, 7, band=True)], (1, 2)) == ["⢐", "⢘"]


def test_the_band_of_a_filled_line_is_stippled_above_it() -> None:
    assert drawn([Column(0, 3, 7, band=True)], (1, 2), filled=True) == ["⢐", "⢸"]


def test_a_scale_without_height_draws_on_the_floor() -> None:
    rows = plot([Trace([at(5), at(5)], "series-1")], size=(1, 1), scale=(3, 3))
    assert plain(rows[0]) == "⣀"


@pytest.mark.parametrize(("charset", "expected"), [("block", ["▄█", "██"]), ("ascii", [".:", "::"])])
def test_other_character_sets_have_one_column_and_two_dots_in_a_cell(
    charset: Charset, expected: list[str]
) -> None:
    rows = plot([Trace([at(2), at(3)], "series-1", filled=True)], size=(2, 2), scale=(0, 3), charset=charset)
    assert [plain(row) for row in rows] == expected


def test_where_two_lines_meet_the_first_gives_the_colour() -> None:
    traces = [Trace([at(0), at(0), None, None], "series-1"), Trace([at(7), at(7)] * 2, "series-2")]
    assert plot(traces, size=(2, 1), scale=(0, 7)) == [[("⣉", "series-1"), ("⠉", "series-2")]]


def test_blanks_between_two_pieces_of_a_line_change_no_colour() -> None:
    columns = [at(0), at(0), None, None, at(0), at(0)]
    assert plot([Trace(columns, "series-1")], size=(3, 1), scale=(0, 7)) == [[("⣀ ⣀", "series-1")]]


def test_a_row_may_begin_with_the_second_line() -> None:
    traces = [Trace([None, None, at(7), at(7)], "series-1"), Trace([at(7)] * 4, "series-2")]
    assert plot(traces, size=(2, 1), scale=(0, 7)) == [[("⠉", "series-2"), ("⠉", "series-1")]]
