"""Hostile texts in every field, before every screen and every command of the real programs."""

import asyncio
from pathlib import Path
from typing import Final

import pyte

from tests.deadlines import eventually
from tests.e2e.hostile_fleet import Fleet, fleet_that_says
from tests.e2e.hostile_machine import harmless, hostile
from tests.e2e.terminal_kinds import kinds_in
from tests.integration.client.program import Terminal, chatops, in_terminal

SIZE: Final = (120, 40)
ESC: Final = "\x1b"
# What is pressed, and what then stands on the screen.
WALK: Final = (
    ("?", "Keys: Fleet"), (ESC, "x Run"), ("u", "Group by"), (ESC, "x Run"), ("h", ""), ("h", "TREND"),
    ("g ", ""), ("j ", ""), ("c", "Compare"), (ESC, "TREND"),
    ("b", "Dashboards › Board"), (ESC, "TREND"),  # noqa: RUF001 - as the UI draws it
    ("d", "nginx"), ("G", "─ nginx"), ("N", "New name"), (ESC, "E Shell"),
    ("K", "Cancel"), (ESC, "E Shell"), ("\r", "2 Logs"), ("2", "ERROR line"), ("3", "PATH"),
    ("4", "always"), ("5", "nginx: master"), (ESC, "E Shell"), (ESC, "TREND"),
    ("a", "A Acknowledge"), ("\r", "o Server"), (ESC, "e Ended"), ("2", "C Copy"), ("3", "D End"),
    ("4", "t Test"), (ESC, "TREND"),
    (f"{ESC}[12~", "Settings › Thresholds"), ("2", "Settings › Channels"), ("3", "Settings › Users"),  # noqa: RUF001 - as the UI draws it
    ("4", "O Rotate"), ("5", "D Take away"), (ESC, "TREND"),
    ("W", "Whole entry"), ("\r", "Audit log ›"), (ESC, "Whole entry"), (ESC, "TREND"),  # noqa: RUF001 - as the UI draws it
    ("g\r", "2 Processes"), ("2", "http.server"), ("3", "/var"), ("4", "eth0"), ("5", "kernel"),
    ("6", "o Open"), ("o", "Follow a log"), ("syslog\r", "ERROR line 4"), ("8", "nginx"), ("7", "⏎ Run"),
    ("ls\r", "printed"), ("\x14", "no shell here"),
)  # fmt: skip
WEB: Final = "the first server"
COMMANDS: Final = (
    ("top",), ("top", WEB), ("status",), ("status", "--line"), ("chart", WEB, "cpu.percent"),
    ("coverage",), ("servers",), ("containers",), ("containers", WEB), ("alerts", "--all"), ("audit",),
    ("events",), ("users", "list"), ("grants", "list", WEB), ("sessions", "list"), ("api-keys", "list"),
    ("enroll", "list"), ("ssh-keys", "list"), ("policy", WEB), ("thresholds", "list"),
    ("channels", "list"), ("silence",), ("recordings",),
    ("history",),
    ("docker", WEB, "images"), ("docker", WEB, "df"), ("docker", WEB, "top", "nginx"),
)  # fmt: skip


class Walk:
    """What stands on the screen while keys are pressed."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._screen = pyte.Screen(*SIZE)
        self._stream = pyte.ByteStream(self._screen)
        self._read = 0

    def text(self) -> str:
        written = self._terminal.look()
        self._stream.feed(written[self._read :])
        self._read = len(written)
        return "\n".join(self._screen.display)

    async def until(self, text: str, step: str, without: str = "") -> None:
        def seen_or_over() -> bool:
            shown = self.text()
            there = text in shown and not (without and without in shown)
            return there or self._terminal.process.returncode is not None

        try:
            await eventually(seen_or_over)
        except AssertionError:
            raise AssertionError(f"{step}: no {text!r} in\n{self.text()}") from None
        assert self._terminal.process.returncode is None, f"{step} ended it:\n{self.text()}"


async def walked(fleet: Fleet) -> bytes:
    """Press every key and return what was written to the terminal from start to end."""
    boards = ("--dashboards", str(fleet.folder / "boards.toml"))
    async with in_terminal(*boards, size=SIZE, **fleet.environ) as terminal:
        walk = Walk(terminal)
        await walk.until("● live", "the start")
        before = ""
        for number, (keys, text) in enumerate(WALK):
            terminal.type(keys.encode())
            # Escape with a key behind it is another key: what it closes has to be gone first.
            await walk.until(text, f"step {number}, {keys!r}", before if keys == ESC else "")
            before = text
        terminal.type(b"\x11")
        assert await terminal.ends() == 0
        assert b"Traceback" not in terminal.seen
        return bytes(terminal.seen)


async def test_no_screen_writes_what_a_machine_says_as_it_stands(tmp_path: Path) -> None:
    written: list[set[str]] = []
    for say in (harmless, hostile):
        folder = tmp_path / say.__name__
        folder.mkdir()
        async with fleet_that_says(say, folder) as fleet:
            written.append(kinds_in(await walked(fleet)))
    assert written[1] - written[0] == set()


async def test_no_command_prints_what_a_machine_says_as_it_stands(tmp_path: Path) -> None:
    async with fleet_that_says(hostile, tmp_path) as fleet:
        # A few at once: each is a program of its own.
        for first in range(0, len(COMMANDS), 4):
            await asyncio.gather(*(_prints(fleet, words) for words in COMMANDS[first : first + 4]))


async def _prints(fleet: Fleet, words: tuple[str, ...]) -> None:
    named = [fleet.server if word == WEB else word for word in words]
    ran = await chatops(*named, stdin=b"", **fleet.environ)
    assert (ran.status in {0, 1}, "Traceback" in ran.err) == (True, False), (words, ran)
    assert kinds_in(ran.out + ran.err.encode()) <= {"'\\n'"}, (words, ran)


async def test_output_and_logs_are_harmless_in_a_terminal(tmp_path: Path) -> None:
    """In a pipe they are what was written, byte by byte."""
    written: list[set[str]] = []
    for say in (harmless, hostile):
        folder = tmp_path / say.__name__
        folder.mkdir()
        async with fleet_that_says(say, folder) as fleet:
            written.append(await _shown(fleet, "exec", "--select", "tag:web", "--", "ls"))
            written[-1] |= await _shown(fleet, "logs", fleet.server, "--container", "nginx")
    # Colours are the command's own to choose.
    assert written[1] - written[0] <= {"CSI m"}


async def _shown(fleet: Fleet, *words: str) -> set[str]:
    async with in_terminal(*words, size=SIZE, **fleet.environ) as terminal:
        assert await terminal.ends() in {0, 1}
        assert b"printed" in terminal.seen or b"ERROR line 4" in terminal.seen
        return kinds_in(bytes(terminal.seen))
