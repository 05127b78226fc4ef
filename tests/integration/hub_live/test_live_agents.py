"""Agents over real sockets: authentication, samples, acks, and how each connection ends."""

from typing import Any

import msgspec
import pytest

from chatops_server.broker.counters import Peer as Kind
from chatops_server.broker.sample_frames import from_stored
from chatops_server.broker.server_state import ServerState
from chatops_server.services.backlog_rates import TOTAL_PER_S
from chatops_server.storage.base import Script
from chatops_server.storage.sql.latest import all_latest
from chatops_server.storage.sql.servers import server as stored_server
from tests.deadlines import eventually
from tests.integration.hub_live.conftest import LiveHub
from tests.live_peers import Ended, batch, metrics, sample

AUTH: dict[str, Any] = {"protocol": 1, "epoch": "e1", "next_seq": 1}


async def _refused(hub: LiveHub, first: object) -> Ended:
    peer = await hub.connect("/agents/ws")
    await peer.ws.send_str(first if isinstance(first, str) else msgspec.json.encode(first).decode())
    return await peer.ended()


async def test_an_agent_is_welcomed_and_its_server_is_online(
    hub: LiveHub, server: ServerState, key: str
) -> None:
    peer = await hub.connect("/agents/ws")
    facts = {"hostname": "web-1", "cpu_count": 4, "version": "9"}
    await peer.send(
        {"type": "auth", "api_key": key, **AUTH, "agent": facts, "capabilities": ["docker"], "new_field": 1}
    )
    welcome = await peer.next()
    assert (welcome["type"], welcome["server_id"], welcome["interval_s"], welcome["last_seq"]) == (
        "auth_success",
        server.id,
        None,
        0,
    )
    assert server.status == "online"
    assert server.host is not None
    assert (server.host.hostname, server.host.cpu_count, server.capabilities) == ("web-1", 4, ("docker",))


async def test_only_the_key_is_required(hub: LiveHub, key: str) -> None:
    agent = await hub.agent(key)
    await agent.send(metrics(1))
    assert await agent.next() == {"type": "ack", "seq": 1}


@pytest.mark.parametrize(
    ("first", "code", "error"),
    [
        ({"type": "auth", "api_key": "chops_nonsense"}, 4401, "invalid_key"),
        ({"type": "auth"}, 4400, "malformed"),
        ({"type": "auth", "api_key": 7}, 4400, "malformed"),
        (metrics(1), 4400, "malformed"),
        ({"type": "weather"}, 4400, "malformed"),
        ("no json", 4400, "malformed"),
        ("[1]", 4400, "malformed"),
        ("", 4400, "malformed"),
    ],
)
async def test_a_first_message_that_is_no_valid_auth_is_refused(
    hub: LiveHub, first: object, code: int, error: str
) -> None:
    ended = await _refused(hub, first)
    assert (ended.code, ended.error) == (code, error)
    assert len(hub.live.sessions) == 0


async def test_a_newer_protocol_is_refused_with_both_versions(hub: LiveHub, key: str) -> None:
    ended = await _refused(hub, {"type": "auth", "api_key": key, "protocol": 2})
    assert (ended.code, ended.error) == (4400, "unsupported_protocol")
    assert "protocol 2" in ended.frames[-1]["message"]


async def test_who_says_nothing_is_sent_away(impatient_hub: LiveHub) -> None:
    peer = await impatient_hub.connect("/agents/ws")
    ended = await peer.ended()
    assert (ended.code, ended.error) == (4401, "auth_timeout")
    assert impatient_hub.live.counters.refused[Kind.AGENT] == 1


async def test_samples_are_acknowledged_and_shown(hub: LiveHub, server: ServerState, key: str) -> None:
    agent = await hub.agent(key, **AUTH)
    await agent.send(metrics(1), metrics(2, cpu=55.0))
    while (await agent.until("ack"))["seq"] < 2:
        pass
    body = hub.live.fleet.latest_whole(server.id)
    assert body is not None
    latest = msgspec.json.decode(body)
    assert (latest["server_id"], latest["seq"], latest["cpu"]["percent"]) == (server.id, 2, 55.0)


