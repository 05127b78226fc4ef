"""Whose shell a terminal is, and what the hub's narrowing does to what is open."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from chatops_agent.policy import Login
from chatops_wire.streams import LogSource, StreamClose, StreamOpen
from chatops_wire.terminals import TerminalClose, TerminalOpen
from tests.integration.agent_actions.hub_side import ALL_ALLOWED, hub_side


async def test_a_terminal_has_the_shell_of_the_policy(tmp_path: Path) -> None:
    shell = tmp_path / "shell"
    shell.write_text('#!/bin/sh\necho "this is $0 of $LOGNAME"\nexec /bin/sh\n')
    shell.chmod(0o755)
    async with hub_side(replace(ALL_ALLOWED, login=Login(shell=str(shell)))) as hub:
        terminal = await hub.opened()
        assert f"this is {shell} of".encode() in hub.screen(terminal)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root opens terminals of another user")
async def test_a_terminal_is_the_users_of_the_policy_with_none_of_roots_rights() -> None:
    async with hub_side(replace(ALL_ALLOWED, login=Login("nobody", "/bin/sh"))) as hub:
        terminal = await hub.opened()
        hub.type("id -un; id -G; cat /etc/shadow; echo $HOME\n", terminal)
        await hub.shown(terminal, b"nobody\r\n")
        await hub.shown(terminal, b"Permission denied")
        assert b"root:" not in hub.screen(terminal)
        # Job control works: the terminal is theirs.
        hub.type("sleep 600 & jobs\n", terminal)
        await hub.shown(terminal, b"Running")


async def test_a_user_who_is_gone_is_said() -> None:
    async with hub_side(replace(ALL_ALLOWED, login=Login("no-such-user-here"))) as hub:
        hub.say(TerminalOpen(terminal_id="t", cols=80, rows=24))
        closed = await hub.first(TerminalClose, terminal_id="t")
        assert (closed.code, "cannot be looked up" in closed.reason) == ("unavailable", True)


async def test_what_is_open_beyond_a_narrowing_ends(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("one\n")
    async with hub_side(replace(ALL_ALLOWED, log_paths=(tmp_path,))) as hub:
        terminal = await hub.opened()
        hub.say(StreamOpen(stream_id="s", source=LogSource(path=str(log))))
        hub.desk.narrow(("commands",))
        closed = await hub.first(TerminalClose, terminal_id=terminal)
        assert "narrowed" in closed.reason
        await hub.first(StreamClose, stream_id="s")
        # Commands are left; and all is as before once it is lifted.
        assert (await hub.finished("true")).status == "succeeded"
        hub.say(TerminalOpen(terminal_id="u", cols=80, rows=24))
        assert (await hub.first(TerminalClose, terminal_id="u")).code == "not_allowed"
        hub.desk.narrow(None)
        assert await hub.opened("v") == "v"
