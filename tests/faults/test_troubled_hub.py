"""A database that is held locked, agents that talk nonsense: told, nothing lost, nobody else hurt."""

import asyncio
import random
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from tests.deadlines import eventually
from tests.faults.assault import START_S, Agent, Hub, ruin
from tests.faults.link import linked
from tests.faults.pair import agent_at, hub_at, more_is_stored, status, stored
from tests.live_peers import metrics, sample


async def checks(hub: Hub) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession() as http, http.get(f"{hub.url}/readyz") as answer:
        return answer.status, await answer.json()


async def test_a_locked_database_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "hub") as hub:
        [sim] = await hub.add_agents(1)
        async with agent_at(hub.url, sim.key, tmp_path / "agent") as agent:
            await more_is_stored(hub, 1)
            # A person with sqlite3 who began something and went for lunch.
            other = await asyncio.to_thread(_locked, hub.data / "hub.db")

            async def is_unready() -> Any:  # noqa: ANN401 - JSON
                code, body = await checks(hub)
                return body["checks"] if code == 503 else None

            said = await eventually(is_unready, deadline_s=START_S, what="readyz says no")
            assert said["database"] in {"database is locked", "no answer within 2 s"}
            await agent.says("the hub asked to wait", START_S)
            before = stored(hub)[0]
            await asyncio.to_thread(other.close)
            await more_is_stored(hub, before + 2)

            async def is_ready() -> bool:
                return (await checks(hub))[0] == 200

            await eventually(is_ready, deadline_s=START_S, what="it is ready again")
        cursor, sequences, gaps = stored(hub)
        assert (sequences[:cursor], gaps) == (list(range(1, cursor + 1)), 0)


def _locked(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    return connection


async def _babble(hub: Hub, key: str, chance: random.Random) -> int:
    """Authenticate and send nonsense; return how the hub closed."""
    nonsense = [
        chance.randbytes(chance.randint(0, 4000)).decode("latin-1"),
        "[" * 50_000,
        '{"type":"metrics","seq":1e400}',
        '{"type":"metrics","seq":-1,"timestamp":"now","cpu":{"percent":"hot"},"memory":{}}',
        msgspec.json.encode({"type": "gap", "from_seq": 9, "to_seq": 3, "reason": "x"}).decode(),
        msgspec.json.encode({"type": "metrics_batch", "samples": []}).decode(),
    ]
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{hub.url}/api/v1/agents/ws") as ws:
        await ws.send_json({"type": "auth", "api_key": key, "epoch": "babble", "next_seq": 1})
        await ws.receive()
        with suppress(ConnectionError):
            await ws.send_str(chance.choice(nonsense))
        while (await ws.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
        return ws.close_code or 0


async def test_nonsense_of_one_agent_touches_no_other(tmp_path: Path) -> None:
    chance = random.Random(3)  # noqa: S311 - the same each time
    async with hub_at(tmp_path / "hub") as hub:
        *good, bad = await hub.add_agents(4)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(agent.run(hub)) for agent in good]
            codes = {await _babble(hub, bad.key, chance) for _ in range(40)}
            await eventually(lambda: all(agent.acked > 500 for agent in good), deadline_s=START_S)
            for task in running:
                task.cancel()
        assert codes == {4400}
        assert not any(agent.is_forgotten for agent in good)
    found = await asyncio.to_thread(ruin, hub.data / "hub.db", good)
    assert (found.lost, found.holes, found.twice, found.damage) == (0, 0, 0, ())


class JumbledAgent(Agent):
    """One whose frames come late, twice and in another order; it goes by acknowledgements alone."""

    async def speak(self, ws: aiohttp.ClientWebSocketResponse, chance: random.Random, samples: int) -> None:
        await ws.send_json({"type": "auth", "api_key": self.key, "epoch": self.epoch, "next_seq": 1})
        await ws.receive()
        while self.acked < samples:
            frames = [metrics(self.acked + number) for number in range(1, 9)]
            batch = [sample(self.acked + number) for number in range(1, 5)]
            frames.append({"type": "metrics_batch", "samples": batch})
            frames += chance.sample(frames, 3)
            chance.shuffle(frames)
            for frame in frames:
                await ws.send_str(msgspec.json.encode(frame).decode())
            with suppress(TimeoutError):
                # The answers to one handful, until there are no more of them.
                async with asyncio.timeout(0.2):
                    while True:
                        answer = msgspec.json.decode((await ws.receive()).data)
                        self.acked = max(self.acked, answer.get("seq", 0))


async def test_frames_that_come_twice_and_out_of_order_are_stored_once_and_in_order(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "hub") as hub:
        [plain] = await hub.add_agents(1)
        agent = JumbledAgent(plain.key, plain.epoch)
        async with aiohttp.ClientSession() as http:
            ws = await http.ws_connect(f"{hub.url}/api/v1/agents/ws")
            await agent.speak(ws, random.Random(11), 60)  # noqa: S311 - the same each time
            await ws.close()
        cursor, sequences, gaps = stored(hub)
        assert (sequences, gaps) == (list(range(1, cursor + 1)), 0)
        assert cursor >= agent.acked >= 60


async def test_a_slow_thin_line_drains_its_backlog_and_stays_online(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "hub") as hub, linked(int(hub.port)) as link:
        [sim] = await hub.add_agents(1)
        async with agent_at(link.url, sim.key, tmp_path / "agent") as agent:
            await more_is_stored(hub, 1)
            await hub.end()
            await agent.says("no connection to the hub", START_S)
            link.delay_s, link.bytes_per_s = 0.4, 8_000
            await hub.start()
            await more_is_stored(hub, stored(hub)[0] + 10)
            assert await status(hub) == "online"
        cursor, sequences, gaps = stored(hub)
        assert (sequences[:cursor], gaps) == (list(range(1, cursor + 1)), 0)
