"""Bars and sparklines in the three character sets."""

import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.render.bars import bar
from chatops_tui.render.charset import Charset
from chatops_tui.render.sparkline import sparkline

CHARSETS = st.sampled_from(get_args(Charset))
VALUES = st.lists(st.one_of(st.none(), st.floats(allow_nan=True)), max_size=30)


@given(st.one_of(st.none(), st.floats()), st.integers(0, 40), CHARSETS)
def test_a_bar_is_exactly_as_wide_as_asked(fraction: float | None, size: int, charset: Charset) -> None:
    assert sum(map(len, bar(fraction, size, charset))) == size


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 20))
def test_a_longer_bar_is_never_shorter(one: float, other: float, size: int) -> None:
    low, high = sorted((one, other))
    full = [sum(" ╸━".index(cell) for cell in bar(share, size)[0]) for share in (low, high)]
    assert full[0] <= full[1]


@pytest.mark.parametrize(
    ("fraction", "charset", "expected"),
    [
        (0.0, "braille", ("", "────")),
        (0.001, "braille", ("╸", "───")),
        (0.5, "braille", ("━━", "──")),
        (0.6, "braille", ("━━╸", "─")),
        (1.0, "braille", ("━━━━", "")),
        (7.0, "braille", ("━━━━", "")),
        (-1.0, "braille", ("", "────")),
        (None, "braille", ("", "────")),
        (math.nan, "ascii", ("", "....")),
        (0.4, "block", ("══", "──")),
        (0.5, "ascii", ("##", "..")),
    ],
)
def test_bars(fraction: float | None, charset: Charset, expected: tuple[str, str]) -> None:
    assert bar(fraction, 4, charset) == expected


@given(VALUES, CHARSETS)
def test_a_sparkline_has_a_cell_for_each_value(values: list[float | None], charset: Charset) -> None:
    assert len(sparkline(values, charset=charset)) == len(values)


@pytest.mark.parametrize(
    ("values", "top", "charset", "expected"),
    [
        ([0, 50, 100], 100, "braille", "▁▄▇"),
        ([0, None, math.nan, 100], 100, "braille", "▁  ▇"),
        ([-5, 500], 100, "braille", "▁▇"),
        ([1, 2, 4], None, "braille", "▂▄▇"),
        ([0, 0], None, "braille", "▁▁"),
        ([0, 50, 100], 100, "block", "_▄█"),
        ([0, 100], 100, "ascii", "_#"),
        ([], None, "ascii", ""),
    ],
)
def test_sparklines(values: list[float | None], top: float | None, charset: Charset, expected: str) -> None:
    assert sparkline(values, top=top, charset=charset) == expected
