"""Keys that end, and keys that follow others over the connection of their agent."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from chatops_server.storage.base import Script, execute
from tests.deadlines import eventually
from tests.integration.hub_rest.conftest import Asker
from tests.live_peers import Peer

HOUR_S = 3600


@asynccontextmanager
async def agent(asker: Asker, key: str, **more: object) -> AsyncIterator[Peer]:
    """An agent that has sent its `auth`."""
    async with asker.http.ws_connect("/api/v1/agents/ws") as ws:
        peer = Peer(ws)
        await peer.send({"type": "auth", "api_key": key, "rotates_key": True, **more})
        yield peer


async def made(asker: Asker, server: str, **body: object) -> dict[str, Any]:
    answer = await asker.post("/api-keys", {"server_id": server, **body})
    assert answer.status == 201, answer
    return dict(answer.body)


async def shown(asker: Asker, server: str) -> Mapping[str, dict[str, Any]]:
    """Return the server's keys as they are listed, by id."""
    answer = await asker.get(f"/api-keys?server_id={server}")
    return {item["id"]: item for item in answer.body["items"]}


async def rotate(asker: Asker, key_id: str) -> None:
    answer = await asker.post(f"/api-keys/{key_id}/rotate", None)
    assert answer.status == 202, answer


async def test_several_keys_of_one_server_are_good_at_once(asker: Asker) -> None:
    server = await asker.server("web-1")
    for key in (await made(asker, server), await made(asker, server)):
        async with agent(asker, key["key"]) as peer:
            assert (await peer.until("auth_success"))["server_id"] == server


async def test_a_key_that_has_expired_is_refused(asker: Asker) -> None:
    server = await asker.server("web-1")
    key = await made(asker, server, expires_in_s=60)
    assert key["expires_at"] is not None
    await asker.running.storage.write(_expired(key["id"]))
    async with agent(asker, key["key"]) as peer:
        ended = await peer.ended()
    assert (ended.code, ended.error) == (4401, "invalid_key")
    assert (await shown(asker, server))[key["id"]]["active"] is False


async def test_a_connection_ends_with_its_key(asker: Asker) -> None:
    server = await asker.server("web-1")
    key = await made(asker, server, expires_in_s=60)
    async with agent(asker, key["key"]) as peer:
        await peer.until("auth_success")
        session = asker.running.live.sessions.get(server)
        assert session is not None
        session.key_expires_ms = 1
        ended = await peer.ended()
    assert (ended.code, ended.error) == (4401, "invalid_key")


async def test_an_agent_gets_its_next_key_over_its_connection(asker: Asker) -> None:
    """The old key ends with the new one's first use, on the same connection, which stays."""
    server = await asker.server("web-1")
    key = await made(asker, server, name="rack 3", expires_in_s=HOUR_S)
    async with agent(asker, key["key"]) as peer:
        await peer.until("auth_success")
        await rotate(asker, key["id"])
        offer = await peer.until("key_offer")
        assert (await shown(asker, server))[key["id"]]["rotation"] == "offered"
        assert (await shown(asker, server))[key["id"]]["active"] is True
        await peer.send({"type": "key_stored", "api_key": offer["api_key"]})
        accepted = await peer.until("key_accepted")
        assert offer["api_key"].startswith(accepted["prefix"])
        listed = await shown(asker, server)
        following = next(item for item in listed.values() if item["replaces"] == key["id"])
        assert listed[key["id"]]["active"] is False
        assert (following["active"], following["in_use"], following["name"]) == (True, True, "rack 3")
        assert following["expires_at"] is not None
    async with agent(asker, key["key"]) as late:
        assert (await late.ended()).code == 4401
    async with agent(asker, offer["api_key"]) as again:
        await again.until("auth_success")


async def test_no_answer_ever_shows_a_key_that_follows(asker: Asker) -> None:
    server = await asker.server("web-1")
    key = await made(asker, server)
    async with agent(asker, key["key"]) as peer:
        await peer.until("auth_success")
        answer = await asker.post(f"/api-keys/{key['id']}/rotate", None)
        offer = await peer.until("key_offer")
        listed = await asker.get(f"/api-keys?server_id={server}")
        events, audit = await asker.get("/events"), await asker.get("/audit")
    for body in (answer.body, listed.body, events.body, audit.body):
        assert offer["api_key"] not in str(body)


async def test_an_agent_that_is_away_gets_its_next_key_when_it_comes(asker: Asker) -> None:
    server = await asker.server("web-1")
    key = await made(asker, server)
    await rotate(asker, key["id"])
    assert (await shown(asker, server))[key["id"]]["rotation"] == "waiting"
    async with agent(asker, key["key"]) as peer:
        await peer.until("auth_success")
        await peer.until("key_offer")


async def test_whatever_is_cut_off_in_between_leaves_a_key_that_works(asker: Asker) -> None:
    """Killed before it was kept: the old key works and gets another offer. Killed after: the new one."""
    server = await asker.server("web-1")
    key = await made(asker, server)
    async with agent(asker, key["key"]) as peer:
        await peer.until("auth_success")
        await rotate(asker, key["id"])
        lost = await peer.until("key_offer")
        await peer.vanish()
    async with agent(asker, key["key"]) as peer:
        await peer.until("auth_success")
        kept = await peer.until("key_offer")
        assert kept["api_key"] != lost["api_key"]
        await peer.vanish()
    async with agent(asker, lost["api_key"]) as peer:
        assert (await peer.ended()).error == "invalid_key"
    async with agent(asker, kept["api_key"]) as peer:
        await peer.until("auth_success")
    async with agent(asker, key["key"]) as peer:
        assert (await peer.ended()).error == "invalid_key"


