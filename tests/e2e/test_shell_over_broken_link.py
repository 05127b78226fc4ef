"""`chatops shell` while its connection to a real hub breaks: the shell is the same one afterwards."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.deadlines import DEADLINE_S, eventually
from tests.e2e.breakable import breakable
from tests.e2e.hub_program import running
from tests.integration.client.program import WHO, Terminal, in_terminal
from tests.integration.hub_commands.conftest import ADMIN_PASSWORD, Stage, open_stage

START_S = 6 * DEADLINE_S


@pytest.fixture
async def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """A hub, and its server's real agent with terminals."""
    monkeypatch.setitem(WHO, "CHATOPS_USERNAME", "admin")
    monkeypatch.setitem(WHO, "CHATOPS_PASSWORD", ADMIN_PASSWORD)
    async with open_stage(tmp_path / "hub") as opened:
        opened.server_id, key = await opened.server("web-1")
        url = str(opened.http._base_url)  # noqa: SLF001 - where it is
        async with agent(url, key, tmp_path / "agent"):

            async def is_online() -> bool:
                return bool(
                    (await opened.ask("GET", f"/servers/{opened.server_id}")).body["status"] == "online"
                )

            await eventually(is_online, deadline_s=START_S)
            yield opened


@asynccontextmanager
async def agent(url: str, key: str, folder: Path) -> AsyncIterator[None]:
    """Run an agent that allows terminals."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chatops_agent", "run", "--url", url, "--allow", "terminal"),
        *("--data-dir", str(folder)),
        stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | {"CHATOPS_API_KEY": key},
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def begun(terminal: Terminal) -> None:
    """Start a plain shell in it that has something to keep."""
    await eventually(lambda: terminal.is_raw, deadline_s=START_S)
    terminal.type(b"exec env -i TERM=$TERM PATH=$PATH PS1='ready> ' /bin/sh\r")
    await terminal.shows(b"ready> ")
    terminal.type(b"KEPT=as-it-was; echo set-$((1+1))\r")
    await terminal.shows(b"set-2")


async def test_the_shell_outlives_a_restart_of_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WHO, "CHATOPS_USERNAME", "admin")
    monkeypatch.setitem(WHO, "CHATOPS_PASSWORD", ADMIN_PASSWORD)
    data = ("--data-dir", str(tmp_path / "hub"))
    async with AsyncExitStack() as opened:
        first = opened.enter_context(running(*data, CHATOPS_ADMIN_PASSWORD=ADMIN_PASSWORD))
        link = await opened.enter_async_context(breakable(first.url))
        token = first.login(ADMIN_PASSWORD)
        server_id = first.ask("/api/v1/servers", {"name": "web-1"}, token)["id"]
        key = first.ask("/api/v1/api-keys", {"server_id": server_id}, token)["key"]
        await opened.enter_async_context(agent(link.url, key, tmp_path / "agent"))
        await eventually(
            lambda: first.ask(f"/api/v1/servers/{server_id}", token=token)["status"] == "online",
            deadline_s=START_S,
        )
        terminal = await opened.enter_async_context(in_terminal("shell", "web-1", "--url", link.url))
        await begun(terminal)
        terminal.seen.clear()
        assert first.stop() == 0
        await terminal.shows(b"the connection broke, waiting for it")
        second = opened.enter_context(running(*data))
        link.lead_to(second.url)
        await eventually(lambda: b"set-2" in terminal.look(), deadline_s=START_S)
        terminal.type(b"echo 3-$KEPT; exit 5\r")
        await terminal.shows(b"3-as-it-was")
        assert await terminal.ends() == 5


async def test_a_broken_connection_costs_the_shell_nothing(stage: Stage) -> None:
    async with (
        breakable(str(stage.http._base_url)) as link,  # noqa: SLF001 - where it is
        in_terminal("shell", "web-1", "--url", link.url) as terminal,
    ):
        await begun(terminal)
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
