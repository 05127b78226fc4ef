"""Clients over real sockets: authentication, topics, rights, and how each connection ends."""

import asyncio
from typing import Any

import msgspec
import pytest

from chatops_server.broker.counters import Peer as Kind
from chatops_server.broker.server_state import ServerState
from chatops_server.broker.watching import LINGER_S
from chatops_server.domain.permissions import Principal
from tests.deadlines import eventually
from tests.integration.hub_live.conftest import LiveHub, now_ms
from tests.live_peers import Ended, batch, metrics


async def _refused(hub: LiveHub, first: object, path: str = "/ws") -> Ended:
    peer = await hub.connect(path)
    await peer.ws.send_str(first if isinstance(first, str) else msgspec.json.encode(first).decode())
    return await peer.ended()


async def test_a_client_is_told_who_it_is(hub: LiveHub) -> None:
    peer = await hub.connect("/ws/")
    await peer.send({"type": "auth", "token": "owner"})
    assert await peer.next() == {
        "type": "auth_success",
        "user": {"id": "usr_owner", "username": "owner", "role": "operator"},
    }


@pytest.mark.parametrize(
    ("first", "code", "error"),
    [
        ({"type": "auth", "token": "nobody"}, 4401, "unauthorized"),
        ({"type": "auth"}, 4400, "malformed"),
        ({"type": "subscribe", "id": 1, "topic": "fleet"}, 4400, "malformed"),
        ("{", 4400, "malformed"),
    ],
)
async def test_a_first_message_that_is_no_valid_auth_is_refused(
    hub: LiveHub, first: object, code: int, error: str
) -> None:
    ended = await _refused(hub, first)
    assert (ended.code, ended.error) == (code, error)
    assert len(hub.live.clients) == 0


async def test_who_says_nothing_is_sent_away(impatient_hub: LiveHub) -> None:
    ended = await (await impatient_hub.connect("/ws")).ended()
    assert (ended.code, ended.error) == (4401, "auth_timeout")


@pytest.mark.parametrize("request_id", [7, "seven"])
async def test_an_answer_repeats_the_requests_id(hub: LiveHub, request_id: int | str) -> None:
    client = await hub.client()
    await client.send(
        {"type": "ping", "id": request_id},
        {"type": "subscribe", "id": request_id, "topic": "events"},
        {"type": "subscribe", "id": request_id, "topic": "weather"},
        {"type": "unsubscribe", "id": request_id, "topic": "events"},
        {"type": "unsubscribe", "id": request_id, "topic": "events"},
    )
    answers = [await client.next() for _ in range(5)]
    assert [answer["type"] for answer in answers] == ["pong", "result", "error", "result", "result"]
    assert {answer["id"] for answer in answers} == {request_id}
    assert answers[2]["code"] == "unknown_topic"


async def test_a_ping_needs_no_id(hub: LiveHub) -> None:
    client = await hub.client()
    await client.send({"type": "ping"})
    assert await client.next() == {"type": "pong"}


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"topic": "metrics"}, "invalid_request"),
        ({"topic": "metrics", "server_id": "srv_unknown"}, "not_found"),
        ({"topic": "weather"}, "unknown_topic"),
        ({"topic": "command"}, "invalid_request"),
        ({"topic": "command", "command_id": "cmd_1"}, "not_found"),
        ({"topic": "logs", "server_id": "srv_1"}, "invalid_request"),
        ({"topic": "logs", "server_id": "srv_1", "source": {"path": "/var/log/syslog"}}, "not_found"),
    ],
)
async def test_what_cannot_be_subscribed_is_answered_by_an_error(
    hub: LiveHub, request_: dict[str, Any], code: str
) -> None:
    client = await hub.client()
    answer = await client.request(type="subscribe", **request_)
    assert (answer["type"], answer["code"]) == ("error", code)
    assert (await client.request(type="ping"))["type"] == "pong"


async def test_what_one_may_not_see_is_not_found(hub: LiveHub, server: ServerState) -> None:
    client = await hub.client("guest")
    answer = await client.request(type="subscribe", topic="metrics", server_id=server.id)
    assert answer["code"] == "not_found"
    assert (await client.request(type="subscribe", topic="fleet"))["type"] == "result"
    assert await client.next() == {"type": "fleet", "servers": []}


