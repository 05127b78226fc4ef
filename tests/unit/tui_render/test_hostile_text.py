"""What comes from another machine cannot reach the terminal as anything but text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from chatops_tui.render.text import MAX_MARKS, clean, cut, head

ANYTHING = st.text(st.characters(codec=None, exclude_categories=()))
ESCAPES = st.sampled_from(
    [
        "\x1b",
        "\x1b[",
        "\x1b]",
        "\x1bP",
        "\x9b",
        "\x9d",
        "\x9c",
        "\x07",
        "\x1b\\",
        "31m",
        "0;x",
        "52;c;",
        "[2J",
        "é",
        "漢",
    ]
)
HOSTILE = st.one_of(ANYTHING, st.lists(st.one_of(ESCAPES, ANYTHING)).map("".join))
DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@given(HOSTILE)
def test_no_control_direction_or_unencodable_character_survives(text: str) -> None:
    result = clean(text)
    result.encode("utf-8")
    left = [
        char
        for char in result
        if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}
        or unicodedata.bidirectional(char) in DIRECTIONS
    ]
    assert left == []


@given(HOSTILE)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(HOSTILE, st.integers(1, 50))
def test_the_limit_holds(text: str, limit: int) -> None:
    assert len(clean(text, limit)) <= limit


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=100))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("hostile", "expected"),
    [
        ("\x1b]0;title\x07db-01", "db-01"),
        ("\x1b]52;c;aGFjaw==\x1b\\db-01", "db-01"),
        ("\x1b[2J\x1b[31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x9d0;title\x9cdb", "db"),
        ("\x1bP1$r0m\x1b\\x", "x"),
        ("unterminated \x1b]0;all the rest", "unterminated "),
        ("\x1bc reset", " reset"),
        ("a\x1b", "a"),
        ("bell\x07", "bell\ufffd"),
        ("\u202egnp.exe", "\ufffdgnp.exe"),
        ("line\nbreak\r\nand\ttab", "line break and tab"),
        ("ca\u0301fe", "ca\u0301fe"),
        ("heart \u2764\ufe0f", "heart \u2764"),
        ("family \U0001f468\u200d\U0001f469", "family \U0001f468\U0001f469"),
        ("surrogate \udcff", "surrogate \ufffd"),
        ("z" + "\u0301" * 40, "z" + "\u0301" * MAX_MARKS),
    ],
)
def test_known_attacks(hostile: str, expected: str) -> None:
    assert clean(hostile) == expected


def test_a_long_line_ends_with_an_ellipsis() -> None:
    assert clean("x" * 20, 5) == "xxxx…"


@given(st.text(), st.integers(0, 30))
def test_a_cut_fits_and_says_when_something_is_lost(text: str, size: int) -> None:
    result = cut(text, size)
    assert cell_len(result) <= size
    assert result == text or size == 0 or result.endswith("…")


@given(st.text(), st.integers(0, 30))
def test_a_head_is_the_longest_beginning_that_fits(text: str, size: int) -> None:
    kept = head(text, size)
    assert text.startswith(kept)
    assert cell_len(kept) <= size
    assert kept == text or cell_len(text[: len(kept) + 1]) > size


def test_a_wide_character_is_not_cut_in_half() -> None:
    assert cut("漢字漢字", 4) == "漢…"
