"""A real agent and a real hub with a bad line between them, and with little room on either side."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.deadlines import MS, eventually
from tests.faults.assault import PASSWORD, START_S, Hub
from tests.faults.link import Link, linked

# Both sides ping every 10 s and wait 5 s for the answer.
NOTICED_WITHIN_S = 20_000 * MS
SOON_S = 30_000 * MS


class AgentProgram:
    """A `chatops-agent run` and what it says."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.lines.append(line.decode())

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


async def test_a_dead_line_is_noticed_on_both_sides_and_nothing_is_missing_after_it(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "hub") as hub, linked(int(hub.port)) as link:
        [sim] = await hub.add_agents(1)
        async with agent_at(link.url, sim.key, tmp_path / "agent") as agent:
            await agent.says("connected")
            await more_is_stored(hub, 1)
            link.freeze()
            await agent.says("no connection to the hub", NOTICED_WITHIN_S)

            async def is_offline() -> bool:
                return await status(hub) == "offline"

            # Noticed within 20 s, told after the time an agent has to come back.
            await eventually(is_offline, deadline_s=NOTICED_WITHIN_S + SOON_S)
            before = stored(hub)[0]
            link.thaw()
            await more_is_stored(hub, before + 15)
            cursor, sequences, gaps = stored(hub)
            assert gaps == 0
            assert sequences == list(range(1, len(sequences) + 1))
            assert cursor <= len(sequences)


@pytest.mark.parametrize("delay_s", [0.0, 0.3])
async def test_a_line_that_breaks_again_and_again_loses_and_doubles_nothing(
    tmp_path: Path, delay_s: float
) -> None:
    async with hub_at(tmp_path / "hub") as hub, linked(int(hub.port)) as link:
        [sim] = await hub.add_agents(1)
        link.delay_s = delay_s
        async with agent_at(link.url, sim.key, tmp_path / "agent"):
            for _ in range(4):
                await more_is_stored(hub, stored(hub)[0])
                await _cut(link)
            await more_is_stored(hub, stored(hub)[0] + 2)
    cursor, sequences, gaps = stored(hub)
    assert (sequences, gaps) == (list(range(1, cursor + 1)), 0)


async def _cut(link: Link) -> None:
    before = link.connections
    link.cut()
    await eventually(lambda: link.connections > before, deadline_s=START_S, what="the agent calls again")


async def test_agent_and_hub_killed_in_turn_lose_and_double_nothing(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "hub") as hub, linked(int(hub.port)) as link:
        [sim] = await hub.add_agents(1)
        for round_ in range(4):
            async with agent_at(link.url, sim.key, tmp_path / "agent"):
                await more_is_stored(hub, stored(hub)[0])
                if round_ % 2:
                    await hub.end()
                    await hub.start()
                    await more_is_stored(hub, stored(hub)[0])
        async with agent_at(link.url, sim.key, tmp_path / "agent"):
            await more_is_stored(hub, stored(hub)[0] + 1)
        await hub.end(signal.SIGTERM)
        cursor, sequences, gaps = stored(hub)
        assert (sequences, gaps) == (list(range(1, cursor + 1)), 0)
        await hub.start()