async def test_an_ack_is_sent_only_after_the_commit(hub: LiveHub, server: ServerState, key: str) -> None:
    agent = await hub.agent(key, **AUTH)
    hub.store.open.clear()
    await agent.send(metrics(1), metrics(2))
    await eventually(lambda: hub.store.waiting == 1)
    # Shown at once, and something else is answered meanwhile; no ack has come.
    await eventually(lambda: server.latest is not None and server.latest.mark.seq == 2)
    assert hub.live.sessions.configure(server.id, 2.0)
    assert await agent.next() == {"type": "configure", "interval_s": 2.0}
    hub.store.open.set()
    while (ack := await agent.next())["seq"] < 2:
        assert ack["type"] == "ack"
    assert await hub.storage.samples.cursor(server.num, "e1") == 2


async def test_a_hole_is_answered_by_the_current_ack_and_not_stored(
    hub: LiveHub, server: ServerState, key: str
) -> None:
    agent = await hub.agent(key, **AUTH)
    await agent.send(metrics(1))
    assert await agent.next() == {"type": "ack", "seq": 1}
    await agent.send(metrics(5, cpu=99.0))
    assert await agent.next() == {"type": "ack", "seq": 1}
    assert server.latest is not None
    assert server.latest.mark.seq == 1
    await agent.send({"type": "gap", "from_seq": 2, "to_seq": 4, "reason": "spool_full"}, metrics(5))
    while (await agent.until("ack"))["seq"] < 5:
        pass


async def test_after_a_reconnect_the_agent_is_told_what_is_stored(hub: LiveHub, key: str) -> None:
    agent = await hub.agent(key, **AUTH)
    await agent.send(batch(1, 2, 3))
    assert await agent.next() == {"type": "ack", "seq": 3}
    await agent.close()
    again = await hub.connect("/agents/ws")
    await again.send({"type": "auth", "api_key": key, **AUTH})
    assert (await again.next())["last_seq"] == 3
    other_epoch = await hub.connect("/agents/ws")
    await other_epoch.send({"type": "auth", "api_key": key, "epoch": "e2"})
    assert (await other_epoch.next())["last_seq"] == 0


async def test_a_duplicate_is_shown_once(hub: LiveHub, server: ServerState, key: str) -> None:
    agent = await hub.agent(key, **AUTH)
    watcher = await hub.watching(server)
    await agent.send(metrics(1), metrics(1), metrics(2))
    assert [(await watcher.until("metrics"))["seq"] for _ in range(2)] == [1, 2]


async def test_a_backlog_is_stored_and_not_sent_live(hub: LiveHub, server: ServerState, key: str) -> None:
    agent = await hub.agent(key, **AUTH)
    watcher = await hub.watching(server)
    await agent.send(batch(1, 2), {"type": "live", **sample(cpu=77.0)}, batch(3, 4), metrics(5))
    live, numbered = [await watcher.until("metrics") for _ in range(2)]
    assert (live.get("seq"), live["cpu"]["percent"], numbered["seq"]) == (None, 77.0, 5)
    while (await agent.until("ack"))["seq"] < 5:
        pass


async def test_a_live_sample_stays_the_latest_while_the_backlog_drains(
    hub: LiveHub, server: ServerState, key: str
) -> None:
    agent = await hub.agent(key, **AUTH)
    await agent.send({"type": "live", **sample(cpu=77.0)}, batch(1, 2))
    while (await agent.until("ack"))["seq"] < 2:
        pass
    assert server.latest is not None
    assert server.latest.sample.cpu.percent == 77.0


async def test_the_newest_sequence_is_the_latest_whatever_its_clock_says(
    hub: LiveHub, server: ServerState, key: str
) -> None:
    agent = await hub.agent(key, **AUTH)
    await agent.send(
        metrics(1, timestamp="2090-01-01T00:00:00Z"), metrics(2, timestamp="1999-01-01T00:00:00Z")
    )
    while (await agent.until("ack"))["seq"] < 2:
        pass
    assert server.latest is not None
    assert server.latest.sample.timestamp == "1999-01-01T00:00:00Z"


