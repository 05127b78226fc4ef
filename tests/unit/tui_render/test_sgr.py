"""Colours and attributes: what a sequence changes, and that writing one is the inverse of reading it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chatops_tui.render.sgr import PLAIN, Colour, Style, sequence, styled

BYTE = st.integers(0, 255)
COLOURS: st.SearchStrategy[Colour | None] = st.none() | BYTE | st.tuples(BYTE, BYTE, BYTE)
STYLES = st.builds(Style, COLOURS, COLOURS, *[st.booleans()] * 6)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("", PLAIN),
        ("0", PLAIN),
        ("1", Style(bold=True)),
        ("2;3;4;7;9", Style(dim=True, italic=True, underline=True, reverse=True, strike=True)),
        ("1;22", PLAIN),
        ("4:3", Style(underline=True)),
        ("4;4:0", PLAIN),
        ("31", Style(fg=1)),
        ("91;107", Style(fg=9, bg=15)),
        ("31;39;41;49", PLAIN),
        ("38;5;208", Style(fg=208)),
        ("48;2;1;2;3", Style(bg=(1, 2, 3))),
        ("38:5:9", Style(fg=9)),
        ("38:2:1:2:3", Style(fg=(1, 2, 3))),
        ("38:2::1:2:3", Style(fg=(1, 2, 3))),
        ("38:2::1:2:3:0:0", Style(fg=(1, 2, 3))),
        ("58;5;1;1", Style(bold=True)),
        ("58:2::1:2:3;3", Style(italic=True)),
        ("5;8;25;28", PLAIN),
        ("38;5;256", PLAIN),
        ("38;9", PLAIN),
        ("38", PLAIN),
        ("38;2;1", Style(fg=(1, 0, 0))),
        ("98;99;108;109;110", PLAIN),
        ("99999999999999999999;1", Style(bold=True)),
    ],
)
def test_a_sequence_changes_the_style(parameters: str, expected: Style) -> None:
    assert expected == styled(PLAIN, parameters)


@given(STYLES)
def test_what_is_written_is_read_as_the_same_style(style: Style) -> None:
    assert style == styled(Style(fg=7, bold=True), sequence(style)[2:-1])


@given(STYLES)
def test_a_change_keeps_what_it_does_not_name(style: Style) -> None:
    assert replace(style, italic=True) == styled(style, "3")


@given(STYLES, st.text("0123456789;:", max_size=40))
def test_any_parameters_lead_to_a_style_that_can_be_written(style: Style, parameters: str) -> None:
    assert styled(PLAIN, sequence(styled(style, parameters))[2:-1]) == styled(style, parameters)
