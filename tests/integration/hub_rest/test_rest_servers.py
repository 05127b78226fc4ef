"""Servers, grants and keys, and what the timeline and the audit log say of them."""

from typing import Any

import pytest

from chatops_server.domain.audit_chain import FIRST, AuditEntry, entry_hash
from chatops_server.errors import TokenError
from chatops_wire.keys import parse
from tests.integration.hub_rest.conftest import ADMIN_PASSWORD, Asker


async def test_a_new_server_has_never_been_seen(asker: Asker) -> None:
    made = await asker.post("/servers", {"name": "web-1", "tags": ["prod", "web", "prod"]})
    assert made.status == 201
    me = (await asker.get("/auth/me")).body["id"]
    expected = {
        "name": "web-1",
        "tags": ["prod", "web"],
        "status": "never",
        "last_seen": None,
        "owner_id": me,
        "capabilities": [],
        "host": None,
        "latest": None,
    }
    assert {field: made.body[field] for field in expected} == expected
    assert (await asker.get(f"/servers/{made.body['id']}")).body["name"] == "web-1"


async def test_a_name_is_taken_once(asker: Asker) -> None:
    await asker.server("web-1")
    other = await asker.server("web-2")
    answers = [
        await asker.post("/servers", {"name": "web-1"}),
        await asker.patch(f"/servers/{other}", {"name": "web-1"}),
    ]
    assert [(answer.status, answer.code) for answer in answers] == [(409, "conflict")] * 2
    assert "name" in answers[0].body["detail"]


async def test_a_patch_leaves_alone_what_it_does_not_name(asker: Asker) -> None:
    server = (await asker.post("/servers", {"name": "web-1", "tags": ["prod"]})).body["id"]
    assert (await asker.patch(f"/servers/{server}", {"name": "web-9"})).body["tags"] == ["prod"]
    assert (await asker.patch(f"/servers/{server}", {"tags": []})).body["name"] == "web-9"
    assert (await asker.get(f"/servers/{server}")).body["tags"] == []


async def test_a_deleted_server_is_gone_with_its_keys_and_its_name_is_free(asker: Asker) -> None:
    server = await asker.server("web-1")
    key = (await asker.post("/api-keys", {"server_id": server})).body["key"]
    assert (await asker.delete(f"/servers/{server}")).status == 204
    assert (await asker.get(f"/servers/{server}")).status == 404
    assert (await asker.get("/api-keys")).body["items"] == []
    with pytest.raises(TokenError):
        await asker.running.hub.api_keys.verify(key)
    assert await asker.server("web-1") != server


async def test_servers_come_in_pages_oldest_first(asker: Asker) -> None:
    for number in range(5):
        await asker.server(f"web-{number}")
    names: list[str] = []
    path = "/servers?limit=2"
    while path:
        page = (await asker.get(path)).body
        names += [server["name"] for server in page["items"]]
        path = f"/servers?limit=2&cursor={page['next']}" if page["next"] else ""
    assert names == [f"web-{number}" for number in range(5)]


async def test_a_grant_shows_a_server_and_its_end_hides_it(asker: Asker) -> None:
    server = await asker.server("web-1")
    user_id, token = await asker.user("ann", "operator")
    assert (await asker.get(f"/servers/{server}", token=token)).status == 404
    given = await asker.put(f"/servers/{server}/grants/{user_id}", {"role": "operator"})
    assert (given.status, given.body["username"], given.body["role"]) == (200, "ann", "operator")
    assert (await asker.get(f"/servers/{server}", token=token)).body["role"] == "operator"
    assert (await asker.put(f"/servers/{server}/grants/ANN", {"role": "viewer"})).body["role"] == "viewer"
    assert (await asker.get(f"/servers/{server}", token=token)).body["role"] == "viewer"
    assert [grant["user_id"] for grant in (await asker.get(f"/servers/{server}/grants")).body["items"]] == [
        user_id
    ]
    assert (await asker.delete(f"/servers/{server}/grants/{user_id}")).status == 204
    assert (await asker.get(f"/servers/{server}", token=token)).status == 404
    assert (await asker.get(f"/servers/{server}/grants/{user_id}")).status == 404
    assert (await asker.delete(f"/servers/{server}/grants/{user_id}")).status == 404
    assert (await asker.put(f"/servers/{server}/grants/usr_none", {"role": "viewer"})).status == 404


async def test_a_key_is_shown_once_and_works_until_it_is_revoked(asker: Asker) -> None:
    server = await asker.server("web-1")
    made = await asker.post("/api-keys", {"server_id": server, "name": "first"})
    assert made.status == 201
    key = made.body["key"]
    assert parse(key) is not None
    assert key.startswith(made.body["prefix"])

    verified = await asker.running.hub.api_keys.verify(key)
    assert (verified.server_id, verified.key_id) == (server, made.body["id"])
    [listed] = (await asker.get(f"/api-keys?server_id={server}")).body["items"]
    assert set(listed) >= {"id", "server_id", "name", "prefix", "created_at", "last_used_at", "active"}
    assert "key" not in listed
    assert listed["active"] is True
    assert listed["last_used_at"] is not None

    assert (await asker.delete(f"/api-keys/{made.body['id']}")).status == 204
    with pytest.raises(TokenError):
        await asker.running.hub.api_keys.verify(key)
    [revoked] = (await asker.get("/api-keys")).body["items"]
    assert revoked["active"] is False


