"""What a remote program changed about the terminal is undone, and nothing else is touched."""

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.relay.keys import DetachKey
from chatops_tui.relay.modes import Modes

LAST = b"\x1b(B\x0f\x1b[m"


def undone(*data: bytes) -> bytes:
    modes = Modes()
    for chunk in data:
        modes.feed(chunk)
    undo = modes.undo()
    assert undo.endswith(LAST)
    assert modes.undo() == LAST
    return undo.removesuffix(LAST)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"plain text \x1b[31m in red\r\n", b""),
        (b"\x1b[?1049h", b"\x1b[?1049l"),
        (b"\x1b[?1049h\x1b[?1049l", b""),
        (b"\x1b[?1000;1002;1006h", b"\x1b[?1000l\x1b[?1002l\x1b[?1006l"),
        (b"\x1b[?2004h\x1b[?25l\x1b[?7l", b"\x1b[?2004l\x1b[?7h\x1b[?25h"),
        (b"\x1b[?25l\x1b[?25h", b""),
        (b"\x1b[?1h\x1b=", b"\x1b[?1l\x1b>"),
        (b"\x1b=\x1b>", b""),
        (b"\x1b[>1u\x1b[>5u", b"\x1b[<2u"),
        (b"\x1b[>1u\x1b[<u", b""),
        (b"\x1b[>1u\x1b[<9u", b""),
        (b"\x1b[=5;1u", b"\x1b[=0;1u"),
        (b"\x1b[>4;2m", b"\x1b[>4m"),
        (b"\x1b[>4;2m\x1b[>4;0m", b""),
        (b"\x1b[5 q", b"\x1b[0 q"),
        (b"\x1b[5 q\x1b[ q", b""),
        (b"\x1b[2;10r", b"\x1b7\x1b[r\x1b8"),
        (b"\x1b[2;10r\x1b[r", b""),
        (b"\x1b[?1049h\x1b[?1000h\x1bc", b""),
        (b"\x1b[?12345678h\x1b[?;;h\x1b[?12h", b""),
        (b"\x1b[?1000h\x1b[?1049h\x1b[?25l", b"\x1b[?1000l\x1b[?1049l\x1b[?25h"),
    ],
)
def test_what_was_changed_is_undone(data: bytes, expected: bytes) -> None:
    assert expected == undone(data)
    assert expected == undone(*(data[place : place + 1] for place in range(len(data))))


@given(st.lists(st.sampled_from([1, 5, 6, 7, 25, 1000, 1049, 2004]), max_size=8), st.booleans())
def test_a_terminal_is_as_it_was(modes: list[int], is_on: bool) -> None:  # noqa: FBT001 - drawn
    """Against a terminal emulator that never saw the program."""
    data = b"".join(b"\x1b[?%d%c" % (mode, b"h"[0] if is_on else b"l"[0]) for mode in modes)
    touched, fresh = pyte.Screen(20, 5), pyte.Screen(20, 5)
    stream = pyte.ByteStream(touched)
    stream.feed(data)
    stream.feed(undone(data) + LAST)
    assert touched.mode == fresh.mode


@given(st.binary())
def test_any_bytes_can_be_undone(data: bytes) -> None:
    modes = Modes()
    modes.feed(data)
    assert modes.undo().endswith(LAST)


@pytest.mark.parametrize(
    ("typed", "sent", "is_pressed"),
    [
        (b"ls\r", b"ls\r", False),
        (b"\x1d", b"", True),
        (b"ls\x1drest", b"ls", True),
        (b"\x1b[93;5u", b"", True),
        (b"\x1b[93;133:1u", b"", True),
        (b"\x1b[93;5:3u", b"\x1b[93;5:3u", False),
        (b"\x1b[27;5;93~", b"", True),
        (b"\x1b[93;6u", b"\x1b[93;6u", False),
        (b"\x1b[200~a\x1db\x1b[201~", b"\x1b[200~a\x1db\x1b[201~", False),
        (b"\x1b[200~a\x1b[201~\x1d", b"\x1b[200~a\x1b[201~", True),
    ],
)
def test_ctrl_bracket_is_kept_and_all_else_sent(typed: bytes, sent: bytes, is_pressed: bool) -> None:  # noqa: FBT001 - a table's column
    assert DetachKey().feed(typed) == (sent, is_pressed)


def test_a_paste_in_parts_is_a_paste() -> None:
    key = DetachKey()
    parts = [b"\x1b[20", b"0~a\x1d", b"\x1d", b"b\x1b[2", b"01~"]
    assert [key.feed(part) for part in parts] == [(part, False) for part in parts]
    assert key.feed(b"\x1d") == (b"", True)


@given(st.lists(st.sampled_from([b"a", b"\x1b", b"[200~", b"[201~", b"93;5", b"u"])))
def test_what_is_typed_is_sent_unchanged_until_the_key(parts: list[bytes]) -> None:
    key = DetachKey()
    for part in parts:
        sent, is_pressed = key.feed(part)
        if is_pressed:
            return
        assert sent == part
