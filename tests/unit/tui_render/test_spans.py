"""Cells take exactly the room they are given."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.render.spans import INKS, Align, Cell, fit, plain, width

CELLS = st.lists(st.tuples(st.text(max_size=8), st.sampled_from(INKS)), max_size=5)


@given(CELLS, st.integers(0, 30), st.sampled_from(["left", "right"]))
def test_a_fitted_cell_is_exactly_as_wide_as_asked(cell: Cell, size: int, align: Align) -> None:
    assert width(fit(cell, size, align)) == size


@given(CELLS, st.integers(1, 30), st.sampled_from(["left", "right"]))
def test_neighbours_of_one_ink_are_joined_and_none_is_empty(cell: Cell, size: int, align: Align) -> None:
    spans = fit(cell, size, align)
    assert all(text for text, _ink in spans)
    assert all(left[1] != right[1] for left, right in pairwise(spans))


def test_a_short_cell_is_padded_on_the_side_it_is_not_aligned_to() -> None:
    assert plain(fit([("ab", "ok")], 4)) == "ab  "
    assert plain(fit([("ab", "ok")], 4, "right")) == "  ab"


def test_a_long_cell_ends_with_an_ellipsis_in_the_ink_it_was_cut_in() -> None:
    assert fit([("abc", "ok"), ("def", "crit")], 5) == [("abc", "ok"), ("d…", "crit")]


def test_a_cut_in_front_of_a_wide_character_is_padded() -> None:
    assert plain(fit([("漢字漢", "ok")], 4)) == "漢… "
