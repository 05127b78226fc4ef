"""What one hub changes another one knows, and cuts off what it ends."""

from collections.abc import Awaitable, Callable

import pytest

from tests.deadlines import eventually
from tests.integration.hub_rest.conftest import Asker
from tests.integration.many_hubs.conftest import Pair, agent, client

WEBHOOK = "json://127.0.0.1:9/never"
SILENCE: dict[str, object] = {"ends_at": "2099-01-01T00:00:00.000Z", "comment": "quiet"}
THRESHOLD = {"metric": "cpu.percent", "comparison": "gt", "value": 7.0, "severity": "info"}
RETENTION = "/settings/retention"


async def names(asker: Asker, path: str, field: str = "name") -> list[str]:
    return sorted(str(item[field]) for item in (await asker.get(path)).body["items"])


async def test_a_server_is_known_renamed_and_gone_elsewhere(pair: Pair) -> None:
    server = await pair.one.server("web-1")
    await eventually(lambda: pair.other.running.hub.fleet.get(server))
    await pair.one.patch(f"/servers/{server}", {"name": "db-1", "tags": ["prod"]})

    async def is_renamed() -> bool:
        view = (await pair.other.get(f"/servers/{server}")).body
        return bool((view["name"], view["tags"]) == ("db-1", ["prod"]))

    await eventually(is_renamed)
    assert (await pair.one.delete(f"/servers/{server}")).status == 204
    await eventually(lambda: pair.other.running.hub.fleet.get(server) is None)
    assert (await pair.other.get(f"/servers/{server}")).status == 404


async def test_what_another_hub_just_made_is_found_at_once(pair: Pair) -> None:
    """By a second look before anything is denied: whoever asks need not wait until hubs have told."""
    for number in range(5):
        server = await pair.one.server(f"web-{number}")
        made = await pair.other.post("/api-keys", {"server_id": server})
        assert made.status == 201, made
        here = await agent(pair.one, made.body["key"])
        await here.close()
        _, token = await pair.other.user(f"ann-{number}", "viewer")
        assert (await pair.one.get("/auth/me", token=token)).status == 200
        watching = await client(pair.one, token)
        await watching.close()


async def test_a_deleted_server_and_a_revoked_key_cut_an_agent_at_another_hub(pair: Pair) -> None:
    peers = []
    for name in ("web-1", "web-2"):
        server = await pair.one.server(name)
        key = (await pair.one.post("/api-keys", {"server_id": server})).body
        peers.append((server, key["id"], await agent(pair.other, key["key"])))
    (first, _, first_peer), (_, key_id, second_peer) = peers
    assert (await pair.one.delete(f"/servers/{first}")).status == 204
    assert (await pair.one.delete(f"/api-keys/{key_id}")).status == 204
    for peer in (first_peer, second_peer):
        ended = await peer.ended()
        assert (ended.code, ended.error) == (4401, "invalid_key")


@pytest.mark.parametrize("change", [{"active": False}, {"role": "operator"}, {"password": "another word"}])
async def test_a_changed_user_is_signed_out_everywhere(pair: Pair, change: dict[str, object]) -> None:
    user, token = await pair.one.user("ann", "viewer")
    watching = await client(pair.other, token)
    assert (await pair.one.patch(f"/users/{user}", change)).status == 200
    assert (await watching.ended()).code == 4401
    assert (await pair.other.get("/auth/me", token=token)).status == 401


async def test_a_removed_user_is_gone_everywhere_and_their_servers_are_the_heirs(pair: Pair) -> None:
    user, token = await pair.one.user("ann", "operator")
    server = await pair.one.server("web-1", token=token)
    watching = await client(pair.other, token)
    assert (await pair.one.delete(f"/users/{user}")).status == 204
    assert (await watching.ended()).code == 4401
    admin = (await pair.other.get("/auth/me")).body["id"]
    state = pair.other.running.hub.fleet.get(server)
    assert state is not None
    await eventually(lambda: state.owner_id == admin)
    assert await names(pair.other, "/users", "username") == ["admin"]


async def test_users_that_exchange_names_keep_them_everywhere(pair: Pair) -> None:
    ann, _ = await pair.one.user("ann", "viewer")
    bob, _ = await pair.one.user("bob", "viewer")
    for user, name in ((ann, "x"), (bob, "ann"), (ann, "bob")):
        assert (await pair.one.patch(f"/users/{user}", {"username": name})).status == 200
    directory = pair.other.running.hub.users

    def are_known() -> bool:
        return [directory.id_of("ann"), directory.id_of("bob"), directory.id_of("x")] == [bob, ann, "x"]

    await eventually(are_known)


