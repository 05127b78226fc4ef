"""Two hubs as people start them, on one PostgreSQL and one NATS: an agent at one, its users at the other."""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.deadlines import DEADLINE_S, eventually
from tests.e2e.hub_program import Hub, running
from tests.live_peers import Peer, metrics
from tests.nats_server import OwnNats, own_nats
from tests.postgres_server import PostgresServer

PASSWORD = "secret word"  # noqa: S105 - of hubs that end with the test
SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - likewise


@dataclass
class Two:
    """Both hubs, what is between them, and a server with a key that both know."""

    one: Hub
    other: Hub
    nats: OwnNats
    server_id: str
    key: str

    def token(self, hub: Hub) -> str:
        return hub.login(PASSWORD)


@pytest.fixture
def two(tmp_path: Path, postgres_server: PostgresServer) -> Iterator[Two]:
    with own_nats() as nats, postgres_server.database() as address:
        shared = {"CHATOPS_SECRET": SECRET, "CHATOPS_ADMIN_PASSWORD": PASSWORD, "CHATOPS_BUS": nats.url}
        where = ("--database", address.url)
        with running("--data-dir", str(tmp_path / "one"), *where, **shared) as one:
            token = one.login(PASSWORD)
            server = one.ask("/api/v1/servers", {"name": "web-1"}, token)["id"]
            key = one.ask("/api/v1/api-keys", {"server_id": server}, token)["key"]
            limit = {"metric": "cpu.percent", "comparison": "gt", "value": 90, "severity": "critical"}
            one.ask("/api/v1/alerts/thresholds", {"server_id": server, **limit}, token)
            with running("--data-dir", str(tmp_path / "other"), *where, **shared) as other:
                yield Two(one, other, nats, server, key)


@asynccontextmanager
async def peer(
    http: aiohttp.ClientSession, hub: Hub, path: str, first: dict[str, Any]
) -> AsyncIterator[Peer]:
    """A connection whose first message was accepted."""
    async with http.ws_connect(f"{hub.url}/api/v1{path}") as ws:
        connected = Peer(ws)
        await connected.send(first)
        assert (await connected.next())["type"] == "auth_success"
        yield connected


@asynccontextmanager
async def everybody(two: Two) -> AsyncIterator[tuple[Peer, Peer]]:
    """The agent at one hub, and a user at the other who follows everything."""
    token = await asyncio.to_thread(two.token, two.other)
    async with (
        aiohttp.ClientSession() as http,
        peer(http, two.other, "/ws", {"type": "auth", "token": token}) as user,
    ):
        for topic in ("fleet", "events", "alerts"):
            await user.request(type="subscribe", topic=topic)
        await user.request(type="subscribe", topic="metrics", server_id=two.server_id)
        auth = {"type": "auth", "api_key": two.key, "epoch": "e", "agent": {"hostname": "machine-1"}}
        async with peer(http, two.one, "/agents/ws", auth) as agent:
            yield agent, user


async def test_what_an_agent_at_one_hub_does_is_seen_at_the_other(two: Two) -> None:
    async with everybody(two) as (agent, user):
        told = await _told(user, event=lambda frame: frame["event"]["message"] == "web-1 connected")
        assert told["event"]["server_id"] == two.server_id
        assert (await agent.until("configure"))["interval_s"] == 1.0
        await agent.send(metrics(1, cpu=95.0))
        seen: dict[str, dict[str, Any]] = {}
        # In whatever order they come.
        while {"metrics", "alert", "fleet_update"} - set(seen):
            frame = await user.next()
            is_row = frame["type"] == "fleet_update" and frame["servers"][0]["latest"] is not None
            if frame["type"] != "fleet_update" or is_row:
                seen[frame["type"]] = frame
        assert seen["metrics"]["cpu"]["percent"] == 95.0
        assert seen["alert"]["alert"]["status"] == "firing"
        row = seen["fleet_update"]["servers"][0]
        assert (row["status"], row["host"]["hostname"], row["latest"]["seq"]) == ("online", "machine-1", 1)
        listed = await asyncio.to_thread(_listed, two)
        assert (listed["status"], listed["latest"]["cpu"]["percent"]) == ("online", 95.0)


async def test_without_nats_each_hub_serves_its_own_agents_and_says_degraded(two: Two) -> None:
    async with everybody(two) as (agent, user):
        await _is("ok", two)
        await agent.send(metrics(1, cpu=10.0))
        assert (await user.until("metrics"))["seq"] == 1
        await asyncio.to_thread(two.nats.stop)
        await _is("degraded", two)
        token = await asyncio.to_thread(two.token, two.one)
        async with (
            aiohttp.ClientSession() as http,
            peer(http, two.one, "/ws", {"type": "auth", "token": token}) as near,
        ):
            await near.request(type="subscribe", topic="metrics", server_id=two.server_id)
            await agent.send(metrics(2, cpu=20.0))
            assert (await near.until("metrics"))["seq"] == 2
            assert (await agent.until("ack"))["seq"] >= 1
            # Out of the database, some seconds later.
            assert (await user.until("metrics"))["seq"] == 2
        await asyncio.to_thread(two.nats.start)
        await _is("ok", two)
        sending = asyncio.create_task(_sending(agent, 3))
        seen = [0, 0]
        # One after the other, not one every few seconds.
        while seen[-1] != seen[-2] + 1 or seen[-1] == 1:
            seen.append((await user.until("metrics"))["seq"])
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def _sending(agent: Peer, seq: int) -> None:
    while True:
        await agent.send(metrics(seq, cpu=30.0))
        await asyncio.sleep(0.1)
        seq += 1


async def _told(user: Peer, **wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return the first frame of a type that is the wanted one."""
    ((kind, is_it),) = wanted.items()
    while True:
        frame = await user.until(kind)
        if is_it(frame):
            return frame


async def _is(status: str, two: Two) -> None:
    """Wait until both hubs say so, with 200."""

    def both() -> bool:
        return all(_ready(hub) == (200, status) for hub in (two.one, two.other))

    async def said() -> bool:
        return await asyncio.to_thread(both)

    asked: Callable[[], Awaitable[bool]] = said
    await eventually(asked, deadline_s=3 * DEADLINE_S, what=f"both are {status}")


def _ready(hub: Hub) -> tuple[int, str]:
    with urllib.request.urlopen(f"{hub.url}/readyz", timeout=DEADLINE_S) as answer:  # noqa: S310 - our own hub
        return answer.status, str(json.loads(answer.read())["status"])


def _listed(two: Two) -> dict[str, Any]:
    token = two.token(two.other)
    listed: dict[str, Any] = two.other.ask(f"/api/v1/servers/{two.server_id}", token=token)
    return listed