async def test_unknown_messages_are_ignored_and_counted(hub: LiveHub) -> None:
    client = await hub.client()
    await client.send({"type": "weather", "id": 1}, {"type": "ping", "id": 2, "extra": True})
    assert await client.next() == {"type": "pong", "id": 2}
    assert hub.live.counters.unknown_types(Kind.CLIENT) == {"weather": 1}


@pytest.mark.parametrize(
    "message", [{"type": "subscribe", "id": 1}, {"type": "ping", "id": 1.5}, {"type": "auth", "token": 3}]
)
async def test_a_malformed_message_ends_the_connection(hub: LiveHub, message: dict[str, Any]) -> None:
    client = await hub.client()
    await client.send(message)
    ended = await client.ended()
    assert (ended.code, ended.error) == (4400, "malformed")


async def test_a_binary_frame_ends_the_connection(hub: LiveHub) -> None:
    client = await hub.client()
    await client.ws.send_bytes(b"{}")
    assert (await client.ended()).code == 1003


async def test_the_fleet_comes_whole_and_then_in_changes(hub: LiveHub, server: ServerState, key: str) -> None:
    client = await hub.client()
    assert (await client.request(type="subscribe", topic="fleet"))["type"] == "result"
    whole = await client.next()
    [view] = whole["servers"]
    assert (whole["type"], view["id"], view["status"], view["latest"], view["cpu_recent"]) == (
        "fleet",
        server.id,
        "never",
        None,
        [],
    )
    agent = await hub.agent(key)
    await agent.send(metrics(1, cpu=64.0))
    seen: dict[str, Any] = {}
    while not seen.get("latest"):
        update = await client.until("fleet_update")
        [seen] = update["servers"]
    assert (seen["id"], seen["status"], seen["latest"]["cpu"]["percent"]) == (server.id, "online", 64.0)
    assert "cpu_recent" not in seen


async def test_a_second_subscription_to_the_fleet_shows_it_whole_again(hub: LiveHub) -> None:
    client = await hub.client()
    for _ in range(2):
        await client.request(type="subscribe", topic="fleet")
        assert (await client.next())["type"] == "fleet"
    assert (await client.request(type="unsubscribe", topic="fleet"))["type"] == "result"


async def test_a_watched_agent_samples_every_second_and_gets_its_interval_back(
    hub: LiveHub, server: ServerState, key: str
) -> None:
    agent = await hub.agent(key)
    client = await hub.watching(server)
    assert await agent.next() == {"type": "configure", "interval_s": 1.0}
    assert server.interval_s == 1.0
    await client.request(type="unsubscribe", topic="metrics", server_id=server.id)
    hub.clock.ahead_s += LINGER_S
    assert await agent.next() == {"type": "configure", "interval_s": None}
    assert server.interval_s is None


async def test_an_agent_that_connects_while_watched_is_told_at_once(
    hub: LiveHub, server: ServerState, key: str
) -> None:
    await hub.watching(server)
    agent = await hub.connect("/agents/ws")
    await agent.send({"type": "auth", "api_key": key})
    assert (await agent.next())["interval_s"] == 1.0
    assert server.interval_s == 1.0


async def test_following_the_fleet_or_events_is_no_watching(
    hub: LiveHub, server: ServerState, key: str
) -> None:
    agent = await hub.agent(key)
    client = await hub.client()
    await client.request(type="subscribe", topic="fleet")
    await client.request(type="subscribe", topic="events", server_id=server.id)
    await client.request(type="subscribe", topic="alerts")
    await agent.send(metrics(1))
    assert await agent.next() == {"type": "ack", "seq": 1}


async def test_the_connection_for_one_server_sends_just_its_metrics(
    hub: LiveHub, server: ServerState, key: str
) -> None:
    agent = await hub.agent(key)
    client = await hub.client(path=f"/ws/metrics/{server.id}")
    await agent.send(batch(1), metrics(2))
    frame = await client.next()
    assert (frame["type"], frame["server_id"], frame["seq"]) == ("metrics", server.id, 2)
    answer = await client.request(type="subscribe", topic="fleet")
    assert (answer["type"], answer["code"]) == ("error", "invalid_request")


