"""A command goes on while its hub is killed: the agent tells the next hub what the first one had not kept."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.deadlines import DEADLINE_S, eventually

PASSWORD = "correct horse battery"  # noqa: S105 - of a hub that lives as long as a test
# A program that starts beside others on two busy cores.
START_S = 6 * DEADLINE_S


class Program:
    """One of our programs as a process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def first_line(self) -> str:
        assert self.process.stdout is not None
        async with asyncio.timeout(START_S):
            return (await self.process.stdout.readline()).decode().strip()

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def running(module: str, *arguments: str, **environ: str) -> AsyncIterator[Program]:
    program = Program(
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            "run",
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=os.environ | environ,
        )
    )
    try:
        yield program
    finally:
        await program.kill()


class User:
    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url
        self._headers: dict[str, str] = {}

    async def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        url = f"{self._url}/api/v1{path}"
        async with self._http.request(method, url, json=body, headers=self._headers) as answer:
            return await answer.json(content_type=None)

    async def log_in(self) -> None:
        tokens = await self.ask("POST", "/auth/login", {"username": "admin", "password": PASSWORD})
        self._headers = {"Authorization": f"Bearer {tokens['access_token']}"}


async def test_nothing_is_missing_after_a_kill(tmp_path: Path) -> None:
    """A few hundred KiB, so that the hub has confirmed some of it and holds the rest in memory only."""
    gate = tmp_path / "gate"
    # Written before and after the kill; in between it waits for the test.
    command = (
        "for i in $(seq 1 100); do head -c 5000 /dev/zero | tr '\\0' a; done; "
        f"while [ ! -e {gate} ]; do sleep 0.05; done; printf end"
    )
    data = str(tmp_path / "hub")
    async with (
        aiohttp.ClientSession() as http,
        running(
            "chatops_server", "--port", "0", "--data-dir", data, CHATOPS_ADMIN_PASSWORD=PASSWORD
        ) as first,
    ):
        url = (await first.first_line()).split()[-1]
        user = User(http, url)
        await user.log_in()
        server = await user.ask("POST", "/servers", {"name": "web-1"})
        key = (await user.ask("POST", "/api-keys", {"server_id": server["id"]}))["key"]
        agent = ("--url", url, "--data-dir", str(tmp_path / "agent"), "--allow", "commands")
        async with running("chatops_agent", *agent, CHATOPS_API_KEY=key):

            async def is_online() -> bool:
                return bool((await user.ask("GET", f"/servers/{server['id']}"))["status"] == "online")

            await eventually(is_online, deadline_s=START_S)
            order = {"server_id": server["id"], "command": command, "wait": False}
            command_id = (await user.ask("POST", "/commands", order))["command_id"]

            async def shown() -> dict[str, Any]:
                return dict(await user.ask("GET", f"/commands/{command_id}"))

            async def all_has_come() -> bool:
                return bool((await shown())["output_bytes"] == 500_000)

            await eventually(all_has_come)
            await first.kill()
            gate.touch()
            async with running(
                "chatops_server", "--port", url.rpartition(":")[2], "--data-dir", data
            ) as second:
                await second.first_line()

                async def is_over() -> dict[str, Any] | None:
                    now = await shown()
                    return None if now["status"] == "running" else now

                ended = await eventually(is_over, deadline_s=START_S)
                assert (ended["status"], ended["truncated"]) == ("succeeded", False)
                assert ended["output"] == "a" * 500_000 + "end"
