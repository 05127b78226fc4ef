"""A real agent and a real hub, each a process that may be killed, and what is stored."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.deadlines import MS, eventually
from tests.faults.assault import PASSWORD, START_S, Hub

SOON_S: Final = 30_000 * MS


class AgentProgram:
    """A `chatops-agent run` and what it says."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = asyncio.create_task(self._read(), name="agent-program-lines")

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.lines.append(line.decode())

    def said(self, text: str) -> int:
        """Return how often it was said."""
        return sum(text in line for line in self.lines)

    async def says(self, text: str, deadline_s: float = SOON_S) -> None:
        await eventually(
            lambda: any(text in line for line in self.lines), deadline_s=deadline_s, what=f"{text!r} is said"
        )

    async def end(self, number: int = signal.SIGKILL) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(number)
        await self.process.wait()
        await self._reader


@asynccontextmanager
async def agent_at(url: str, key: str, data: Path) -> AsyncIterator[AgentProgram]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chatops_agent", "run", "--url", url, "--interval", "1"),
        *("--data-dir", str(data)),
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"CHATOPS_API_KEY": key},
    )
    agent = AgentProgram(process)
    try:
        yield agent
    finally:
        await agent.end()


@asynccontextmanager
async def hub_at(data: Path) -> AsyncIterator[Hub]:
    hub = Hub(data)
    await hub.start()
    try:
        yield hub
    finally:
        await hub.end()


async def ask(hub: Hub, path: str) -> Any:  # noqa: ANN401 - JSON
    async with aiohttp.ClientSession(hub.url) as http:
        body = {"username": "admin", "password": PASSWORD}
        async with http.post("/api/v1/auth/login", json=body) as answer:
            token = (await answer.json())["access_token"]
        async with http.get(path, headers={"Authorization": f"Bearer {token}"}) as answer:
            return await answer.json()


async def told(hub: Hub) -> str:
    """Return what the hub tells Prometheus."""
    async with aiohttp.ClientSession(hub.url) as http:
        body = {"username": "admin", "password": PASSWORD}
        async with http.post("/api/v1/auth/login", json=body) as answer:
            token = (await answer.json())["access_token"]
        async with http.get("/metrics", headers={"Authorization": f"Bearer {token}"}) as answer:
            return await answer.text()


async def status(hub: Hub) -> str:
    return str((await ask(hub, "/api/v1/servers"))["items"][0]["status"])


def stored(hub: Hub) -> tuple[int, list[int], int]:
    """Return the cursor, the sequences of all samples, and how many gaps there are."""
    with closing(sqlite3.connect(f"file:{hub.data / 'hub.db'}?mode=ro", uri=True)) as connection:
        cursor = connection.execute("SELECT max(seq) FROM ingest_cursor").fetchone()[0] or 0
        tables = connection.execute("SELECT name FROM hot_table").fetchall()
        found = [
            seq
            for (name,) in tables
            for (seq,) in connection.execute(f"SELECT seq FROM {name}_host")  # noqa: S608 - ours
        ]
        [(gaps,)] = connection.execute("SELECT count(*) FROM gap").fetchall()
    return int(cursor), sorted(found), int(gaps)


async def more_is_stored(hub: Hub, than: int) -> None:
    await eventually(lambda: stored(hub)[0] > than, deadline_s=START_S, what="more samples are stored")


def stored_by_server(hub: Hub) -> dict[int, list[int]]:
    """Return the sequences of all samples, ascending, by the number of the server."""
    found: dict[int, list[int]] = {}
    with closing(sqlite3.connect(f"file:{hub.data / 'hub.db'}?mode=ro", uri=True)) as connection:
        for (name,) in connection.execute("SELECT name FROM hot_table").fetchall():
            for number, seq in connection.execute(f"SELECT server_num, seq FROM {name}_host"):  # noqa: S608 - ours
                found.setdefault(number, []).append(seq)
    return {number: sorted(seqs) for number, seqs in found.items()}
