"""Lists without a language of their own are sorted and filtered by what stands in their cells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.render.columns import Column
from chatops_tui.render.spans import Cell
from chatops_tui.screens.plain_list import arranged, magnitude, sorts_of
from chatops_tui.store.selectors import Order

COLUMNS = (
    Column("mark", "", 1),
    Column("name", "NAME", 8),
    Column("size", "SIZE", 6, align="right"),
)


def _cells(name: str, size: str) -> list[Cell]:
    return [[("●", "ok")], [(name, "strong")], [(size, "text")]]


ROWS = {
    "a": _cells("nginx", "1.2G"),
    "b": _cells("Redis", "800M"),
    "c": _cells("alpine", "12K"),
    "d": _cells("none", ""),
    "e": _cells("dash", "-"),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", 12.0),
        ("45%", 45.0),
        ("1.5K", 1536.0),
        ("↓ 2M", 2 * 1024.0**2),
        ("3h", 10_800.0),
        ("12m", 720.0),
        ("41d", 41 * 86_400.0),
        ("40M/s", 40 * 1024.0**2),
        ("nginx", None),
        ("-", None),
        ("", None),
    ],
)
def test_figures_are_read_as_they_are_written(text: str, expected: float | None) -> None:
    assert magnitude(text) == expected


def test_each_column_with_a_title_sorts() -> None:
    assert [(sort.id, sort.descending) for sort in sorts_of(COLUMNS)] == [("name", False), ("size", True)]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (None, ["a", "b", "c", "d", "e"]),
        (Order("name", descending=False), ["c", "e", "a", "d", "b"]),
        (Order("size", descending=False), ["c", "b", "a", "e", "d"]),
        (Order("size", descending=True), ["e", "a", "b", "c", "d"]),
        (Order("gone", descending=True), ["a", "b", "c", "d", "e"]),
    ],
)
def test_rows_are_sorted_by_figures_and_words(order: Order | None, expected: list[str]) -> None:
    assert arranged(ROWS, COLUMNS, order) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n", ["a", "c", "d"]),
        ("!n", ["b", "e"]),
        ("name:red", ["b"]),
        ("size>500m", ["a", "b"]),
        ("size<1m", ["c"]),
        ("zzz", []),
    ],
)
def test_a_filter_looks_into_the_cells(text: str, expected: list[str]) -> None:
    assert arranged(ROWS, COLUMNS, None, text) == expected


@given(st.dictionaries(st.text(max_size=4), st.tuples(st.text(max_size=9), st.text(max_size=9)), max_size=8))
def test_whatever_stands_there_every_row_stays_once(texts: dict[str, tuple[str, str]]) -> None:
    rows = {row_id: _cells(*pair) for row_id, pair in texts.items()}
    for sort in sorts_of(COLUMNS):
        assert sorted(arranged(rows, COLUMNS, Order(sort.id, descending=True))) == sorted(rows)
