"""Of a program's output only text and colours reach the terminal, however it is cut into chunks."""

import re
import unicodedata
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from chatops_tui.render.ansi import Edit, Neutraliser, Piece
from chatops_tui.render.output_lines import OutputLines
from chatops_tui.render.sgr import PLAIN, Style
from chatops_tui.render.text import MAX_MARKS
from chatops_tui.render.tty_text import TtyText

DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
PARTS = [
    *(
        b"\x1b",
        b"\x1b[",
        b"\x1b]",
        b"\x1bP",
        b"\x1b_",
        b"\x1b(",
        b"\x9b",
        b"\x9d",
        b"\x9c",
        b"\x07",
        b"\x1b\\",
    ),
    *(b"31m", b"\x1b[1;32m", b"\x1b[0m", b"0;title", b"52;c;aGk=", b"2J", b"\x1b[H", b"\x1b[6n", b"\x1b[K"),
    *(b"\r", b"\n", b"\r\n", b"\t", b"\b", b"\x00", b"\x7f", b"plain", b"x" * 30, b"\xc2\x9b", b"\xc2\x9d"),
    *("é漢👩‍🚀".encode()[:-2], "\u202e\u2066".encode(), "e\u0301".encode(), "\u0301".encode() * 20),
    *(b"\xff\xfe", b"\xe2\x82", b"\x1b[2K", b"\x1b[1G", b"\x1b[?1049h", b"\x1b[999;1:2;"),
]
HOSTILE = st.lists(st.one_of(st.sampled_from(PARTS), st.binary(max_size=6))).map(b"".join)
CUTS = st.lists(st.integers(0, 200), max_size=6)


def chunks(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def pieces(*data: bytes) -> list[Piece]:
    reader = Neutraliser()
    found = [piece for chunk in data for piece in reader.feed(chunk)]
    return found + reader.finish()


def flat(found: list[Piece]) -> list[Edit | tuple[str, Style]]:
    """One entry a character, so that it does not matter where pieces end."""
    each: list[Edit | tuple[str, Style]] = []
    for piece in found:
        each += [piece] if isinstance(piece, Edit) else [(character, piece[1]) for character in piece[0]]
    return each


def lines(data: bytes, cuts: list[int], limit: int = 40) -> list[tuple[str, bool]]:
    output = OutputLines(limit)
    done = [line for chunk in chunks(data, cuts) for line in output.feed(chunk)]
    return [(line.text, line.ends) for line in done + output.finish()]


def plain(*data: bytes) -> str:
    return "".join(piece.name if isinstance(piece, Edit) else piece[0] for piece in pieces(*data))


def on_terminal(*data: bytes) -> str:
    text = TtyText()
    return "".join(map(text.feed, data)) + text.finish()


@given(HOSTILE)
def test_no_control_or_direction_override_survives(data: bytes) -> None:
    for piece in pieces(data):
        if not isinstance(piece, Edit):
            piece[0].encode()
            bad = [char for char in piece[0] if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}]
            assert bad == []
            assert not {unicodedata.bidirectional(char) for char in piece[0]} & DIRECTIONS


@given(HOSTILE, CUTS)
def test_how_it_is_cut_makes_no_difference(data: bytes, cuts: list[int]) -> None:
    assert flat(pieces(data)) == flat(pieces(*chunks(data, cuts)))
    assert lines(data, []) == lines(data, cuts)


@given(HOSTILE, CUTS)
def test_a_terminal_is_sent_text_colours_and_line_ends_only(data: bytes, cuts: list[int]) -> None:
    sent = on_terminal(*chunks(data, cuts))
    left = re.sub(r"\x1b\[[0-9;]*m|[\r\n]", "", sent)
    assert [char for char in left if unicodedata.category(char) == "Cc"] == []
    assert "\x1b[8" not in sent


@given(HOSTILE, CUTS, st.integers(2, 50))
def test_no_line_is_longer_than_the_limit_allows(data: bytes, cuts: list[int], limit: int) -> None:
    for text, _ends in lines(data, cuts, limit):
        # A tab may lead over the edge.
        assert cell_len(text) < limit + 8
        runs = re.findall(r"[\u0300-\u036f]+", text)
        assert all(len(run) <= MAX_MARKS for run in runs)


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), max_size=300), CUTS)
def test_ordinary_text_arrives_as_it_was(text: str, cuts: list[int]) -> None:
    """But for characters without a width of their own, which are bounded or left out."""
    kept = "".join(char for char in text if cell_len(char))
    arrived = "".join(part for part, _ends in lines(text.encode(), cuts))
    assert kept == "".join(char for char in arrived if cell_len(char))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a\x1b]0;title\x07b", "ab"),
        (b"a\x1b]52;c;aGFjaw==\x1b\\b", "ab"),
        (b"a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\b", "alinkb"),
        (b"a\x1bPq1234\x1b\\b", "ab"),
        (b"a\x1b[2J\x1b[10;10H\x1b[?1049h\x1b[6nb", "ab"),
        (b"a\x1b]never ended\nb", "aNEW_LINEb"),
        (b"a\x1b]0;x\x1b[31mb", "ab"),
        (b"a\x1b]0;x\x18b", "ab"),
        (b"a\x1b(Bb\x1b=c\x1b7d", "abcd"),
        (b"a\x07b\x00c\x7fd\x0ee", "a␇b␀c␡d␎e"),
        (b"a\xc2\x9b31mb\x9bc", "a\ufffd31mb\ufffdc"),
        ("a\u202eb\u2067c".encode(), "a\ufffdb\ufffdc"),
        (b"a\x1b", "a␛"),
        (b"a\x1b[12", "a␛[12"),
        (b"a\x1b[12\nb", "a␛[12NEW_LINEb"),
        (b"a\x1b[" + b"1;" * 200 + b"mb", "a␛[" + "1;" * 200 + "mb"),
        (b"a\xffb\xe2\x82", "a\ufffdb\ufffd"),
        (b"a\x1b[Kb\x1b[0Kc\x1b[2Kd\x1b[1Ke\x1b[1Gf\x1b[5Gg", "aERASE_RESTbERASE_RESTcERASE_LINEdeRETURNfg"),
    ],
)
def test_what_becomes_of_a_sequence(data: bytes, expected: str) -> None:
    assert expected == plain(data)
    assert expected == plain(*(data[place : place + 1] for place in range(len(data))))