async def test_an_agent_that_cannot_keep_a_key_goes_on_with_the_old_one(asker: Asker) -> None:
    server = await asker.server("web-1")
    key = await made(asker, server)
    async with agent(asker, key["key"]) as peer:
        await peer.until("auth_success")
        await rotate(asker, key["id"])
        offer = await peer.until("key_offer")
        await peer.send({"type": "key_refused", "reason": "read-only\x1b[2J disk"})

        async def given_up() -> bool:
            return (await shown(asker, server))[key["id"]]["rotation"] is None

        await eventually(given_up)
    events = await asker.get(f"/events?server_id={server}")
    assert any("read-only?[2J disk" in item["message"] for item in events.body["items"])
    async with agent(asker, offer["api_key"]) as peer:
        assert (await peer.ended()).error == "invalid_key"
    async with agent(asker, key["key"]) as peer:
        await peer.until("auth_success")


async def test_a_key_that_was_not_offered_is_not_taken(asker: Asker) -> None:
    server, other = await asker.server("web-1"), await asker.server("web-2")
    key, foreign = await made(asker, server), await made(asker, other)
    async with agent(asker, key["key"]) as peer:
        await peer.until("auth_success")
        await peer.send({"type": "key_stored", "api_key": foreign["key"]})
        assert (await peer.ended()).code == 4400
    async with agent(asker, key["key"]) as peer:
        await peer.until("auth_success")


async def test_the_offer_of_another_server_is_not_taken(asker: Asker) -> None:
    server, other = await asker.server("web-1"), await asker.server("web-2")
    key, foreign = await made(asker, server), await made(asker, other)
    async with agent(asker, key["key"]) as peer, agent(asker, foreign["key"]) as thief:
        await peer.until("auth_success")
        await thief.until("auth_success")
        await rotate(asker, key["id"])
        offer = await peer.until("key_offer")
        await thief.send({"type": "key_stored", "api_key": offer["api_key"]})
        assert (await thief.ended()).code == 4400
        await peer.send({"type": "key_stored", "api_key": offer["api_key"]})
        await peer.until("key_accepted")


async def test_a_revoked_key_takes_the_one_that_was_to_follow_with_it(asker: Asker) -> None:
    server = await asker.server("web-1")
    key = await made(asker, server)
    async with agent(asker, key["key"]) as peer:
        await peer.until("auth_success")
        await rotate(asker, key["id"])
        offer = await peer.until("key_offer")
        assert (await asker.delete(f"/api-keys/{key['id']}")).status == 204
        assert (await peer.ended()).code == 4401
    async with agent(asker, offer["api_key"]) as peer:
        assert (await peer.ended()).error == "invalid_key"


async def test_the_new_key_is_cut_off_at_once_when_revoked(asker: Asker) -> None:
    """Also on the connection that was opened with the one before it."""
    server = await asker.server("web-1")
    key = await made(asker, server)
    async with agent(asker, key["key"]) as peer:
        await peer.until("auth_success")
        await rotate(asker, key["id"])
        offer = await peer.until("key_offer")
        await peer.send({"type": "key_stored", "api_key": offer["api_key"]})
        await peer.until("key_accepted")
        following = next(item["id"] for item in (await shown(asker, server)).values() if item["replaces"])
        async with asyncio.timeout(2):
            assert (await asker.delete(f"/api-keys/{following}")).status == 204
            assert (await peer.ended()).code == 4401


async def test_an_old_agent_is_not_given_what_it_would_not_keep(asker: Asker) -> None:
    server = await asker.server("web-1")
    key = await made(asker, server)
    async with agent(asker, key["key"], rotates_key=False) as peer:
        await peer.until("auth_success")
        answer = await asker.post(f"/api-keys/{key['id']}/rotate", None)
    assert (answer.status, answer.code) == (409, "conflict")


async def test_a_dead_key_is_not_followed(asker: Asker) -> None:
    key = await made(asker, await asker.server("web-1"))
    await asker.delete(f"/api-keys/{key['id']}")
    assert (await asker.post(f"/api-keys/{key['id']}/rotate", None)).status == 409


async def test_a_key_that_is_to_be_followed_by_itself_needs_an_end(asker: Asker) -> None:
    server = await asker.server("web-1")
    answer = await asker.post("/api-keys", {"server_id": server, "auto_rotate": True})
    assert answer.status == 400
    assert answer.body["detail"].startswith("auto_rotate: ")


async def test_a_key_in_the_last_quarter_of_its_life_is_followed_by_itself(asker: Asker) -> None:
    server = await asker.server("web-1")
    key = await made(asker, server, expires_in_s=HOUR_S, auto_rotate=True)
    other = await made(asker, server, expires_in_s=HOUR_S)
    await asker.running.storage.write(_aged(HOUR_S * 1000 * 4 // 5))
    async with agent(asker, key["key"]) as peer:
        await peer.until("auth_success")
        await asker.running.hub.key_rotation.ask_due()
        await peer.until("key_offer")
    listed = await shown(asker, server)
    assert listed[key["id"]]["rotation"] is not None
    assert listed[other["id"]]["rotation"] is None


def _expired(key_id: str) -> Script[int]:
    return execute("UPDATE api_keys SET expires_ms = 1 WHERE id = $1", key_id)


def _aged(by_ms: int) -> Script[int]:
    return execute("UPDATE api_keys SET created_ms = created_ms - $1, expires_ms = expires_ms - $1", by_ms)