async def test_keys_that_are_wrong_in_any_part_are_refused(asker: Asker) -> None:
    server = await asker.server("web-1")
    key = (await asker.post("/api-keys", {"server_id": server})).body["key"]
    other = (await asker.post("/api-keys", {"server_id": server})).body["key"]
    swapped = parse(key), parse(other)
    assert swapped[0]
    assert swapped[1]
    mixed = type(swapped[0])(swapped[0].id, swapped[1].secret).text
    for wrong in ("", "chops_", key[:-1], key.upper(), key + "0", mixed):
        with pytest.raises(TokenError):
            await asker.running.hub.api_keys.verify(wrong)


async def test_when_a_key_was_used_outlives_the_flush(asker: Asker) -> None:
    server = await asker.server("web-1")
    key = (await asker.post("/api-keys", {"server_id": server})).body["key"]
    await asker.running.hub.api_keys.verify(key)
    before = (await asker.get("/api-keys")).body["items"][0]["last_used_at"]
    await asker.running.hub.api_keys.flush()
    await asker.running.hub.api_keys.flush()
    assert (await asker.get("/api-keys")).body["items"][0]["last_used_at"] == before


async def test_keys_come_in_pages_and_only_of_servers_one_owns(asker: Asker) -> None:
    _, token = await asker.user("ann", "operator")
    theirs, mine = await asker.server("web-1", token=token), await asker.server("web-2")
    made = [
        (await asker.post("/api-keys", {"server_id": server})).body["id"] for server in (theirs, mine, theirs)
    ]
    first = await asker.get("/api-keys?limit=2")
    rest = await asker.get(f"/api-keys?limit=2&cursor={first.body['next']}")
    ids = [key["id"] for page in (first, rest) for key in page.body["items"]]
    assert sorted(ids) == sorted(made)
    own = (await asker.get("/api-keys", token=token)).body["items"]
    assert sorted(key["id"] for key in own) == sorted([made[0], made[2]])


async def test_the_timeline_tells_what_concerns_one(asker: Asker) -> None:
    _, token = await asker.user("ann", "operator")
    theirs = await asker.server("web-1", token=token)
    await asker.server("web-2")
    seen = [event["message"] for event in (await asker.get("/events", token=token)).body["items"]]
    assert seen == ["server web-1 added", "ann logged in"]
    by_server = (await asker.get(f"/events?server_id={theirs}&kind=server")).body["items"]
    assert [event["message"] for event in by_server] == ["server web-1 added"]
    everything = (await asker.get("/events")).body["items"]
    assert everything[0]["message"] == "server web-2 added"
    assert set(everything[0]) == {"id", "ts", "kind", "server_id", "user_id", "message", "data"}


async def test_only_admins_find_the_timeline_of_a_server_that_was_deleted(asker: Asker) -> None:
    _, token = await asker.user("ann", "operator")
    server_id = await asker.server("web-1", token=token)
    assert (await asker.delete(f"/servers/{server_id}", token=token)).status == 204
    path = f"/events?server_id={server_id}&kind=server"
    assert [item["message"] for item in (await asker.get(path)).body["items"]][-1] == "server web-1 added"
    assert (await asker.get(path, token=token)).status == 404


async def test_a_failed_login_is_told_to_whom_it_concerns(asker: Asker) -> None:
    _, token = await asker.user("ann", "viewer")
    for name in ("ann", "ev\x1bil"):
        await asker.post("/auth/login", {"username": name, "password": "wrong"}, token=None)
    own = (await asker.get("/events?kind=login", token=token)).body["items"]
    assert [event["message"] for event in own] == ["login as ann failed", "ann logged in"]
    newest = (await asker.get("/events?kind=login&limit=1")).body["items"][0]
    assert newest["message"] == "login as ev?il failed"


async def test_every_deed_is_in_the_audit_log_and_the_chain_holds(asker: Asker) -> None:
    await _do_everything(asker)
    entries: list[dict[str, Any]] = []
    path = "/audit?limit=4"
    while path:
        page = (await asker.get(path)).body
        entries += page["items"]
        path = f"/audit?limit=4&cursor={page['next']}" if page["next"] else ""
    entries.reverse()
    assert [entry["action"] for entry in entries] == [
        "user.create",
        "login",
        "login",
        "user.create",
        "login",
        "server.create",
        "server.update",
        "grant.put",
        "grant.delete",
        "key.create",
        "key.revoke",
        "user.update",
        "server.delete",
        "user.delete",
        "login",
        "logout",
    ]
    previous = FIRST
    for entry in entries:
        assert entry["prev_hash"] == previous
        told = {name: entry[name] for name in AuditEntry.__slots__}
        assert entry["hash"] == entry_hash(previous, AuditEntry(**told))
        previous = entry["hash"]
    assert [entry["result"] for entry in entries[1:3]] == ["ok", "failed"]
    assert {entry["address"] for entry in entries} == {None, "127.0.0.1"}


async def _do_everything(asker: Asker) -> None:
    await asker.post("/auth/login", {"username": "admin", "password": "wrong"}, token=None)
    user_id, _ = await asker.user("ann", "operator")
    server = await asker.server("web-1")
    await asker.patch(f"/servers/{server}", {"tags": ["prod"]})
    await asker.put(f"/servers/{server}/grants/{user_id}", {"role": "viewer"})
    await asker.delete(f"/servers/{server}/grants/{user_id}")
    key = await asker.post("/api-keys", {"server_id": server})
    await asker.delete(f"/api-keys/{key.body['id']}")
    await asker.patch(f"/users/{user_id}", {"role": "viewer"})
    await asker.delete(f"/servers/{server}")
    await asker.delete(f"/users/{user_id}")
    tokens = await asker.login("admin", ADMIN_PASSWORD)
    await asker.post("/auth/logout", {"refresh_token": tokens["refresh_token"]})
