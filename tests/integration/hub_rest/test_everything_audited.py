"""Every route that changes something leaves an entry in the audit log, and so does every refusal."""

from typing import Final

import pytest

from chatops_server.services.ledger import MOST_DENIALS
from chatops_server.web.catalogue import rest_routes
from tests.integration.hub_rest.conftest import Asker
from tests.integration.hub_rest.test_rest_rights import EXPECTED, _body, _path, _scene

# What changes nothing, and why it is asked for by another method than GET.
CHANGES_NOTHING: Final = {
    "POST /api/v1/alerts/thresholds/check": "says what `POST` would, and stores nothing",
    "POST /api/v1/alerts/thresholds/preview": "computes from stored samples",
    "POST /api/v1/auth/refresh": "goes on with a login that is in the log; its misuse is in there, too",
}
# Asked for here, these answer that there is no such thing: their own tests look at the log.
THERE_IS_NONE: Final = {
    *(route for route, row in EXPECTED.items() if row[-1] in {400, 404}),
    "POST /api/v1/commands/{id}/cancel",  # it has ended
}
CHANGING: Final = [
    name
    for route in rest_routes()
    if route.method != "GET" and (name := f"{route.method} {route.full_path}") not in CHANGES_NOTHING
]


async def _entries(asker: Asker) -> int:
    newest = (await asker.get("/audit?limit=1")).body["items"]
    return int(newest[0]["id"]) if newest else 0


@pytest.mark.parametrize("name", [name for name in CHANGING if name not in THERE_IS_NONE])
async def test_what_changes_something_is_in_the_audit_log(asker: Asker, name: str) -> None:
    scene = await _scene(asker)
    method = name.split(" ", maxsplit=1)[0]
    before = await _entries(asker)
    answer = await asker.ask(method, _path(name, scene), _body(name, scene), token=scene.tokens["admin"])
    if name == "POST /api/v1/auth/logout":
        login = await asker.login("owner", "owner-password")
        before = await _entries(asker)
        answer = await asker.post("/auth/logout", {"refresh_token": login["refresh_token"]})
    told = (await asker.get("/audit?limit=5")).body["items"]
    found = [entry for entry in told if int(entry["id"]) > before]
    if answer.status == 503:
        # No agent is there, so nothing was done; what is sent to one is in the log before it is sent.
        assert answer.code == "agent_offline"
        return
    assert found, (name, answer)
    assert all(entry["action"] and entry["ts"] and entry["address"] for entry in found), found


@pytest.mark.parametrize("name", [name for name, row in EXPECTED.items() if 403 in row])
async def test_a_refusal_is_in_the_audit_log(asker: Asker, name: str) -> None:
    scene = await _scene(asker)
    method, caller = name.split(" ", maxsplit=1)[0], "viewer granted operator"
    answer = await asker.ask(method, _path(name, scene), _body(name, scene), token=scene.tokens[caller])
    assert answer.status == 403
    [entry] = (await asker.get("/audit?action=access.denied&result=forbidden")).body["items"]
    assert entry["user_id"] == scene.guest
    assert entry["target"] == f"{method} {_path(name, scene).partition('?')[0]}"


async def test_a_flood_of_refusals_is_counted_and_not_stored(asker: Asker) -> None:
    _, token = await asker.user("vic", "viewer")
    for _ in range(MOST_DENIALS + 30):
        assert (await asker.get("/users", token=token)).status == 403
    told = (await asker.get("/audit?action=access.denied")).body["items"]
    # A minute may have ended on the way.
    assert MOST_DENIALS <= len(told) <= 2 * MOST_DENIALS


async def test_logins_that_fail_and_tokens_used_twice_are_in_the_log(asker: Asker) -> None:
    await asker.user("ann", "operator")
    login = await asker.login("ann", "ann-password")
    await asker.post("/auth/login", {"username": "ann", "password": "wrong"}, token=None)
    await asker.post("/auth/login", {"username": "nobody", "password": "wrong"}, token=None)
    await asker.post("/auth/refresh", {"refresh_token": login["refresh_token"]}, token=None)
    again = await asker.post("/auth/refresh", {"refresh_token": login["refresh_token"]}, token=None)
    assert (again.status, again.code) == (401, "token_reused")
    told = [(entry["action"], entry["result"]) for entry in (await asker.get("/audit?limit=4")).body["items"]]
    assert told.count(("login", "failed")) == 2
    assert any("reuse" in action or "reuse" in result for action, result in told), told
