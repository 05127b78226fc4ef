"""What stands in for glyphs a font does not have."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from chatops_tui.render.charset import Charset, key_name, substitute


@given(st.text(), st.sampled_from(get_args(Charset)))
def test_a_substitute_is_as_wide_as_what_it_stands_for(text: str, charset: Charset) -> None:
    visible = "".join(char for char in text if cell_len(char))
    assert cell_len(substitute(visible, charset)) == cell_len(visible)


@given(st.text())
def test_in_ascii_there_is_nothing_else(text: str) -> None:
    assert substitute(text, "ascii").isascii()


@pytest.mark.parametrize(
    ("charset", "expected"),
    [("braille", "● ✖ ─ 漢 ▍│▌#"), ("block", "• x ─ 漢 ▌│▌#"), ("ascii", "* x - ??  ||#")],
)
def test_glyphs(charset: Charset, expected: str) -> None:
    assert substitute("● ✖ ─ 漢 ▍│▌#", charset) == expected


@pytest.mark.parametrize(
    ("charset", "expected"),
    [("braille", "⏎ ^↑ ←"), ("block", "enter ^↑ ←"), ("ascii", "enter ^up left")],
)
def test_a_key_is_a_word_where_its_substitute_would_be_another_key(charset: Charset, expected: str) -> None:
    assert key_name("⏎ ^↑ ←", charset) == expected
