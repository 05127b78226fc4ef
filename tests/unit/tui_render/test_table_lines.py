"""Which columns are shown, how wide, and what a line of them looks like."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.render.columns import GAP, Column, place
from chatops_tui.render.spans import Cell, plain
from chatops_tui.render.table import header_line, row_line

COLUMNS = st.lists(
    st.builds(
        Column,
        key=st.uuids().map(str),
        title=st.text("abc", max_size=6),
        width=st.integers(1, 20),
        flex=st.integers(0, 3),
        max_width=st.one_of(st.none(), st.integers(20, 30)),
        align=st.sampled_from(["left", "right"]),
        priority=st.integers(0, 4),
    ),
    max_size=8,
)


@given(COLUMNS, st.integers(0, 120))
def test_the_columns_shown_fit_and_keep_their_order(columns: list[Column], available: int) -> None:
    placed = place(columns, available)
    assert sum(at.width for at in placed) + GAP * max(0, len(placed) - 1) <= available
    assert [at.index for at in placed] == sorted(at.index for at in placed)
    assert all(later.x == at.x + at.width + GAP for at, later in pairwise(placed))


@given(COLUMNS, st.integers(0, 120))
def test_no_column_goes_before_a_less_important_one(columns: list[Column], available: int) -> None:
    shown = {at.index for at in place(columns, available)}
    least = max((columns[index].priority for index in shown), default=0)
    assert all(
        index in shown or column.priority >= least or column.priority == 0
        for index, column in enumerate(columns)
    )


@given(COLUMNS, st.integers(200, 400))
def test_with_room_every_column_has_at_least_its_width_and_at_most_its_limit(
    columns: list[Column], available: int
) -> None:
    for at in place(columns, available):
        assert at.column.width <= at.width
        assert at.column.max_width is None or at.width <= at.column.max_width
        assert at.column.flex or at.width == at.column.width


@given(COLUMNS, st.integers(200, 400))
def test_what_is_left_over_is_used_up_when_a_column_may_grow(columns: list[Column], available: int) -> None:
    placed = place(columns, available)
    used = sum(at.width for at in placed) + GAP * max(0, len(placed) - 1)
    assert used == available or not any(c.flex and c.max_width is None for c in columns)


NAME = Column("name", "NAME", 6, flex=1)
CPU = Column("cpu", "CPU", 4, align="right")
UP = Column("up", "UP", 3, align="right", priority=2)
NET = Column("net", "NET", 5, align="right", priority=1)


def test_the_least_important_columns_go_first() -> None:
    columns = [NAME, UP, CPU, NET]
    assert [[at.column.key for at in place(columns, size)] for size in (21, 20, 16, 12)] == [
        ["name", "up", "cpu", "net"],
        ["name", "cpu", "net"],
        ["name", "cpu"],
        ["name", "cpu"],
    ]


def test_columns_that_must_stay_are_cut_at_the_edge() -> None:
    assert [(at.column.key, at.width) for at in place([NAME, CPU], 9)] == [("name", 6), ("cpu", 2)]
    assert [(at.column.key, at.width) for at in place([NAME, CPU], 7)] == [("name", 6)]


def test_a_row_has_its_cells_where_the_titles_are() -> None:
    placed = place([NAME, CPU], 14)
    cells: list[Cell] = [[("db-01", "strong")], [("94%", "crit")]]
    assert plain(header_line(placed, [NAME, CPU], None)) == "NAME       CPU"
    assert plain(row_line(placed, cells)) == "db-01      94%"


def test_a_missing_cell_is_blank() -> None:
    assert plain(row_line(place([NAME, CPU], 11), [[("db-01", "text")]])) == "db-01      "


def test_the_sorted_column_has_an_arrow() -> None:
    placed = place([NAME, CPU], 11)
    assert plain(header_line(placed, [NAME, CPU], ("cpu", True))) == "NAME   CPU▼"
    assert header_line(placed, [NAME, CPU], ("name", False))[0] == ("NAME▲", "accent")
