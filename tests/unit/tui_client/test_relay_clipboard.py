"""No remote program writes the clipboard through a relay, whatever it sends and however that is cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.relay.clipboard import ClipboardFilter

PARTS = [
    *(
        b"\x1b",
        b"\x1b\x1b",
        b"]",
        b"\x1b]",
        b"5",
        b"2",
        b";",
        b"52;c;",
        b"\x1b]52;c;aGk=",
        b"\x07",
        b"\x1b\\",
        b"\x9c",
    ),
    *(
        b"\xc2",
        b"\xc2\x9d",
        b"\x9d",
        b"\xc2\x9c",
        b"0",
        b"00",
        b"\x00",
        b"\x01\x02",
        b"\x18",
        b"\x7f",
        b"x",
        b"\x1bP",
    ),
    *(
        b"tmux;",
        b"\x1b]0;title\x07",
        b"1337;",
        b"Copy=",
        b"Cop",
        b"File=",
        b"5522;",
        b"\x1b[31m",
        b"\n",
        b"\x1bc",
    ),
]
STREAMS = st.lists(st.one_of(st.sampled_from(PARTS), st.binary(max_size=3)), max_size=30).map(b"".join)
CUTS = st.lists(st.integers(0, 120), max_size=5)


def through(*data: bytes, is_utf8: bool = True) -> bytes:
    guard = ClipboardFilter(is_utf8=is_utf8)
    return b"".join(map(guard.feed, data)) + guard.finish()


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(each, len(data)) for each in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def commands(data: bytes, *, is_utf8: bool) -> list[bytes]:
    """The operating system commands a terminal would carry out: a plain reading of ECMA-48 and xterm."""
    introducers = (b"\x1b]", b"\xc2\x9d" if is_utf8 else b"\x9d")
    last = b"\xc2\x9c" if is_utf8 else b"\x9c"
    found: list[bytes] = []
    body: bytearray | None = None
    place = 0
    while place < len(data):
        opening = next((each for each in introducers if data.startswith(each, place)), b"")
        ending = next((each for each in (b"\x1b\\", b"\x07", last) if data.startswith(each, place)), b"")
        if opening:
            # Also where a string is open, as a terminal in a terminal may see it.
            found += [bytes(body)] if body is not None else []
            body = bytearray()
        elif body is not None and (ending or data[place] in b"\x1b\x18\x1a"):
            found.append(bytes(body))
            body = None
        elif body is not None and data[place] not in {*range(0x20), 0x7F}:
            body.append(data[place])
        place += len(opening or ending) or 1
    return found + ([bytes(body)] if body is not None else [])


def is_copying(body: bytes) -> bool:
    number, _, rest = body.partition(b";")
    if not number.isdigit():
        digits = number[: len(number) - len(number.lstrip(b"0123456789"))]
        return bool(digits) and int(digits) in {52, 5522} and digits == number
    return int(number) in {52, 5522} or (int(number) == 1337 and rest.lower().startswith(b"copy"))


@given(STREAMS, CUTS, st.booleans())
def test_no_clipboard_command_comes_through(data: bytes, cuts: list[int], is_utf8: bool) -> None:  # noqa: FBT001 - drawn
    passed = through(*cut(data, cuts), is_utf8=is_utf8)
    assert [body for body in commands(passed, is_utf8=is_utf8) if is_copying(body)] == []


@given(STREAMS, CUTS, st.booleans())
def test_how_it_is_cut_makes_no_difference(data: bytes, cuts: list[int], is_utf8: bool) -> None:  # noqa: FBT001 - drawn
    data = data.replace(b"\x1b\x1b\x1b", b"\x1b")
    assert through(data, is_utf8=is_utf8) == through(*cut(data, cuts), is_utf8=is_utf8)


@given(st.lists(st.sampled_from([part for part in PARTS if b"]" not in part and b"\x9d" not in part])), CUTS)
def test_everything_else_passes_as_it_is(parts: list[bytes], cuts: list[int]) -> None:
    data = b"".join(parts).replace(b"\x1b\x1b", b"\x1b").replace(b"]", b"")
    assert data == through(*cut(data, cuts))


@pytest.mark.parametrize(
    ("data", "passed"),
    [
        (b"a\x1b]52;c;aGFjaw==\x07b", b"a\x1b\\b"),
        (b"a\x1b]52;c;aGFjaw==\x1b\\b", b"a\x1b\\b"),
        (b"a\x1b]052;c;x\x07b", b"a\x1b\\b"),
        (b"a\x1b]5\x002;c;x\x07b", b"a\x1b\\b"),
        (b"a\x1b]52\x07b", b"a\x1b\\b"),
        (b"a\xc2\x9d52;c;x\xc2\x9cb", b"a\x1b\\b"),
        (b"a\x1b]5522;type=write\x07b", b"a\x1b\\b"),
        (b"a\x1b]1337;CopyToClipboard=\x07text\x1b]1337;EndCopy\x07b", b"a\x1b\\text\x1b]1337;EndCopy\x07b"),
        (b"a\x1b]1337;File=inline=1:AAAA\x07b", b"a\x1b]1337;File=inline=1:AAAA\x07b"),
        (b"a\x1b]0;52;title\x07b", b"a\x1b]0;52;title\x07b"),
        (
            b"a\x1b]520;x\x07\x1b]5;x\x07\x1b]8;;http://52\x07",
            b"a\x1b]520;x\x07\x1b]5;x\x07\x1b]8;;http://52\x07",
        ),
        (b"a\x1b]52;c;x\x18b", b"a\x1b\\b"),
        (b"a\x1b]52;c;x\x1b[31mb", b"a\x1b\\\x1b[31mb"),
        (b"\x1bPtmux;\x1b\x1b]52;c;x\x07\x1b\\b", b"\x1bPtmux;\x1b\\\x1b\\b"),
        # What was dropped must not let its neighbours join.
        (b"\x1b]5\x1b]52;c;x\x072;c;evil\x07", b"\x1b]5\x1b\\2;c;evil\x07"),
        (b"\x1b\x1b\x1b]52;c;x\x07]52;c;evil\x07", b"\x1b\\]52;c;evil\x07"),
        ("a❝ quoted ❞b".encode(), "a❝ quoted ❞b".encode()),
        (b"a\x1b", b"a\x1b"),
        (b"a\x1b]", b"a"),
        (b"a\x1b]52;c;never ended", b"a\x1b\\"),
        (b"a\x1b]" + b"0" * 5_000 + b"52;c;x\x07b", b"a\x1b\\b"),
        (b"a\x1b]1337;" + b"\x00" * 5_000 + b"Copy=x\x07b", b"a\x1b\\b"),
    ],
)
def test_what_becomes_of_a_sequence(data: bytes, passed: bytes) -> None:
    assert passed == through(data)
    assert passed == through(*(data[place : place + 1] for place in range(len(data))))


def test_a_terminal_of_single_bytes_has_its_own_introducer() -> None:
    assert through(b"a\x9d52;c;x\x9cb", is_utf8=False) == b"a\x1b\\b"


def test_little_is_kept_back() -> None:
    guard = ClipboardFilter()
    assert guard.feed(b"\x1b" * 100_000) == b""
    assert len(guard.finish()) < 100
    assert guard.feed(b"\x1b]52;c;" + b"A" * 1_000_000) == b"\x1b\\"
    assert guard.feed(b"A" * 1_000_000 + b"\x07done") == b"done"
