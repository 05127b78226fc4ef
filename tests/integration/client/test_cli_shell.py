"""`chatops shell` in a real terminal: bytes both ways, leaving, and a terminal that is as it was, always."""

import json
import os
import signal
import sys

import pyte
import pytest

from tests.deadlines import DEADLINE_S, eventually
from tests.integration.client.command_hub import CommandHub
from tests.integration.client.conftest import Served
from tests.integration.client.contract_hub import server
from tests.integration.client.program import Terminal, chatops, in_terminal

BANNER = b"Shell on web-1. It is audited. ctrl+] leaves it running, exit ends it.\r\n"
# What a full-screen program switches: screen, mouse, pasting, cursor, keys, margins.
FULL_SCREEN = b"\x1b[?1049h\x1b[?1000;1006h\x1b[?2004h\x1b[?25l\x1b[?1h\x1b=\x1b[2;20r\x1b[31mdrawn"
# In raw mode at once, and nothing else to wait for.
LEAVES = b"\x1d"


@pytest.fixture(autouse=True)
def _one_server(double: CommandHub) -> None:
    double.servers = [server("srv_1", name="web-1")]


async def opened(double: CommandHub, terminal: Terminal) -> str:
    """Wait until the relay stands, and return the terminal's id."""
    await terminal.shows(BANNER)
    assert terminal.is_raw
    return next(iter(double.terminals))


async def test_bytes_go_both_ways_and_exit_ends_it(served: Served, double: CommandHub) -> None:
    async with in_terminal("shell", "web-1", "--url", served.url, size=(100, 30)) as terminal:
        before = terminal.settings
        terminal_id = await opened(double, terminal)
        terminal.type(b"caf\xc3\xa9\x03\x1a\x04\r")
        await eventually(lambda: bytes(double.typed) == b"caf\xc3\xa9\x03\x1a\x04\r")
        await double.shows(terminal_id, b"\x1b[1mout\xff\x00\x1b[0m")
        await terminal.shows(b"\x1b[1mout\xff\x00\x1b[0m")
        await double.closes(terminal_id, reason="the shell ended", exit_code=3)
        assert await terminal.ends() == 3
        assert terminal.settings == before

    opening = double.said("terminal_open")[0]
    assert (opening["cols"], opening["rows"], opening["term"]) == (100, 30, "xterm-256color")
    assert opening["window"] > 0


async def test_ctrl_bracket_leaves_it_running_and_says_how_to_return(
    served: Served, double: CommandHub
) -> None:
    async with in_terminal("shell", "web-1", "--url", served.url) as terminal:
        before = terminal.settings
        terminal_id = await opened(double, terminal)
        terminal.type(b"make\r" + LEAVES)
        assert await terminal.ends() == 0
        assert terminal.settings == before

    assert bytes(double.typed) == b"make\r"
    assert double.terminals == {terminal_id: None}
    back = f"chatops: left running; chatops shell web-1 --attach {terminal_id}\r\n"
    assert terminal.seen.endswith(back.encode())


async def test_a_shell_that_was_left_is_listed_and_found_again(served: Served, double: CommandHub) -> None:
    double.terminals = {"trm_1": None}
    double.replay = b"\x1b[H\x1b[2J$ make\r\nok\r\n"
    listed = await chatops("shell", "web-1", "--list", "--json", "--url", served.url)
    shown = await chatops("shell", "web-1", "--list", "--url", served.url)
    async with in_terminal("shell", "web-1", "--attach", "trm_1", "--url", served.url) as terminal:
        await terminal.shows(double.replay)
        terminal.type(LEAVES)
        assert await terminal.ends() == 0

    assert [(each["terminal_id"], each["detached"]) for each in json.loads(listed.out)] == [("trm_1", True)]
    assert shown.out.split()[:4] == [b"TERMINAL", b"SINCE", b"SIZE", b"VIEWED"]
    assert b"trm_1" in shown.out


async def test_no_shells_are_said_to_be_none(served: Served) -> None:
    ran = await chatops("shell", "web-1", "--list", "--url", served.url)
    assert (ran.status, ran.out) == (0, b"no terminals\n")


async def test_a_new_size_is_told(served: Served, double: CommandHub) -> None:
    async with in_terminal("shell", "web-1", "--url", served.url) as terminal:
        await opened(double, terminal)
        terminal.resize(132, 50)
        await eventually(lambda: double.sizes[-1] == (132, 50))
        for cols in range(80, 120):
            terminal.resize(cols, 24)
        await eventually(lambda: double.sizes[-1] == (119, 24))
        terminal.type(LEAVES)
        await terminal.ends()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
