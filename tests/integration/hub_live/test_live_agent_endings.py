"""How the connections of agents end: replaced, cut off, silent, gone; and who is not let in."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from chatops_server.broker.server_state import ServerState
from chatops_server.storage.sql.events import EventFilter
from tests.deadlines import eventually
from tests.integration.hub_live.conftest import LiveHub
from tests.live_peers import Ended, batch, metrics

Meanwhile = Callable[[LiveHub, ServerState, str], Awaitable[None]]
AUTH: dict[str, Any] = {"protocol": 1, "epoch": "e1", "next_seq": 1}


async def _refused(hub: LiveHub, first: object) -> Ended:
    peer = await hub.connect("/agents/ws")
    await peer.ws.send_str(first if isinstance(first, str) else msgspec.json.encode(first).decode())
    return await peer.ended()


async def test_the_newest_connection_of_a_server_wins(hub: LiveHub, server: ServerState, key: str) -> None:
    first = await hub.agent(key, **AUTH)
    await first.send(metrics(1))
    await first.next()
    second = await hub.agent(key, **AUTH)
    ended = await first.ended()
    assert (ended.code, ended.error) == (4409, "replaced")
    await second.send(metrics(2))
    assert await second.next() == {"type": "ack", "seq": 2}
    assert server.status == "online"
    [event], _ = await hub.events.listed(hub.tokens.known["admin"], EventFilter(kind="connection"))
    assert event.message == "web-1 connected"


async def test_a_replaced_connection_stores_what_it_accepted_before_the_next_asks(
    hub: LiveHub, key: str
) -> None:
    first = await hub.agent(key, **AUTH)
    hub.store.open.clear()
    await first.send(metrics(1))
    await eventually(lambda: hub.store.waiting == 1)
    second = await hub.connect("/agents/ws")
    await second.send({"type": "auth", "api_key": key, **AUTH})
    assert (await first.ended()).code == 4409
    hub.store.open.set()
    assert (await second.next())["last_seq"] == 1


async def test_a_revoked_key_cuts_its_agent_off(hub: LiveHub, server: ServerState, key: str) -> None:
    agent = await hub.agent(key)
    await hub.revoke(key)
    ended = await agent.ended()
    assert (ended.code, ended.error) == (4401, "invalid_key")
    assert server.status == "offline"
    again = await _refused(hub, {"type": "auth", "api_key": key})
    assert (again.code, again.error) == (4401, "invalid_key")


async def test_a_deleted_server_cuts_its_agent_off(hub: LiveHub, server: ServerState, key: str) -> None:
    agent = await hub.agent(key)
    await hub.delete(server)
    ended = await agent.ended()
    assert (ended.code, ended.error) == (4401, "invalid_key")


async def _revoke(hub: LiveHub, _server: ServerState, key: str) -> None:
    await hub.revoke(key)


async def _delete(hub: LiveHub, server: ServerState, _key: str) -> None:
    await hub.delete(server)


async def _stop(hub: LiveHub, _server: ServerState, _key: str) -> None:
    hub.live.sessions.close_all()


@pytest.mark.parametrize(("meanwhile", "code"), [(_revoke, 4401), (_delete, 4401), (_stop, 1001)])
async def test_what_ends_while_the_key_is_looked_up_ends_the_connection(
    hub: LiveHub, server: ServerState, key: str, meanwhile: Meanwhile, code: int
) -> None:
    hub.held_keys.open.clear()
    peer = await hub.connect("/agents/ws")
    await peer.send({"type": "auth", "api_key": key})
    await eventually(lambda: hub.held_keys.waiting == 1)
    await meanwhile(hub, server, key)
    hub.held_keys.open.set()
    ended = await peer.ended()
    assert ended.code == code
    assert "auth_success" not in [frame["type"] for frame in ended.frames]
    assert len(hub.live.sessions) == 0


async def test_a_silent_agent_is_offline_soon(impatient_hub: LiveHub) -> None:
    """It neither closes nor answers pings: a cable that was pulled."""
    server = await impatient_hub.add_server()
    peer = await impatient_hub.connect("/agents/ws", autoping=False)
    await peer.send({"type": "auth", "api_key": await impatient_hub.add_key(server)})
    assert (await peer.next())["type"] == "auth_success"
    assert server.is_online
    await eventually(lambda: not server.is_online)
    filtered = EventFilter(kind="connection")

    async def newest() -> str:
        events, _ = await impatient_hub.events.listed(impatient_hub.tokens.known["admin"], filtered)
        return events[0].message

    await eventually(lambda: _says(newest(), "web-1 disconnected: no answer to a ping"))


async def _says(told: Awaitable[str], expected: str) -> bool:
    return bool(await told == expected)


async def test_an_agent_that_leaves_is_offline_at_once_and_the_timeline_says_so(
    hub: LiveHub, server: ServerState, key: str
) -> None:
    listener = await hub.client("admin")
    await listener.request(type="subscribe", topic="events")
    agent = await hub.agent(key)
    connected = (await listener.until("event"))["event"]
    await agent.close()
    disconnected = (await listener.until("event"))["event"]
    assert (connected["kind"], connected["server_id"], connected["message"]) == (
        "connection",
        server.id,
        "web-1 connected",
    )
    assert disconnected["message"] == "web-1 disconnected: the peer closed the connection"
    assert server.status == "offline"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://["])
async def test_a_page_of_another_origin_may_not_connect(hub: LiveHub, origin: str) -> None:
    assert hub.http is not None
    for path in ("/agents/ws", "/ws"):
        async with hub.http.get(f"/api/v1{path}", headers={"Origin": origin}) as answer:
            assert (answer.status, (await answer.json(content_type=None))["code"]) == (403, "forbidden")
    assert hub.runner is not None
    own = await hub.connect("/ws", origin=f"http://127.0.0.1:{hub.runner.addresses[0][1]}")
    await own.close()


async def test_a_plain_request_is_told_that_this_is_a_websocket(hub: LiveHub) -> None:
    assert hub.http is not None
    async with hub.http.get("/api/v1/agents/ws/") as answer:
        assert answer.status == 400


async def test_unauthenticated_connections_of_one_address_are_bounded(hub: LiveHub, key: str) -> None:
    peers = await asyncio.gather(*(hub.connect("/agents/ws" if n % 2 else "/ws") for n in range(64)))
    assert hub.http is not None
    async with hub.http.get("/api/v1/ws") as answer:
        assert answer.status == 429
        assert int(answer.headers["Retry-After"]) > 0
        assert (await answer.json(content_type=None))["code"] == "too_many_requests"
    await peers[1].send({"type": "auth", "api_key": key})
    assert (await peers[1].next())["type"] == "auth_success"
    extra = await hub.connect("/ws")
    await extra.close()


async def test_a_lost_agent_is_offline_even_while_its_samples_wait_for_the_disk(
    hub: LiveHub, server: ServerState, key: str
) -> None:
    agent = await hub.agent(key, **AUTH)
    hub.store.open.clear()
    # More than a session may have on its way (600), so that its reader waits and cannot notice.
    for first in range(1, 1000, 100):
        await agent.send(batch(*range(first, first + 100)))
    await eventually(lambda: server.latest is not None and server.latest.mark.seq == 600)
    await agent.vanish()
    await eventually(lambda: not server.is_online)
    assert len(hub.live.sessions) == 0


async def test_a_database_that_does_not_answer_is_no_bad_key(impatient_hub: LiveHub) -> None:
    key = await impatient_hub.add_key(await impatient_hub.add_server())
    impatient_hub.held_keys.open.clear()
    ended = await _refused(impatient_hub, {"type": "auth", "api_key": key})
    assert (ended.code, ended.error) == (1011, "unavailable")
