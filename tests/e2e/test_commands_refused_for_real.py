"""What a user is told when a real agent is away, was killed, or does not allow it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.deadlines import DEADLINE_S, eventually
from tests.integration.hub_commands.conftest import Stage, open_stage

# A program that starts beside others on two busy cores.
START_S = 6 * DEADLINE_S


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path / "hub") as opened:
        opened.server_id, opened.key = await opened.server("web-1")
        yield opened


@asynccontextmanager
async def agent(stage: Stage, allow: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the server's real agent; it is there when its connection is."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "chatops_agent", "run", "--url", str(stage.http._base_url), "--allow", allow),  # noqa: SLF001 - where it is
        *("--data-dir", str(stage.folder / "agent")),
        stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | {"CHATOPS_API_KEY": stage.key},
    )
    try:
        await eventually(lambda: status_is(stage, "online"), deadline_s=START_S)
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def status_is(stage: Stage, status: str) -> bool:
    answer = await stage.ask("GET", f"/servers/{stage.server_id}")
    return bool(answer.body["status"] == status)


async def test_what_the_machine_does_not_allow_is_said_and_audited(stage: Stage) -> None:
    async with agent(stage, "logs"):
        refused = await stage.run("true")
        assert (refused.status, refused.body["code"]) == (403, "not_allowed")
        client = await stage.client()
        shell = await client.request(type="terminal_open", server_id=stage.server_id, cols=80, rows=24)
        assert (shell["type"], shell["code"]) == ("error", "not_allowed")
        source = {"path": "/etc/shadow"}
        await client.request(type="subscribe", topic="logs", server_id=stage.server_id, source=source)
        assert (await client.until("subscription_ended"))["code"] in {"forbidden", "not_allowed"}
    audit = (await stage.ask("GET", "/audit")).body["items"]
    assert ("command.finished", "refused") in [(item["action"], item["result"]) for item in audit]


async def test_after_a_kill_a_command_is_lost_and_the_server_takes_others(stage: Stage) -> None:
    pid_file = stage.folder / "pid"
    async with agent(stage, "commands") as killed:
        command_id = await stage.begin(
            f"echo $$ > {pid_file}; echo some output; exec sleep 1000", timeout_s=900
        )
        await eventually(lambda: stage_output(stage, command_id))
        killed.send_signal(signal.SIGKILL)
        await killed.wait()
        await eventually(lambda: status_is(stage, "offline"))
        away = await stage.run("true")
        assert (away.status, away.body["code"]) == (503, "agent_offline")
        assert (await stage.shown(command_id))["status"] == "running"
    # What it had started is nobody's any more.
    os.kill(int(pid_file.read_text()), signal.SIGKILL)
    async with agent(stage, "commands"):
        lost = await stage.ended(command_id)
        assert (lost["status"], lost["output"]) == ("lost", "some output\n")
        assert (await stage.run("true")).body["status"] == "succeeded"


async def stage_output(stage: Stage, command_id: str) -> bool:
    return bool((await stage.shown(command_id))["output"])


@pytest.mark.parametrize("trap", ["", "trap 'echo tidied up; exit 3' TERM; "])
async def test_an_agent_that_is_stopped_tells_how_its_commands_ended(stage: Stage, trap: str) -> None:
    async with agent(stage, "commands") as stopped:
        command_id = await stage.begin(f"{trap}echo some output; while :; do sleep 0.1; done", timeout_s=900)
        await eventually(lambda: stage_output(stage, command_id))
        stopped.send_signal(signal.SIGTERM)
        async with asyncio.timeout(DEADLINE_S):
            assert await stopped.wait() == 0
        # It is away already: nobody had to wait for it to come back without it.
        ended = await stage.ended(command_id)
        assert ended["status"] == "cancelled"
        assert ended["output"].startswith("some output\n")