async def test_unknown_messages_are_ignored_and_counted(hub: LiveHub, key: str) -> None:
    agent = await hub.agent(key, **AUTH)
    await agent.send({"type": "weather", "sunny": True}, metrics(1))
    assert await agent.next() == {"type": "ack", "seq": 1}
    assert hub.live.counters.unknown_types(Kind.AGENT) == {"weather": 1}


@pytest.mark.parametrize(
    ("message", "named"),
    [
        (metrics(0), "seq"),
        ({"type": "metrics", "seq": 1}, "timestamp"),
        (metrics(1, timestamp="yesterday"), "timestamp"),
        (metrics(1, timestamp="2027-01-15T08:00:00"), "timestamp"),
        ({"type": "live", **sample(timestamp="soon")}, "timestamp"),
        ({"type": "metrics_batch", "samples": []}, "samples"),
        ({"type": "gap", "from_seq": 9, "to_seq": 3, "reason": "x"}, "to_seq"),
        ({"type": "auth", "api_key": "again"}, "auth"),
        ({"no": "type"}, "type"),
    ],
)
async def test_a_malformed_message_ends_the_connection_and_names_the_field(
    hub: LiveHub, server: ServerState, key: str, message: dict[str, Any], named: str
) -> None:
    agent = await hub.agent(key, **AUTH)
    await agent.send(message)
    ended = await agent.ended()
    assert (ended.code, ended.error) == (4400, "malformed")
    assert named in ended.frames[-1]["message"]
    await eventually(lambda: server.status == "offline")


async def test_a_binary_frame_ends_the_connection(hub: LiveHub, key: str) -> None:
    agent = await hub.agent(key)
    await agent.ws.send_bytes(b"{}")
    assert (await agent.ended()).code == 1003


async def test_a_frame_of_one_mebibyte_passes_and_a_larger_one_ends_the_connection(
    hub: LiveHub, key: str
) -> None:
    agent = await hub.agent(key)
    body = msgspec.json.encode(metrics(1))
    await agent.ws.send_str(body.decode() + " " * (1024 * 1024 - len(body)))
    assert await agent.next() == {"type": "ack", "seq": 1}
    await agent.ws.send_str(body.decode() + " " * (1024 * 1024 + 1 - len(body)))
    assert (await agent.ended()).code == 1009


async def test_what_is_known_of_a_server_survives_the_hub(
    hub: LiveHub, server: ServerState, key: str
) -> None:
    agent = await hub.agent(key, **AUTH, agent={"hostname": "web-1"}, capabilities=["logs"])
    await agent.send(metrics(1, cpu=33.0))
    await agent.until("ack")
    await agent.close()
    await eventually(lambda: server.status == "offline")
    await hub.presence.flush()
    stored = await hub.storage.read(_loaded(server.id))
    assert stored == (server.last_seen_ms, "web-1", ("logs",), 1, 33.0)


def _loaded(server_id: str) -> Script[tuple[object, ...]]:
    row = yield from stored_server(server_id)
    [latest] = yield from all_latest()
    assert row is not None
    assert row.host is not None
    return (
        row.last_seen_ms,
        row.host.hostname,
        row.capabilities,
        latest.seq,
        from_stored(latest.body).cpu.percent,
    )


async def test_agents_with_a_backlog_are_told_how_fast_to_send_it(hub: LiveHub, key: str) -> None:
    other = await hub.add_key(await hub.add_server("web-2"))
    first = await hub.connect("/agents/ws")
    await first.send({"type": "auth", "api_key": key, **AUTH, "next_seq": 100})
    assert "backlog_per_s" not in await first.next()
    second = await hub.connect("/agents/ws")
    await second.send({"type": "auth", "api_key": other, **AUTH, "next_seq": 100})
    assert (await second.next())["backlog_per_s"] == TOTAL_PER_S // 2
    await first.send(batch(1, 2))
    assert await first.next() == {"type": "ack", "seq": 2, "backlog_per_s": TOTAL_PER_S // 2}
    await first.send(batch(3, 4))
    assert await first.next() == {"type": "ack", "seq": 4}
