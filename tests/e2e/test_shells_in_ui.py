"""Shells in the UI for real: the demo's hub and agent, the UI in a terminal, vim and htop in a shell."""

import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from tests.deadlines import DEADLINE_S, eventually
from tests.e2e.demo_process import Demo, running
from tests.integration.client.program import Terminal, chatops, in_terminal

BANNER = b"It is audited. ctrl+] leaves it running, exit ends it.\r\n"
PLAIN_SHELL = b"exec env -i TERM=$TERM PATH=$PATH PS1='ready> ' /bin/sh\r"
PROMPT = b"ready> "
LEAVES = b"\x1d"
ENTERS_UI = b"\x1b[?1049h"
FLEET = b"Fleet"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running(tmp_path_factory.mktemp("shells") / "demo") as demo:
        yield demo


def credentials(demo: Demo) -> dict[str, str]:
    """Return the environment of the demo's user, on a machine of their own."""
    return {
        "CHATOPS_USERNAME": demo.facts["username"],
        "CHATOPS_PASSWORD": demo.facts["password"],
        "HOME": str(demo.folder.parent),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
    }


@asynccontextmanager
async def fleet(demo: Demo, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Terminal]:
    """The UI, signed in to the demo's hub, with its only server under the cursor."""
    async with in_terminal("--url", demo.facts["url"], size=size, **credentials(demo)) as terminal:
        await terminal.shows("● live".encode())
        await terminal.shows(b"CPU")
        yield terminal


async def shell(terminal: Terminal) -> None:
    """Open a shell, and replace it by one without the habits of whoever runs the test."""
    terminal.seen.clear()
    terminal.type(b"t")
    await terminal.shows(BANNER)
    terminal.type(PLAIN_SHELL)
    await terminal.shows(PROMPT)


async def back_in_ui(terminal: Terminal) -> None:
    """Wait until the UI is drawn again."""
    await terminal.shows(ENTERS_UI)
    await terminal.shows(FLEET)


async def test_a_shell_is_opened_used_and_ended_and_the_ui_is_there_again(demo: Demo) -> None:
    async with fleet(demo) as terminal:
        before = terminal.settings
        await shell(terminal)
        assert terminal.is_raw
        # Keys that mean something in the UI, and two that would be signals.
        terminal.type(b"echo q$((6*7))\r")
        await terminal.shows(b"q42\r\n")
        terminal.resize(100, 30)
        terminal.type(b"while ! stty size | grep -q '30 100'; do :; done; echo resized\r")
        await terminal.shows(b"\nresized\r\n")
        terminal.seen.clear()
        terminal.type(b"exit 3\r")
        await back_in_ui(terminal)
        await terminal.shows(b"ended with 3.")
        terminal.type(b"q")
        assert await terminal.ends() == 0
        # The UI itself is given its own settings back by Textual.
        assert terminal.settings != before or not terminal.is_raw


async def test_a_shell_that_is_left_is_listed_and_found_again_and_what_it_showed_is_played(
    demo: Demo,
) -> None:
    async with fleet(demo) as terminal:
        await shell(terminal)
        terminal.type(b"echo mark-$((3*3))\r")
        await terminal.shows(b"mark-9\r\n")
        terminal.seen.clear()
        terminal.type(LEAVES)
        await back_in_ui(terminal)
        await terminal.shows(b"runs on.")
        terminal.type(b"S")
        await terminal.shows("◐ left".encode())
        await terminal.shows(b"80x24")
        terminal.seen.clear()
        terminal.type(b"\r")
        await terminal.shows(BANNER)
        await terminal.shows(b"mark-9")
        terminal.seen.clear()
        terminal.type(b"exit\r")
        await terminal.shows(ENTERS_UI)
        await terminal.shows(b"Play ")
        terminal.seen.clear()
        terminal.type(b"p")
        await terminal.shows(b"mark-9\r\n")
        await terminal.shows(b" over ")
        terminal.seen.clear()
        terminal.type(b"q")
        await terminal.shows(ENTERS_UI)
        await terminal.shows(b"Shells")


async def test_what_a_shell_showed_is_listed_printed_and_played_by_the_command_line(demo: Demo) -> None:
    async with fleet(demo) as terminal:
        await shell(terminal)
        terminal.type(b"echo kept-$((5*5))\r")
        await terminal.shows(b"kept-25\r\n")
        terminal.seen.clear()
        terminal.type(b"exit\r")
        await back_in_ui(terminal)
    url, who = ("--url", demo.facts["url"]), credentials(demo)

    async def newest() -> str:
        listed = json.loads((await chatops("recordings", "--json", *url, stdin=b"", **who)).out)
        return str(listed[0]["terminal_id"]) if listed else ""

    recording = await newest()
    printed = await chatops("play", recording, "--json", *url, stdin=b"", **who)
    header, *events = map(json.loads, printed.out.splitlines())
    assert (header["version"], header["width"], header["height"]) == (2, 80, 24)
    assert "kept-25" in "".join(text for _at, kind, text in events if kind == "o")
    assert {kind for _at, kind, _text in events} <= {"o", "r"}
    table = await chatops("recordings", *url, stdin=b"", **who)
    assert recording.encode() in table.out
    nobody = await chatops("play", "trm_nobody", "--json", *url, stdin=b"", **who)
    assert (nobody.status, nobody.out) == (1, b"")
    assert "no such terminal" in nobody.err
    async with in_terminal("play", recording, "--speed", "16", *url, size=(80, 24), **who) as player:
        await player.shows(b"kept-25\r\n")
        await player.shows(b" over ")
        player.type(b"q")
        assert await player.ends() == 0


