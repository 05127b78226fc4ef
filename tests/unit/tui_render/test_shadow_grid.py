"""Whatever was drawn before, after a picture the terminal shows exactly that picture."""

from typing import Any

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from chatops_tui.driver.celldiff import Run, ShadowGrid
from tests.tui.driver.replay import cells

WIDTH, HEIGHT = 12, 3
STYLES = st.sampled_from(
    [
        None,
        Style(),
        Style(color="#ff0000"),
        Style(color="#00ff00", bgcolor="#000080"),
        Style(bold=True, color="#ff0000"),
        Style(bold=True, italic=True),
        Style(reverse=True, bgcolor="#111111"),
        Style(underline=True, color="#ff0000"),
    ]
)
# One, two and no cells wide, as pyte and rich agree on; the uncertain ones among them.
CHARACTERS = st.sampled_from([*"ab  █─", "漢", "字", "e\u0301", "✖", "⣿"])


@st.composite
def any_line(draw: st.DrawFn) -> list[list[Segment]]:
    """A full line, divided into strips of some segments each, as a compositor divides it."""
    text = "".join(draw(st.lists(CHARACTERS, min_size=WIDTH, max_size=WIDTH)))
    # In the last column pyte, unlike terminals, begins a new line for a mark.
    strip = Strip([Segment(Strip([Segment(text)]).crop(0, WIDTH).text.rstrip("\u0301"))])
    cuts = sorted({0, WIDTH, *draw(st.lists(st.integers(1, WIDTH - 1), max_size=3))})
    parts = strip.divide(cuts[1:])
    # Textual may divide a character from its mark; the grid then leaves the mark out.
    return [[Segment(part.text.lstrip("\u0301"), draw(STYLES))] for part in parts]


PICTURES = st.lists(st.lists(any_line(), min_size=HEIGHT, max_size=HEIGHT), min_size=1, max_size=4)


def runs(picture: list[list[list[Segment]]], lines: set[int]) -> list[Run]:
    found: list[Run] = []
    for y, strips in enumerate(picture):
        x = 0
        for segments in strips:
            width = Strip(segments).cell_length
            if y in lines:
                found.append(Run(x, y, segments, width))
            x += width
    return found


def shown(*texts: str) -> list[list[tuple[Any, ...]]]:
    screen = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.Stream(screen)
    for text in texts:
        stream.feed(text)
    return cells(screen)


def plainly(picture: list[list[list[Segment]]]) -> str:
    """Every line written whole, segment by segment."""
    lines: list[str] = []
    for y, strips in enumerate(picture, 1):
        lines.append(f"\x1b[0m\x1b[{y};1H")
        for text, style, _control in (segment for strip in strips for segment in strip):
            lines.append(Strip.render_style(style or Style(), text, ColorSystem.TRUECOLOR))
    return "".join(lines)


@given(PICTURES)
def test_after_any_pictures_the_terminal_shows_the_last(pictures: list[list[list[list[Segment]]]]) -> None:
    grid = ShadowGrid(WIDTH, HEIGHT)
    every = set(range(HEIGHT))
    written = [grid.draw(runs(picture, every), ColorSystem.TRUECOLOR) for picture in pictures]
    assert shown(*written) == shown(plainly(pictures[-1]))


@given(PICTURES)
def test_the_same_picture_again_costs_nothing(pictures: list[list[list[list[Segment]]]]) -> None:
    grid = ShadowGrid(WIDTH, HEIGHT)
    every = set(range(HEIGHT))
    for picture in pictures:
        grid.draw(runs(picture, every), ColorSystem.TRUECOLOR)
    assert grid.draw(runs(pictures[-1], every), ColorSystem.TRUECOLOR) == ""


@given(PICTURES, st.sets(st.integers(0, HEIGHT - 1)))
def test_lines_can_be_drawn_one_by_one(pictures: list[list[list[list[Segment]]]], lines: set[int]) -> None:
    grid = ShadowGrid(WIDTH, HEIGHT)
    picture = pictures[0]
    rest = set(range(HEIGHT)) - lines
    written = [grid.draw(runs(picture, part), ColorSystem.TRUECOLOR) for part in (lines, rest)]
    assert shown(*written) == shown(plainly(picture))


@given(PICTURES)
def test_what_was_forgotten_is_sent_whole(pictures: list[list[list[list[Segment]]]]) -> None:
    grid = ShadowGrid(WIDTH, HEIGHT)
    every = set(range(HEIGHT))
    for picture in pictures:
        grid.draw(runs(picture, every), ColorSystem.TRUECOLOR)
    grid.forget()
    again = grid.draw(runs(pictures[-1], every), ColorSystem.TRUECOLOR)
    assert shown("\x1b[31mgarbage", "\x1b[0m", again) == shown(plainly(pictures[-1]))


def line(*parts: tuple[str, Style | None], x: int = 0, width: int | None = None) -> Run:
    return Run(x, 0, [Segment(text, style) for text, style in parts], width)


RED = Style(color="#ff0000", bgcolor="#000000")
GREEN = Style(color="#00ff00", bgcolor="#000000")
UNDERLINED = Style(underline=True)
BOLD = Style(color="#ff0000", bgcolor="#000000", bold=True)


