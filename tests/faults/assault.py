"""Agents that send as fast as they may while their hub is killed, and what became of their samples."""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from chatops_server.storage.base import Row, Script, fetch
from chatops_server.storage.sql.hot import tables_with
from chatops_server.storage.sqlite.connections import connect_thread_reader, connect_writer
from chatops_server.storage.sqlite.statements import run
from tests.deadlines import DEADLINE_S, eventually
from tests.live_peers import metrics

PASSWORD: Final = "correct horse battery"  # noqa: S105 - of a hub that lives as long as a test
START_S: Final = 6 * DEADLINE_S
WINDOW: Final = 40


@dataclass
class Agent:
    """One agent: numbers its samples, and sends again from the last acknowledgement on."""

    key: str
    epoch: str
    acked: int = 0
    sent: int = 0
    is_forgotten: bool = False
    """The hub has less than it acknowledged: it will take nothing beyond that hole."""

    async def run(self, hub: "Hub") -> None:
        """Send until cancelled, on one connection after the other."""
        async with aiohttp.ClientSession() as http:
            while True:
                await hub.listens.wait()
                with suppress(aiohttp.ClientError, ConnectionError):
                    async with http.ws_connect(f"{hub.url}/api/v1/agents/ws") as ws:
                        await self._speak(ws)
                # Lets the harness note that the hub is gone.
                await asyncio.sleep(0)

    async def _speak(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        await ws.send_json({"type": "auth", "api_key": self.key, "epoch": self.epoch, "next_seq": 1})
        welcome = await ws.receive()
        if welcome.type is not aiohttp.WSMsgType.TEXT:
            return
        # A hub that does not know the key any more has forgotten its samples too.
        self.is_forgotten |= msgspec.json.decode(welcome.data).get("last_seq", -1) < self.acked
        # What the hub says it has is not believed: what comes twice is part of the test.
        self.sent = self.acked
        while True:
            while self.sent - self.acked < WINDOW:
                self.sent += 1
                await ws.send_str(msgspec.json.encode(metrics(self.sent)).decode())
            frame = await ws.receive()
            if frame.type is not aiohttp.WSMsgType.TEXT:
                return
            message = msgspec.json.decode(frame.data)
            if message["type"] == "ack":
                self.acked = max(self.acked, message["seq"])
                self.sent = max(self.sent, self.acked)


@dataclass
class Hub:
    """A hub's process, killed and started again on one port and one data directory."""

    data: Path
    module: str = "chatops_server"
    environ: dict[str, str] = field(default_factory=dict)
    port: str = "0"
    url: str = ""
    listens: asyncio.Event = field(default_factory=asyncio.Event)
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        async with asyncio.timeout(START_S):
            while not (line := await self._started()):
                # While it was away a call to its port may have been given that very port for its own end.
                assert self.process is not None
                await self.process.wait()
        self.url = line.split()[-1]
        self.port = self.url.rpartition(":")[2]
        self.listens.set()

    async def _started(self) -> str:
        """Start it and return its line, empty where it has ended instead."""
        flags = ("--port", self.port, "--data-dir", str(self.data))
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", self.module, "run", *flags),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=os.environ | {"CHATOPS_ADMIN_PASSWORD": PASSWORD} | self.environ,
        )
        assert self.process.stdout is not None
        return (await self.process.stdout.readline()).decode()

    async def end(self, number: int = signal.SIGKILL) -> None:
        self.listens.clear()
        assert self.process is not None
        with suppress(ProcessLookupError):
            self.process.send_signal(number)
        await self.process.wait()

    async def add_agents(self, count: int) -> list[Agent]:
        """Make servers 1 to `count`, each with an agent."""
        async with aiohttp.ClientSession(f"{self.url}/api/v1/") as http:
            login = await _post(http, "auth/login", {"username": "admin", "password": PASSWORD})
            http.headers["Authorization"] = f"Bearer {login['access_token']}"
            agents = []
            for number in range(1, count + 1):
                server = await _post(http, "servers", {"name": f"web-{number}"})
                key = await _post(http, "api-keys", {"server_id": server["id"]})
                agents.append(Agent(key["key"], f"epoch-{number}"))
            return agents


