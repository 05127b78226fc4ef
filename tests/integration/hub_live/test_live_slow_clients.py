"""A client that does not read gets the newest state, delays nobody, and is closed in the end."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chatops_server.broker.agent_outbox import MAX_QUEUED
from chatops_server.broker.counters import Peer as Kind
from chatops_server.broker.server_state import ServerState
from chatops_server.web.frame_socket import Patience
from tests.deadlines import eventually
from tests.integration.hub_live.conftest import LiveHub, open_live_hub
from tests.live_peers import Peer, metrics


def _large(seq: int) -> dict[str, Any]:
    """A sample of some 200 KB, so that a few of them fill every buffer on the way."""
    process = {"pid": 1, "name": "p", "command": "x" * 1000}
    return {**metrics(seq), "processes": [process] * 200}


async def _filled(hub: LiveHub, agent: Peer, count: int) -> None:
    """Send samples until the hub had to drop some for a client, at most `count`."""
    for seq in range(1, count + 1):
        await agent.send(_large(seq))
        while (await agent.until("ack"))["seq"] < seq:
            pass
        if any(session.outbox.total_dropped for session in hub.live.clients):
            return
    raise AssertionError("the client's buffers took everything")


async def test_a_slow_client_is_told_what_it_missed_and_others_miss_nothing(
    hub: LiveHub, server: ServerState, key: str
) -> None:
    agent = await hub.agent(key)
    slow, quick = await hub.watching(server), await hub.watching(server)
    seen: list[int] = []

    async def read() -> None:
        while True:
            seen.append((await quick.until("metrics"))["seq"])

    reading = asyncio.create_task(read())
    await agent.until("configure")
    await _filled(hub, agent, 200)
    newest = server.latest.mark.seq if server.latest else 0
    await eventually(lambda: seen and seen[-1] == newest)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert seen == list(range(1, newest + 1))

    had: list[int] = []
    dropped = 0
    while not had or had[-1] < newest:
        frame = await slow.next()
        if frame["type"] == "lagged":
            dropped += frame["dropped"]
        else:
            had.append(frame["seq"])
    assert dropped > 0
    assert len(had) + dropped == newest
    assert had == sorted(set(had))


async def test_a_client_that_reads_nothing_for_long_is_closed(tmp_path: Path) -> None:
    patience = Patience(stall_s=0.3, close_s=0.3)
    async with open_live_hub(tmp_path / "hub.db", patience) as hub:
        server = await hub.add_server()
        agent = await hub.agent(await hub.add_key(server))
        await hub.watching(server)
        await agent.until("configure")
        seq = 0
        while len(hub.live.clients):
            seq += 1
            await agent.send(_large(seq))
            while (await agent.until("ack"))["seq"] < seq:
                pass
        assert hub.live.counters.too_slow[Kind.CLIENT] == 1
        assert hub.live.counters.dropped[Kind.CLIENT] > 0
        assert server.is_online


@pytest.mark.parametrize("topic", ["fleet", "events"])
async def test_requests_without_reading_answers_are_bounded(hub: LiveHub, topic: str) -> None:
    client = await hub.client()
    flood = [{"type": "subscribe", "id": "x" * 200, "topic": topic}] * 500

    async def flooding() -> None:
        while True:
            await client.send(*flood)

    task = asyncio.create_task(flooding())
    await eventually(lambda: len(hub.live.clients) == 0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert hub.live.counters.too_slow[Kind.CLIENT] == 1


@pytest.fixture
async def patient_hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    """A hub that waits longer for a peer that takes nothing than any test does."""
    patience = Patience(heartbeat_s=600.0, stall_s=600.0, close_s=0.3)
    async with open_live_hub(tmp_path / "hub.db", patience) as opened:
        yield opened


async def test_an_ended_token_does_not_wait_for_a_client_that_reads_nothing(patient_hub: LiveHub) -> None:
    hub = patient_hub
    server = await hub.add_server()
    agent = await hub.agent(await hub.add_key(server))
    await hub.watching(server)
    await agent.until("configure")
    await _filled(hub, agent, 200)
    hub.tokens.known.clear()
    await eventually(lambda: len(hub.live.clients) == 0)
    assert server.is_online


async def test_a_revoked_key_does_not_wait_for_an_agent_that_reads_nothing(patient_hub: LiveHub) -> None:
    hub = patient_hub
    server = await hub.add_server()
    key = await hub.add_key(server)
    await hub.agent(key)
    session = hub.live.sessions.get(server.id)
    assert session is not None
    for _ in range(MAX_QUEUED):
        session.outbox.put(b"{}" + b" " * 100_000)
    await hub.revoke(key)
    await eventually(lambda: not server.is_online)