def second(before: Run, after: Run) -> str:
    grid = ShadowGrid(WIDTH, HEIGHT)
    grid.draw([before], ColorSystem.TRUECOLOR)
    return grid.draw([after], ColorSystem.TRUECOLOR)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (line(("abc", None)), line(("abd", None)), "\x1b[1;3Hd"),
        (line(("abcdefgh", None)), line(("Xbcdefgh", None)), "\x1b[1;1HX"),
        (line(("abcdefgh", None)), line(("XbcdefgY", None)), "\x1b[1;1HX\x1b[6CY"),
        (line(("abcd", None)), line(("XbcY", None)), "\x1b[1;1HXbcY"),
        (line(("a", RED)), line(("b", RED)), "\x1b[1;1H\x1b[38;2;255;0;0;48;2;0;0;0mb\x1b[0m"),
        (
            line(("ab", RED)),
            line(("b", RED), ("c", GREEN)),
            "\x1b[1;1H\x1b[38;2;255;0;0;48;2;0;0;0mb\x1b[38;2;0;255;0mc\x1b[0m",
        ),
        (
            line(("ab", RED)),
            line(("b", BOLD), ("c", RED)),
            "\x1b[1;1H\x1b[1;38;2;255;0;0;48;2;0;0;0mb\x1b[0;38;2;255;0;0;48;2;0;0;0mc\x1b[0m",
        ),
        (
            line(("x", RED)),
            line(("b", BOLD), ("c", None)),
            "\x1b[1;1H\x1b[1;38;2;255;0;0;48;2;0;0;0mb\x1b[0mc",
        ),
        (line(("漢a", None)), line(("漢b", None)), "\x1b[1;3Hb"),
        (line(("漢a", None)), line(("字b", None)), "\x1b[1;1H字\x1b[1;3Hb"),
        (line(("abc", None)), line(("abc", None)), ""),
        (line(("a b", RED)), line(("a", RED), (" ", GREEN), ("b", RED)), ""),
        (
            line(("a", None)),
            line(("a", RED), (" ", GREEN), ("b", RED)),
            "\x1b[1;1H\x1b[38;2;255;0;0;48;2;0;0;0ma b\x1b[0m",
        ),
        (line(("a b", UNDERLINED)), line(("ab", UNDERLINED), (" ", None)), "\x1b[1;2H\x1b[4mb\x1b[0m "),
    ],
)
def test_as_little_as_can_be_is_sent(before: Run, after: Run, expected: str) -> None:
    assert second(before, after) == expected


def test_what_lies_outside_the_terminal_is_not_drawn() -> None:
    grid = ShadowGrid(4, 1)
    outside = [Run(0, 1, [Segment("a")]), Run(4, 0, [Segment("b")]), Run(-1, 0, [Segment("c")])]
    assert grid.draw(outside, ColorSystem.TRUECOLOR) == ""
    assert grid.draw([Run(2, 0, [Segment("abcdef")])], ColorSystem.TRUECOLOR) == "\x1b[1;3Hab"


def test_half_a_wide_character_at_the_edge_of_a_run_becomes_a_blank() -> None:
    grid = ShadowGrid(WIDTH, HEIGHT)
    assert grid.draw([line(("a漢", None), width=2)], ColorSystem.TRUECOLOR) == "\x1b[1;1Ha "


def test_a_wide_character_that_is_hit_from_outside_is_sent_again() -> None:
    grid = ShadowGrid(WIDTH, HEIGHT)
    grid.draw([line(("a漢b字c", None))], ColorSystem.TRUECOLOR)
    grid.draw([line(("xyz", None), x=2, width=3)], ColorSystem.TRUECOLOR)
    again = grid.draw([line(("a漢b字c", None))], ColorSystem.TRUECOLOR)
    assert "漢" in again
    assert "字" in again


def test_controls_never_pass() -> None:
    grid = ShadowGrid(WIDTH, HEIGHT)
    hostile = "a\x1b]0;x\x07\u200d\x9bb"
    written = grid.draw([Run(0, 0, [Segment(hostile), Segment("\x1b[2J\x9b")])], ColorSystem.TRUECOLOR)
    assert "\x1b]" not in written
    assert "\x1b[2J" not in written
    assert not set("\x07\x9b") & set(written)


def test_control_segments_are_left_out() -> None:
    grid = ShadowGrid(WIDTH, HEIGHT)
    assert grid.draw([Run(0, 0, [Segment("\x07", None, [(0,)])])], ColorSystem.TRUECOLOR) == ""  # type: ignore[list-item]


def test_joined_emoji_are_one_character() -> None:
    grid = ShadowGrid(WIDTH, HEIGHT)
    family = "\U0001f468\u200d\U0001f469"
    assert grid.draw([line((family + "x", None))], ColorSystem.TRUECOLOR) == f"\x1b[1;1H{family}x"


def test_a_mark_without_anything_to_stand_on_is_left_out() -> None:
    grid = ShadowGrid(WIDTH, HEIGHT)
    assert grid.draw([line(("\u0301a", None))], ColorSystem.TRUECOLOR) == "\x1b[1;1Ha"


def test_colours_are_those_the_terminal_has() -> None:
    grid = ShadowGrid(WIDTH, HEIGHT)
    written = grid.draw([line(("a", Style(color="#ff0000")))], ColorSystem.STANDARD)
    assert written == "\x1b[1;1H\x1b[31ma\x1b[0m"


def test_segments_beyond_the_room_are_not_even_looked_at() -> None:
    grid = ShadowGrid(2, 1)
    assert grid.draw([line(("abc", None), ("def", RED))], ColorSystem.TRUECOLOR) == "\x1b[1;1Hab"


def test_a_gap_in_another_colour_is_stepped_over() -> None:
    written = second(line(("a", RED), ("b", GREEN), ("c", RED)), line(("X", RED), ("b", GREEN), ("Y", RED)))
    assert written == "\x1b[1;1H\x1b[38;2;255;0;0;48;2;0;0;0mX\x1b[1CY\x1b[0m"