async def test_the_connection_for_an_invisible_server_is_refused(hub: LiveHub, server: ServerState) -> None:
    ended = await _refused(hub, {"type": "auth", "token": "guest"}, f"/ws/metrics/{server.id}")
    assert (ended.code, ended.error) == (1000, "not_found")


async def test_the_connection_for_one_server_ends_with_it(hub: LiveHub, server: ServerState) -> None:
    client = await hub.client(path=f"/ws/metrics/{server.id}")
    await hub.delete(server)
    ended = await client.ended()
    assert (ended.code, ended.error) == (1000, "not_found")


async def test_a_lost_grant_ends_the_subscription_and_the_server_leaves_the_fleet(
    hub: LiveHub, server: ServerState, key: str
) -> None:
    hub.live.fleet.set_grant(server.id, "usr_guest", "viewer")
    guest = await hub.watching(server, "guest")
    await guest.request(type="subscribe", topic="fleet")
    assert [view["role"] for view in (await guest.until("fleet"))["servers"]] == ["viewer"]
    hub.live.fleet.drop_grant(server.id, "usr_guest")
    ended = await guest.until("subscription_ended")
    assert (ended["topic"], ended["server_id"], ended["code"]) == ("metrics", server.id, "not_found")
    assert (await guest.until("fleet_update"))["removed"] == [server.id]
    agent = await hub.agent(key)
    await agent.send(metrics(1))
    await agent.until("ack")
    assert (await guest.request(type="ping"))["type"] == "pong"


async def test_a_token_may_be_renewed_in_band_by_the_same_user_only(hub: LiveHub) -> None:
    client = await hub.client()
    later = Principal("usr_owner", "owner", "operator", now_ms() + 3_600_000, 1)
    hub.tokens.add("owner-2", later)
    await client.send({"type": "auth", "token": "owner-2"})
    assert (await client.next())["type"] == "auth_success"
    assert [session.principal for session in hub.live.clients] == [later]
    await client.send({"type": "auth", "token": "guest"})
    ended = await client.ended()
    assert (ended.code, ended.error) == (4401, "unauthorized")


async def test_a_bad_token_in_band_ends_the_connection(hub: LiveHub) -> None:
    client = await hub.client()
    await client.send({"type": "auth", "token": "nobody"})
    ended = await client.ended()
    assert (ended.code, ended.error) == (4401, "unauthorized")


async def test_a_connection_ends_when_its_token_expires(hub: LiveHub) -> None:
    hub.tokens.add("short", Principal("usr_owner", "owner", "operator", now_ms() + 50, 1))
    ended = await (await hub.client("short")).ended()
    assert (ended.code, ended.error) == (4401, "token_expired")


async def test_a_connection_ends_when_its_user_is_disabled(hub: LiveHub) -> None:
    client = await hub.client("guest")
    del hub.tokens.known["guest"]
    ended = await client.ended()
    assert (ended.code, ended.error) == (4401, "unauthorized")
    await eventually(lambda: len(hub.live.clients) == 0)


async def test_events_reach_only_those_who_may_see_them(hub: LiveHub, server: ServerState, key: str) -> None:
    owner, guest = await hub.client(), await hub.client("guest")
    for client in (owner, guest):
        await client.request(type="subscribe", topic="events")
    agent = await hub.agent(key)
    assert (await owner.until("event"))["event"]["server_id"] == server.id
    await agent.close()
    assert "disconnected" in (await owner.until("event"))["event"]["message"]
    await hub.events.record("login", "guest logged in", user_id="usr_guest")
    assert (await guest.until("event"))["event"]["kind"] == "login"


async def test_a_stopping_hub_says_so_to_everybody(hub: LiveHub, server: ServerState, key: str) -> None:
    agent, client = await hub.agent(key), await hub.watching(server)
    silent = await hub.connect("/ws")
    await agent.until("configure")
    async with asyncio.TaskGroup() as tasks:
        ends = [tasks.create_task(peer.ended()) for peer in (agent, client, silent)]
        tasks.create_task(hub.stop())
    assert [end.result().code for end in ends] == [1001, 1001, 1001]
    assert not server.is_online