async def test_a_session_that_is_ended_is_ended_everywhere(pair: Pair) -> None:
    _, token = await pair.one.user("ann", "viewer")
    [session] = (await pair.one.ask("GET", "/api/v1/auth/sessions", token=token)).body["items"]
    watching = await client(pair.other, token)
    ended = await pair.one.delete(f"/auth/sessions/{session['id']}", token=token)
    assert ended.status == 204
    assert (await watching.ended()).code == 4401
    assert (await pair.other.get("/auth/me", token=token)).status == 401


async def test_a_refresh_token_used_at_two_hubs_ends_its_family_at_both(pair: Pair) -> None:
    await pair.one.user("ann", "viewer")
    tokens = await pair.one.login("ann", "ann-password")
    refreshed = await pair.other.post("/auth/refresh", {"refresh_token": tokens["refresh_token"]}, token=None)
    assert refreshed.status == 200
    watching = await client(pair.one, refreshed.body["access_token"])
    again = await pair.other.post("/auth/refresh", {"refresh_token": tokens["refresh_token"]}, token=None)
    assert (again.status, again.code) == (401, "token_reused")
    assert (await watching.ended()).code == 4401
    last = {"refresh_token": refreshed.body["refresh_token"]}
    assert (await pair.one.post("/auth/refresh", last, token=None)).status == 401


async def test_a_grant_opens_and_closes_at_another_hub(pair: Pair) -> None:
    ann, token = await pair.one.user("ann", "operator")
    server = await pair.one.server("web-1")
    path = f"/servers/{server}/grants/{ann}"
    await pair.one.put(path, {"role": "viewer"})

    async def seen_as() -> str | None:
        answer = await pair.other.get(f"/servers/{server}", token=token)
        return str(answer.body["role"]) if answer.status == 200 else None

    async def is_seen_as(role: str | None) -> bool:
        return await seen_as() == role

    await eventually(lambda: is_seen_as("viewer"))
    watching = await client(pair.other, token)
    await watching.request(type="subscribe", topic="fleet")
    await pair.one.put(path, {"role": "operator"})
    await eventually(lambda: is_seen_as("operator"))
    await pair.one.delete(path)
    while server not in (await watching.until("fleet_update")).get("removed", ()):
        pass
    assert await seen_as() is None


async def test_a_narrowing_is_held_to_and_told_to_the_agent_at_another_hub(pair: Pair) -> None:
    server = await pair.one.server("web-1")
    key = (await pair.one.post("/api-keys", {"server_id": server})).body["key"]
    peer = await agent(pair.other, key, capabilities=["commands", "logs"])
    answer = await pair.one.patch(f"/servers/{server}", {"policy": {"allowed": ["logs"]}})
    assert answer.status == 200, answer
    assert (await peer.until("narrow"))["allowed"] == ["logs"]
    refused = await pair.other.post("/commands/", {"server_id": server, "command": "id"})
    assert (refused.status, refused.code) == (403, "not_allowed")


Listing = tuple[str, dict[str, object], dict[str, object] | None, str]
LISTINGS: list[Listing] = [
    ("/alerts/thresholds", {"name": "hot", **THRESHOLD}, {"value": 8}, "value"),
    ("/alerts/silences", SILENCE, None, "comment"),
    ("/notifications/channels", {"name": "ops", "url": WEBHOOK}, {"name": "ops 2"}, "name"),
]


@pytest.mark.parametrize(("path", "made", "changed", "field"), LISTINGS)
async def test_what_is_listed_is_the_same_at_both_hubs(
    pair: Pair, path: str, made: dict[str, object], changed: dict[str, object] | None, field: str
) -> None:
    before = len((await pair.other.get(path)).body["items"])
    answer = await pair.one.post(path, made)
    assert answer.status == 201, answer
    item_id = answer.body["id"]

    async def elsewhere() -> object:
        items = (await pair.other.get(path)).body["items"]
        return next((item[field] for item in items if item["id"] == item_id), None)

    await eventually(_says(elsewhere, made[field]))
    if changed is not None:
        assert (await pair.one.patch(f"{path}/{item_id}", changed)).status == 200
        await eventually(_says(elsewhere, changed[field]))
    assert (await pair.one.delete(f"{path}/{item_id}")).status == 204
    await eventually(_says(elsewhere, None))
    assert len((await pair.other.get(path)).body["items"]) == before


async def test_how_long_things_are_kept_is_known_everywhere(pair: Pair) -> None:
    assert (await pair.one.put(RETENTION, {"raw_days": 3})).status == 200

    async def raw_days() -> object:
        return (await pair.other.get(RETENTION)).body["raw_days"]

    await eventually(_says(raw_days, 3))


def _says(ask: Callable[[], Awaitable[object]], wanted: object) -> Callable[[], Awaitable[bool]]:
    async def says() -> bool:
        return await ask() == wanted

    return says