@pytest.mark.parametrize(
    ("program", "drawn", "quits"),
    [
        ("vim", b"written in vim", b"\x1b:q!\r"),
        ("htop", b"F10", b"q"),
        ("less", b"127.0.0.1", b"q"),
    ],
)
async def test_full_screen_programs_work_and_the_ui_comes_back_whole(
    demo: Demo, tmp_path: Path, program: str, drawn: bytes, quits: bytes
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    command = {"vim": "vim -u NONE -N", "htop": "htop", "less": "less /etc/hosts"}[program]
    async with fleet(demo) as terminal:
        await shell(terminal)
        terminal.type(f"cd {tmp_path}; {command}\r".encode())
        if program == "vim":
            await terminal.shows(b"\x1b[?1049h")
            terminal.type(b"iwritten in vim")
        await terminal.shows(drawn)
        terminal.seen.clear()
        terminal.type(quits)
        await terminal.shows(PROMPT)
        terminal.type(b"echo out-of-$((1+1))\r")
        await terminal.shows(b"out-of-2\r\n")
        terminal.seen.clear()
        terminal.type(b"exit\r")
        await back_in_ui(terminal)
        terminal.type(b"q")
        assert await terminal.ends() == 0


async def test_leaving_in_the_middle_of_a_full_screen_program_gives_the_screen_back(demo: Demo) -> None:
    async with fleet(demo) as terminal:
        await shell(terminal)
        terminal.type(b"printf '\\033[?1049h\\033[?1000h\\033[?25lfull'; sleep 600\r")
        await terminal.shows(b"\x1b[?25lfull")
        terminal.seen.clear()
        terminal.type(LEAVES)
        await back_in_ui(terminal)
        seen = bytes(terminal.seen)
        undone = seen[: seen.index(ENTERS_UI)]
        assert b"\x1b[?1000l" in undone
        assert b"\x1b[?1049l" in undone
        assert b"\x1b[?25h" in undone


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_within_a_shell_ends_the_program_and_gives_the_terminal_back(
    demo: Demo, number: signal.Signals
) -> None:
    async with fleet(demo) as terminal:
        await shell(terminal)
        terminal.process.send_signal(number)
        await terminal.ends()
        assert terminal.process.returncode == 0
        assert not terminal.is_raw


async def test_a_signal_after_a_shell_still_ends_the_program(demo: Demo) -> None:
    async with fleet(demo) as terminal:
        await shell(terminal)
        terminal.seen.clear()
        terminal.type(b"exit\r")
        await back_in_ui(terminal)
        terminal.process.send_signal(signal.SIGTERM)
        assert await terminal.ends() == 0
        assert not terminal.is_raw


async def test_an_agent_that_is_killed_gives_the_ui_back_with_a_reason(tmp_path: Path) -> None:
    with running(tmp_path / "demo") as own:
        async with fleet(own) as terminal:
            await shell(terminal)
            terminal.seen.clear()
            # The demo would end its hub, too.
            own.process.send_signal(signal.SIGSTOP)
            try:
                _program(own, "chatops_agent").send_signal(signal.SIGKILL)
                await back_in_ui(terminal)
                await terminal.shows(b"ended: ")
                assert terminal.process.returncode is None
            finally:
                own.process.send_signal(signal.SIGCONT)


async def test_a_hub_that_is_killed_is_waited_for_and_can_be_left(tmp_path: Path) -> None:
    with running(tmp_path / "demo") as own:
        async with fleet(own) as terminal:
            await shell(terminal)
            terminal.seen.clear()
            _program(own, "chatops_server").send_signal(signal.SIGKILL)
            await terminal.shows(b"the connection broke, waiting for it; ctrl+] leaves")
            terminal.type(LEAVES)
            await eventually(lambda: ENTERS_UI in terminal.look(), deadline_s=2 * DEADLINE_S)
            await terminal.shows(FLEET)
            terminal.type(b"q")
            assert await terminal.ends() == 0


def _program(demo: Demo, name: str) -> psutil.Process:
    """Return the demo's hub or agent."""
    return next(one for one in demo.family if name in " ".join(one.cmdline()) and one.pid != os.getpid())