async def test_a_signal_gives_the_terminal_back_and_ends_the_shell(
    served: Served, double: CommandHub, number: signal.Signals
) -> None:
    async with in_terminal("shell", "web-1", "--url", served.url) as terminal:
        before = terminal.settings
        terminal_id = await opened(double, terminal)
        await double.shows(terminal_id, FULL_SCREEN)
        await terminal.shows(b"drawn")
        terminal.process.send_signal(number)
        assert await terminal.ends() == 128 + number
        assert terminal.settings == before

    assert double.terminals == {}
    assert is_as_before(bytes(terminal.seen))


async def test_leaving_a_full_screen_program_gives_the_screen_back(
    served: Served, double: CommandHub
) -> None:
    async with in_terminal("shell", "web-1", "--url", served.url) as terminal:
        terminal_id = await opened(double, terminal)
        await double.shows(terminal_id, FULL_SCREEN)
        await terminal.shows(b"drawn")
        terminal.type(LEAVES)
        assert await terminal.ends() == 0

    assert is_as_before(bytes(terminal.seen))


async def test_a_hub_that_goes_away_is_waited_for_and_the_shell_found_again(
    served: Served, double: CommandHub
) -> None:
    async with in_terminal("shell", "web-1", "--url", served.url) as terminal:
        terminal_id = await opened(double, terminal)
        await double.shows(terminal_id, FULL_SCREEN)
        await terminal.shows(b"drawn")
        await served.stop()
        await terminal.shows(b"[chatops: the connection broke, waiting for it; ctrl+] leaves]\r\n")
        assert is_as_before(bytes(terminal.seen))
        double.replay = b"\x1b[2Jdrawn again"
        await served.start()
        await terminal.shows(double.replay)
        terminal.type(b"q")
        await eventually(lambda: bytes(double.typed) == b"q")
        assert double.terminals[terminal_id] is not None
        terminal.type(LEAVES)
        assert await terminal.ends() == 0


async def test_a_shell_that_ended_with_its_connection_is_said_to_be_gone(
    served: Served, double: CommandHub
) -> None:
    async with in_terminal("shell", "web-1", "--url", served.url) as terminal:
        before = terminal.settings
        await opened(double, terminal)
        double.terminals.clear()
        await double.close_sockets(1001)
        assert await terminal.ends() == 3
        assert terminal.settings == before

    assert b"the shell could not be found again: no such terminal\r\n" in terminal.seen


async def test_ctrl_bracket_leaves_also_while_nothing_is_connected(
    served: Served, double: CommandHub
) -> None:
    async with in_terminal("shell", "web-1", "--url", served.url) as terminal:
        before = terminal.settings
        await opened(double, terminal)
        await served.stop()
        await terminal.shows(b"the connection broke")
        terminal.type(LEAVES)
        assert await terminal.ends() == 1
        assert terminal.settings == before

    assert b"chatops: not left as it should be: " in terminal.seen


async def test_the_clipboard_is_written_only_where_that_is_allowed(
    served: Served, double: CommandHub
) -> None:
    copying = b"\x1b]52;c;aGFjaw==\x07"
    for flags, is_passed in ((), False), (("--allow-clipboard",), True):
        async with in_terminal("shell", "web-1", *flags, "--url", served.url) as terminal:
            terminal_id = await opened(double, terminal)
            await double.shows(terminal_id, b"a" + copying[:4])
            await double.shows(terminal_id, copying[4:] + b"seen")
            await terminal.shows(b"seen")
            terminal.type(LEAVES)
            await terminal.ends()
        double.terminals.clear()
        assert (copying in terminal.seen) is is_passed


async def test_a_terminal_that_hangs_up_ends_the_shell(served: Served, double: CommandHub) -> None:
    async with in_terminal("shell", "web-1", "--url", served.url) as terminal:
        await opened(double, terminal)
        terminal.hang_up()
        await eventually(lambda: terminal.process.returncode is not None, deadline_s=2 * DEADLINE_S)
        assert terminal.process.returncode == 129

    assert double.terminals == {}


