"""`chatops play` in a real terminal: what it shows, its keys, and a terminal that is as it was."""

import json
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.integration.client.program import chatops, in_terminal

EVENT = Sequence[object]


def cast(folder: Path, *events: EVENT, cols: int = 80, rows: int = 24) -> str:
    """Write a recording and return its path."""
    path = folder / "shell.cast"
    lines = [{"version": 2, "width": cols, "height": rows}, *events]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def contents(path: str | Path) -> bytes:
    return Path(path).read_bytes()


async def test_a_recording_is_played_to_its_end_and_left(tmp_path: Path) -> None:
    path = cast(tmp_path, (0.01, "o", "one\r\n"), (0.02, "o", "\x1b]52;c;aGk=\x07two\x1b[6n"))
    async with in_terminal("play", path) as terminal:
        before = terminal.settings
        await terminal.shows(b"one\r\ntwo")
        await terminal.shows(b" over 0:00/0:00 1x")
        assert terminal.is_raw
        terminal.type(b"q")
        assert await terminal.ends() == 0
        assert terminal.settings == before
    assert b"\x1b]52" not in terminal.seen
    assert b"\x1b[6n" not in terminal.seen


async def test_it_pauses_goes_faster_forward_back_and_begins_again(tmp_path: Path) -> None:
    path = cast(tmp_path, (0.0, "o", "start"), (3600.0, "o", "middle"), (7200.0, "o", "end"))
    async with in_terminal("play", path, "--all-pauses", "--speed", "16") as terminal:
        await terminal.shows(b"start")
        terminal.type(b" ")
        await terminal.shows(b" paused 0:0")
        await terminal.shows(b"/120:00 16x, all pauses")
        terminal.seen.clear()
        # An hour at sixteen times is long; with short pauses it is over soon.
        terminal.type(b"i ")
        await terminal.shows(b"middleend")
        await terminal.shows(b" over 0:04/0:04")
        terminal.seen.clear()
        terminal.type(b"0")
        await terminal.shows(b"start")
        await terminal.shows(b" over ")
        terminal.seen.clear()
        terminal.type(b"\x1b[D")
        await terminal.shows(b"start")
        terminal.type(b"\x1b[C")
        await terminal.shows(b"end")
        # A function key that means nothing is not its first byte, which would leave.
        terminal.type(b"\x1b[A")
        terminal.seen.clear()
        terminal.type(b"0")
        await terminal.shows(b"start")
        terminal.type(b"\x03")
        assert await terminal.ends() == 0


async def test_a_recording_larger_than_the_terminal_says_so(tmp_path: Path) -> None:
    path = cast(tmp_path, (0.0, "o", "x"), cols=160, rows=48)
    async with in_terminal("play", path) as terminal:
        await terminal.shows(b"recorded at 160x48, larger than this terminal of 80x24")
        terminal.seen.clear()
        terminal.resize(200, 60)
        await terminal.shows(b"x")
        await terminal.shows(b" over ")
        assert b"larger" not in terminal.seen
        terminal.type(b"q")
        assert await terminal.ends() == 0


async def test_a_signal_gives_the_terminal_back(tmp_path: Path) -> None:
    path = cast(tmp_path, (0.0, "o", "\x1b[?1049h\x1b[?25ldrawn"), (900.0, "o", "never"))
    async with in_terminal("play", path, "--all-pauses") as terminal:
        before = terminal.settings
        await terminal.shows(b"drawn")
        terminal.seen.clear()
        terminal.process.send_signal(signal.SIGTERM)
        assert await terminal.ends() == 128 + signal.SIGTERM
        assert terminal.settings == before
        assert b"\x1b[?1049l" in terminal.seen
        assert b"\x1b[?25h" in terminal.seen


async def test_it_is_printed_as_it_is_and_saved_to_a_new_file_only(tmp_path: Path) -> None:
    path = cast(tmp_path, (0.0, "o", "x"))
    printed = await chatops("play", path, "--json")
    assert (printed.status, printed.out) == (0, contents(path))
    copy = tmp_path / "copy.cast"
    assert (await chatops("play", path, "--save", str(copy))).status == 0
    assert contents(copy) == contents(path)
    again = await chatops("play", path, "--save", str(copy))
    assert again.status == 1
    assert "File exists" in again.err


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--speed", "0"), 2, "no speed"),
        (("--speed", "fast"), 2, "no speed"),
        ((), 2, "needs a terminal"),
    ],
)
async def test_what_cannot_be_played_says_why(
    tmp_path: Path, words: tuple[str, ...], status: int, said: str
) -> None:
    found = await chatops("play", cast(tmp_path), *words)
    assert found.status == status
    assert said in found.err


async def test_what_is_no_recording_is_told(tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_text("no cast")
    async with in_terminal("play", str(path)) as terminal:
        assert await terminal.ends() == 1
        assert b"does not begin as an asciicast does" in terminal.seen