def test_colours_survive_and_outlast_lines() -> None:
    assert pieces(b"a\x1b[1;31mb\nc\x1b[md\x1b[>4;2me") == [
        ("a", PLAIN),
        ("b", Style(fg=1, bold=True)),
        Edit.NEW_LINE,
        ("c", Style(fg=1, bold=True)),
        ("d", PLAIN),
        ("e", PLAIN),
    ]


def test_an_endless_string_is_not_kept() -> None:
    """An unfinished title of megabytes costs no memory and hides its own line only."""
    reader = Neutraliser()
    reader.feed(b"\x1b]0;")
    assert [reader.feed(b"x" * 65_536) for _ in range(16)] == [[]] * 16
    assert reader.feed(b"\nseen") == [Edit.NEW_LINE, ("seen", PLAIN)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"one\ntwo", ["one", "two"]),
        (b"one\r\ntwo\r\n", ["one", "two"]),
        (b"\n\n", ["", ""]),
        (b"10%\r20%\r100%\n", ["100%"]),
        (b"100%\r5%\n", ["5%0%"]),
        (b"100%\r\x1b[K5%\n", ["5%"]),
        (b"100%\x1b[2K\r5%\n", ["5%"]),
        (b"wait |\b/\b-\b\\\n", ["wait \\"]),
        (b"N\bNA\bA", ["NA"]),
        (b"\b\b\bx", ["x"]),
        (b"a\tb", ["a       b"]),
        (b"12345678\tb", ["12345678        b"]),
        (b"abcdefghij\ra\tX", ["abcdefghXj"]),
        ("漢字\rx".encode(), ["x 字"]),
        ("abc\r漢".encode(), ["漢c"]),
        ("a漢c\rxy".encode(), ["xy c"]),
        ("漢字\b\b\x1b[K".encode(), ["漢"]),
        ("漢字\b\x1b[K".encode(), ["漢 "]),
        ("ab\be\u0301".encode(), ["ae\u0301"]),
        ("\rx\r\u0301y".encode(), ["y"]),
        (b"\x1b[2K\x1b[K", []),
        (b"", []),
    ],
)
def test_what_stands_on_the_lines(data: bytes, expected: list[str]) -> None:
    assert expected == [text for text, _ends in lines(data, [], limit=80)]


def test_a_long_line_goes_on_in_the_next() -> None:
    assert lines(b"x" * 25 + b"\ny", [], limit=10) == [
        ("x" * 10, False),
        ("x" * 10, False),
        ("x" * 5, True),
        ("y", False),
    ]
    assert lines("漢字".encode() * 2, [], limit=3) == [
        ("漢", False),
        ("字", False),
        ("漢", False),
        ("字", False),
    ]
    assert all(cell_len(text) <= 16 for text, _ends in lines(b"\t" * 50, [], limit=10))


def test_marks_cannot_be_heaped_up_by_going_back() -> None:
    data = ("e" + ("x\b" + "\u0301" * MAX_MARKS) * 50).encode()
    assert max(map(len, (text for text, _ends in lines(data, [], limit=40)))) <= 2 + 2 * MAX_MARKS


@pytest.mark.parametrize(
    ("chunks_", "expected"),
    [
        ([b"a", b"b\n", b"c"], "ab\nc"),
        ([b"\x1b[31mred", b"der\x1b[0m!\n"], "\x1b[0;31mred\x1b[0m\x1b[0;31mder\x1b[0m!\n"),
        ([b"10%", b"\r20%", b"\n"], "10%\r20%\n"),
        ([b"100%", b"\r\x1b[K5%", b"!\n"], "100%\r5%  \r5%!\n"),
        ([b"a\r"], "a"),
        ([b"last line"], "last line"),
        ([b"a\x1b"], "a␛"),
    ],
)
def test_what_a_terminal_is_sent(chunks_: list[bytes], expected: str) -> None:
    assert expected == on_terminal(*chunks_)


def test_a_terminal_without_utf8_is_sent_ascii() -> None:
    assert TtyText("ascii").feed("│ é ✓\n".encode()) == "| ? +\n"


def test_a_long_line_is_not_broken_on_the_terminal() -> None:
    assert on_terminal(b"x" * 10_000 + b"\n") == "x" * 10_000 + "\n"


@pytest.mark.parametrize("read", [pieces, on_terminal])
def test_half_a_character_waits_for_the_rest(read: Callable[..., object]) -> None:
    whole = "é漢".encode()
    assert read(whole) == read(whole) != []
    assert on_terminal(*(whole[place : place + 1] for place in range(len(whole)))) == "é漢"
