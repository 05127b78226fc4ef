"""What a newcomer is shown: never half a sequence or character, and the modes that were set before."""

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_agent.actions.terminals.replay import Replay

SIZE = 1000
# What programs write: text, colours, cursor movements, modes, titles.
WRITTEN = st.lists(
    st.sampled_from(
        [b"plain text ", b"\r\n", "grüße ✓ ".encode(), b"\x1b[31m", b"\x1b[0m", b"\x1b[2;5H", b"\x1b[K",
         b"\x1b]0;title\x07", b"\x1b(B", b"\x1b[?25l", b"\x1b[?25h", b"\x1b[?7l"]
    ),
    max_size=400,
)  # fmt: skip


def _replay(*parts: bytes, size: int = SIZE) -> bytes:
    replay = Replay(size)
    for part in parts:
        replay.add(part)
    return replay.snapshot()


def test_what_fits_is_shown_as_it_was_written() -> None:
    assert _replay(b"\x1b[31mred", b"\xc3", b"\xbc") == b"\x1b[31mred\xc3\xbc"


@given(parts=WRITTEN)
def test_it_is_at_most_its_size_and_the_end_of_what_was_written(parts: list[bytes]) -> None:
    shown = _replay(*parts)
    written = b"".join(parts)
    kept = shown[shown.index(b"m") + 1 :] if len(written) > SIZE else shown
    assert len(shown) <= SIZE + 100
    assert written.endswith(
        kept.removeprefix(b"\x1b[?25l").removeprefix(b"\x1b[?7l").removeprefix(b"\x1b[?25l")
    )


@given(parts=WRITTEN)
def test_it_begins_with_no_half_sequence_or_character(parts: list[bytes]) -> None:
    shown = _replay(*parts)
    assert "�" not in shown.decode()
    screen = pyte.Screen(80, 24)
    pyte.ByteStream(screen).feed(shown)
    # The rest of a cut sequence would stand there as text.
    rows = "".join(screen.display)
    assert not any(rest in rows for rest in ("[31m", "31m", "[0m", ";5H", "?25", "0;title", "(B"))


@pytest.mark.parametrize("mode", [1, 1000, 1006, 1049, 2004])
def test_a_mode_set_long_ago_is_set_again(mode: int) -> None:
    shown = _replay(b"\x1b[?%dh" % mode, b"line\r\n" * 1000)
    assert b"\x1b[?%dh" % mode in shown
    shown = _replay(b"\x1b[?%dh" % mode, b"line\r\n" * 1000, b"\x1b[?%dl" % mode, b"line\r\n" * 1000)
    assert b"\x1b[?%d" % mode not in shown


def test_a_hidden_cursor_stays_hidden_and_a_shown_one_is_not_mentioned() -> None:
    assert b"\x1b[?25l" in _replay(b"\x1b[?25l", b"line\r\n" * 1000)
    assert b"\x1b[?25" not in _replay(b"\x1b[?25l\x1b[?25h", b"line\r\n" * 1000)


def test_several_modes_in_one_sequence_and_the_keypad_are_kept() -> None:
    shown = _replay(b"\x1b[?1002;1006h\x1b=", b"line\r\n" * 1000)
    assert b"\x1b[?1002h" in shown
    assert b"\x1b[?1006h" in shown
    assert b"\x1b=" in shown


@pytest.mark.parametrize("reset", [b"\x1bc", b"\x1b[!p"])
def test_a_reset_forgets_them(reset: bytes) -> None:
    assert _replay(b"\x1b[?1049h\x1b=", reset, b"line\r\n" * 1000).startswith(b"\x1b[0mline\r\n")


def test_a_mode_that_clears_the_screen_is_not_set_again() -> None:
    assert b"\x1b[?3h" not in _replay(b"\x1b[?3h", b"line\r\n" * 1000)


def test_a_line_without_end_is_cut_between_characters() -> None:
    shown = _replay("✓".encode() * 30_000)
    assert set(shown.decode().removeprefix("\x1b[0m")) == {"✓"}
