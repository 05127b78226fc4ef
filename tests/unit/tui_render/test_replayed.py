"""What a recording may do to the terminal it is played in: draw, and nothing else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.render.replayed import BLANK, Replay

DRAWN = (
    "plain text, grüße, 你好\r\n\ttab\b",
    "\x1b[H\x1b[2J\x1b[3;4H\x1b[K\x1b[1;31mred\x1b[0m\x1b[38;2;1;2;3mtrue\x1b[m",
    "\x1b[?1049h\x1b[?25l\x1b[1;24r\x1b[5A\x1b[2B\x1b[3C\x1b[4D\x1b[L\x1b[M\x1b[@\x1b[P\x1b[X",
    "\x1b[s\x1b[u\x1b7\x1b8\x1b(0lqk\x1b(B\x0e\x0f\x1bM\x1bD\x1b[4h\x1b[4l\x1b[12b",
)
HOSTILE = (
    "\x1b]52;c;aGk=\x07",
    "\x1b]0;title\x1b\\",
    "\x1b]8;;http://x/\x1b\\",
    "\x1b]1337;File=:AAAA\x07",
    "\x1bP$qm\x1b\\",
    "\x1b_application\x1b\\",
    "\x1b^private\x1b\\",
    "\x1b[c",
    "\x1b[>c",
    "\x1b[6n",
    "\x1b[?6n",
    "\x1b[18t",
    "\x1b[22;0t",
    "\x1b[?1000h",
    "\x1b[?1004h",
    "\x1b[?2004h",
    "\x1b[?1h",
    "\x1b[>4;2m",
    "\x1b[>1u",
    "\x1b[5i",
    "\x1b[3J",
    "\x1b[x",
    "\x1b[!p",
    "\x1b[2 q",
    "\x1b=",
    "\x1bZ",
    "\x1b#8",
    "\x05",
    "\x07",
    "\x00",
    "\x1b[20h",
)


@pytest.mark.parametrize("text", DRAWN)
def test_what_draws_passes_as_it_is(text: str) -> None:
    assert Replay().feed(text) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_what_does_more_than_draw_is_dropped(text: str) -> None:
    assert Replay().feed(f"a{text}b") == "ab"


def test_of_several_modes_the_harmless_ones_pass() -> None:
    assert Replay().feed("\x1b[?1049;1000;25h") == "\x1b[?1049;25h"


def test_c1_controls_are_shown_not_sent() -> None:
    assert Replay().feed("a\x9b31mb\x9d0;t\x9c") == "a\ufffd31mb\ufffd0;t\ufffd"


def test_numbers_beyond_any_screen_are_made_small() -> None:
    assert Replay().feed("x\x1b[999999999b\x1b[4000000000;1H") == "x\x1b[999b\x1b[999;1H"


def test_a_reset_only_blanks() -> None:
    assert Replay().feed("\x1bc") == BLANK


@given(st.lists(st.sampled_from([*DRAWN, *HOSTILE]), max_size=8), st.data())
def test_how_the_output_was_cut_changes_nothing(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    replay = Replay()
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert "".join(map(replay.feed, pieces)) == Replay().feed(text)


@given(st.text(alphabet="\x1b[]P?;0123456789hlcnmtJHu$q\x07\x9b\\ab \r\n", max_size=60))
def test_whatever_comes_asks_the_terminal_nothing_and_starts_no_string(text: str) -> None:
    passed = Replay().feed(text)
    assert not any(start in passed for start in ("\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX", "\x9b", "\x9d"))
    # Who it is (c), where its cursor is (n), its modes ($p).
    assert not re.search(r"\x1b\[[?>=]?[0-9;]*\$?[cnp]", passed)