async def _killed(hub: Hub, fleet: list[Agent], kills: int) -> None:
    chance = random.Random(5)  # noqa: S311 - when to kill; the same each time
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(agent.run(hub)) for agent in fleet]
        for _ in range(kills):
            await _acknowledged(fleet, sum(agent.acked for agent in fleet) + chance.randint(50, 400))
            await hub.end()
            await hub.start()
        # Whoever is forgotten notices as soon as it is back.
        await _acknowledged(fleet, sum(agent.acked for agent in fleet) + 50)
        for task in running:
            task.cancel()


async def _acknowledged(fleet: list[Agent], samples: int) -> None:
    def is_reached() -> bool:
        return sum(agent.acked for agent in fleet) >= samples or any(agent.is_forgotten for agent in fleet)

    await eventually(is_reached, deadline_s=START_S, what="enough is acknowledged")


@dataclass(frozen=True, slots=True)
class Ruin:
    """What became of samples that should not have; all zero and empty where every promise was kept."""

    acknowledged: int = 0
    """How many were: what the others are measured against."""
    lost: int = 0
    """Acknowledged, and not stored."""
    holes: int = 0
    """Not stored, and passed by the cursor."""
    twice: int = 0
    damage: tuple[str, ...] = ()
    """Of the file."""


async def assaulted(hub: Hub, agents: int, kills: int) -> Ruin:
    """Kill the hub that often under load; return what came of it."""
    await hub.start()
    try:
        fleet = await hub.add_agents(agents)
        await _killed(hub, fleet, kills)
    finally:
        await hub.end()
    return await asyncio.to_thread(ruin, hub.data / "hub.db", fleet)


async def assault(hub: Hub, agents: int, kills: int) -> list[str]:
    """Do that, and return every broken promise in words."""
    found = await assaulted(hub, agents, kills)
    counts = {"acknowledged and lost": found.lost, "holes": found.holes, "stored twice": found.twice}
    return [f"{name}: {count}" for name, count in counts.items() if count] + list(found.damage)


def ruin(database: Path, fleet: list[Agent]) -> Ruin:
    """Look for it: I1 acknowledged is stored, I2 once, I3 without a hole, I5 undamaged."""
    acknowledged = sum(agent.acked for agent in fleet)
    with closing(connect_writer(database)):
        pass  # as the next start would: takes the log in, also where its shared memory is gone
    with closing(connect_thread_reader(database)) as connection:
        connection.execute("BEGIN")
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'hot_table'").fetchall():
            return Ruin(acknowledged, lost=acknowledged, damage=("the schema is gone",))
        times = Counter(run(connection, _stored()))
        cursors = dict(connection.execute("SELECT server_num, seq FROM ingest_cursor").fetchall())
        [(integrity,)] = connection.execute("PRAGMA integrity_check").fetchall()
    lost = holes = 0
    for number, agent in enumerate(fleet, 1):
        stored = {seq for num, seq in times if num == number}
        lost += len(set(range(1, agent.acked + 1)) - stored)
        holes += len(set(range(1, cursors.get(number, 0) + 1)) - stored)
    twice = sum(count > 1 for count in times.values())
    return Ruin(acknowledged, lost, holes, twice, () if integrity == "ok" else (integrity,))


def _stored() -> Script[list[Row]]:
    rows: list[Row] = []
    for table in (yield from tables_with(0, 2**62)):
        rows.extend((yield from fetch(f"SELECT server_num, seq FROM {table.host}")))  # noqa: S608 - ours
    return rows


async def _post(http: aiohttp.ClientSession, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
    async with http.post(path, json=body) as answer:
        assert answer.status < 300, await answer.text()
        return await answer.json()
