"""`chatops shell` while its connection to a real hub breaks: the shell is the same one afterwards."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.deadlines import DEADLINE_S, eventually
from tests.e2e.breakable import breakable
from tests.integration.client.program import WHO, in_terminal
from tests.integration.hub_commands.conftest import ADMIN_PASSWORD, Stage, open_stage

START_S = 6 * DEADLINE_S


@pytest.fixture
async def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """A hub, and its server's real agent with terminals."""
    monkeypatch.setitem(WHO, "CHATOPS_USERNAME", "admin")
    monkeypatch.setitem(WHO, "CHATOPS_PASSWORD", ADMIN_PASSWORD)
    async with open_stage(tmp_path / "hub") as opened:
        opened.server_id, key = await opened.server("web-1")
        agent = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "chatops_agent", "run", "--url", str(opened.http._base_url), "--allow", "terminal"),  # noqa: SLF001 - where it is
            *("--data-dir", str(tmp_path / "agent")),
            stderr=asyncio.subprocess.DEVNULL,
            env=os.environ | {"CHATOPS_API_KEY": key},
        )
        try:

            async def is_online() -> bool:
                return bool(
                    (await opened.ask("GET", f"/servers/{opened.server_id}")).body["status"] == "online"
                )

            await eventually(is_online, deadline_s=START_S)
            yield opened
        finally:
            agent.terminate()
            await agent.wait()


async def test_a_broken_connection_costs_the_shell_nothing(stage: Stage) -> None:
    async with (
        breakable(str(stage.http._base_url)) as link,  # noqa: SLF001 - where it is
        in_terminal("shell", "web-1", "--url", link.url) as terminal,
    ):
        await eventually(lambda: terminal.is_raw, deadline_s=START_S)
        terminal.type(b"exec env -i TERM=$TERM PATH=$PATH PS1='ready> ' /bin/sh\r")
        await terminal.shows(b"ready> ")
        terminal.type(b"KEPT=as-it-was; echo set-$((1+1))\r")
        await terminal.shows(b"set-2")
        for number in (3, 4):
            terminal.seen.clear()
            link.sever()
            await terminal.shows(b"the connection broke, waiting for it")
            # What it had shown before comes again when it is viewed again.
            await terminal.shows(b"set-2")
            terminal.type(b"echo %d-$KEPT\r" % number)
            await terminal.shows(b"%d-as-it-was" % number)
        terminal.type(b"exit 5\r")
        assert await terminal.ends() == 5