async def test_much_output_and_a_slow_terminal_lose_nothing_and_ctrl_bracket_works(
    served: Served, double: CommandHub
) -> None:
    """The terminal is not read at all for a while; what waits for it stays within the window."""
    async with in_terminal("shell", "web-1", "--url", served.url) as terminal:
        terminal_id = await opened(double, terminal)
        parts = [b"%06d\r\n" % number * 1000 for number in range(30)]
        for part in parts:
            await double.shows(terminal_id, part)
        await double.shows(terminal_id, b"the end")
        await terminal.shows(b"the end")
        assert b"".join(parts) in terminal.seen
        await double.shows(terminal_id, b"y\r\n" * 30_000)
        await eventually(lambda: len(double.said("terminal_credit")) >= 1)
        terminal.type(LEAVES)
        assert await terminal.ends() == 0


async def test_a_large_paste_arrives_whole(served: Served, double: CommandHub) -> None:
    pasted = b"\x1b[200~" + b"0123456789abcdef\x1d" * 4000 + b"\x1b[201~"
    async with in_terminal("shell", "web-1", "--url", served.url) as terminal:
        await opened(double, terminal)
        left = pasted
        while left:
            try:
                left = left[os.write(terminal.fd, left) :]
            except BlockingIOError:
                await eventually(lambda: bytes(double.typed), what="something typed")
        await eventually(lambda: len(double.typed) == len(pasted))
        terminal.type(LEAVES)
        assert await terminal.ends() == 0

    assert bytes(double.typed) == pasted


async def test_a_refused_shell_leaves_the_terminal_alone(served: Served, double: CommandHub) -> None:
    double.refuse_terminals = ("not_allowed", "this machine allows no terminal")
    async with in_terminal("shell", "web-1", "--url", served.url) as terminal:
        before = terminal.settings
        assert await terminal.ends() == 1
        assert terminal.settings == before

    assert bytes(terminal.seen) == b"chatops: not allowed: this machine allows no terminal\r\n"


async def test_a_shell_that_was_taken_over_says_so(served: Served, double: CommandHub) -> None:
    async with in_terminal("shell", "web-1", "--url", served.url) as terminal:
        terminal_id = await opened(double, terminal)
        await double.closes(terminal_id, reason="attached elsewhere", code="replaced")
        assert await terminal.ends() == 1

    assert terminal.seen.endswith(b"chatops: attached elsewhere\r\n")


async def test_without_a_terminal_there_is_no_shell(served: Served, double: CommandHub) -> None:
    ran = await chatops("shell", "web-1", "--url", served.url)
    assert (ran.status, ran.out) == (2, b"")
    assert "needs a terminal" in ran.err
    assert double.said("terminal_open") == []


async def test_a_stopped_program_takes_the_terminal_again(served: Served, double: CommandHub) -> None:
    """As a shell does it with job control: it sets the terminal for itself meanwhile."""
    async with in_terminal("shell", "web-1", "--url", served.url) as terminal:
        await opened(double, terminal)
        terminal.process.send_signal(signal.SIGSTOP)
        terminal.cook()
        assert not terminal.is_raw
        terminal.process.send_signal(signal.SIGCONT)
        await eventually(lambda: terminal.is_raw)
        terminal.type(LEAVES)
        assert await terminal.ends() == 0
        assert not terminal.is_raw


DEFECT = """
import asyncio
from chatops_tui.relay.shell import Manner, Place, show_shell

class View:
    server_id, terminal_id, shown = "srv", "trm", False

    async def read(self):
        if self.shown:
            raise RuntimeError("a defect")
        self.shown = True
        return b"\\x1b[?1049h\\x1b[?1000h\\x1b[?25lup"

class Terminals:
    async def open(self, *_, **__):
        return View()

asyncio.run(show_shell(Terminals(), Place("srv", "web-1"), Manner()))
"""


async def test_a_defect_gives_the_terminal_back_too() -> None:
    async with in_terminal(program=(sys.executable, "-c", DEFECT)) as terminal:
        before = terminal.settings
        assert await terminal.ends() == 1
        assert terminal.settings == before

    assert b"RuntimeError: a defect" in terminal.seen
    assert is_as_before(bytes(terminal.seen))


def is_as_before(seen: bytes) -> bool:
    """Whether an emulator that has read all this is in the modes of a fresh one."""
    screen, fresh = pyte.Screen(80, 24), pyte.Screen(80, 24)
    pyte.ByteStream(screen).feed(seen)
    balanced = all(
        seen.count(on) <= seen.count(off)
        for on, off in ((b"\x1b[?1049h", b"\x1b[?1049l"), (b"\x1b=", b"\x1b>"), (b"\x1b[?25l", b"\x1b[?25h"))
    )
    return bool(balanced and screen.mode == fresh.mode and screen.margins in (None, fresh.margins))
