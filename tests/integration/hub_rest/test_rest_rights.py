"""Every route for every kind of caller. A route without a row here fails the suite."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from chatops_server.storage.sql.commands import NewCommand, add_command
from chatops_server.web.catalogue import rest_routes
from tests.integration.hub_rest.conftest import Asker

# Nobody, a token that is none, strangers, grants, the owner, the admin. What a route answers when the
# caller may and the request is good stands as 2xx; 404 `no_metrics` would hide what the caller may.
CALLERS = (
    "none",
    "garbage",
    "viewer stranger",
    "operator stranger",
    "viewer granted operator",
    "operator granted viewer",
    "operator granted operator",
    "owner",
    "admin",
)
ANYBODY = (200,) * 9
ANY_USER = (401, 401) + (200,) * 7
ONLY_ADMIN = (401, 401, 403, 403, 403, 403, 403, 403, 200)
ADDS = (401, 401, 403, 201, 403, 201, 201, 201, 201)
READS = (401, 401, 404, 404, 200, 200, 200, 200, 200)
OPERATES = (401, 401, 404, 404, 403, 403, 200, 200, 200)
NOTHING = (401, 401) + (404,) * 7
FULL = (401, 401, 404, 404, 403, 403, 403, 200, 200)
# Whoever may, hears that no agent is there.
ASKS_AGENT = READS[:4] + (503,) * 5
ORDERS_AGENT = OPERATES[:6] + (503,) * 3

EXPECTED: Mapping[str, tuple[int, ...]] = {
    "POST /api/v1/auth/login": (401,) * 9,  # the wrong password: a token neither helps nor hurts
    "POST /api/v1/auth/refresh": (401,) * 9,
    "POST /api/v1/auth/logout": (204,) * 9,
    "GET /api/v1/auth/me": ANY_USER,
    "POST /api/v1/auth/password": (401, 401) + (400,) * 7,
    "POST /api/v1/auth/totp": (401, 401) + (400,) * 7,
    "POST /api/v1/auth/totp/confirm": NOTHING,  # nothing was begun
    "POST /api/v1/auth/totp/remove": NOTHING,
    "DELETE /api/v1/users/{id}/totp": (*ONLY_ADMIN[:8], 404),
    "GET /api/v1/auth/ssh-keys": ANY_USER,
    "POST /api/v1/auth/ssh-keys": (401, 401) + (400,) * 7,  # of a line that is no key
    "DELETE /api/v1/auth/ssh-keys/{id}": NOTHING,  # none of theirs
    "GET /api/v1/auth/sessions": ANY_USER,
    "DELETE /api/v1/auth/sessions/{id}": NOTHING,  # none of theirs
    "DELETE /api/v1/users/{id}/sessions": (*ONLY_ADMIN[:8], 204),
    "GET /api/v1/users": ONLY_ADMIN,
    "POST /api/v1/users": (*ONLY_ADMIN[:8], 201),
    "GET /api/v1/users/{id}": ONLY_ADMIN,
    "PATCH /api/v1/users/{id}": ONLY_ADMIN,
    "DELETE /api/v1/users/{id}": (*ONLY_ADMIN[:8], 204),
    "GET /api/v1/servers": ANY_USER,
    "POST /api/v1/servers": ADDS,
    "GET /api/v1/servers/{id}": READS,
    "PATCH /api/v1/servers/{id}": FULL,
    "GET /api/v1/servers/{id}/policy": READS,
    "DELETE /api/v1/servers/{id}": (*FULL[:7], 204, 204),
    "GET /api/v1/servers/{id}/grants": FULL,
    "GET /api/v1/servers/{id}/grants/{user_id}": FULL,
    "PUT /api/v1/servers/{id}/grants/{user_id}": FULL,
    "DELETE /api/v1/servers/{id}/grants/{user_id}": (*FULL[:7], 204, 204),
    "GET /api/v1/api-keys": FULL,
    "POST /api/v1/api-keys": (*FULL[:7], 201, 201),
    "POST /api/v1/api-keys/{id}/rotate": (*FULL[:7], 202, 202),
    "DELETE /api/v1/api-keys/{id}": (*FULL[:7], 204, 204),
    "GET /api/v1/enroll-tokens": ANY_USER,
    "POST /api/v1/enroll-tokens": ADDS,
    "DELETE /api/v1/enroll-tokens/{id}": NOTHING,  # none of theirs; an admin's row is in test_enrolment.py
    "POST /api/v1/enroll": (401,) * 9,  # no token of ours: an access token neither helps nor hurts
    "GET /api/v1/metrics/{server_id}": READS[:4] + (404,) * 5,  # no sample yet: asserted by its code below
    "GET /api/v1/metrics/{server_id}/history": READS,
    "GET /api/v1/metrics/{server_id}/coverage": READS,
    "GET /api/v1/metrics/{server_id}/at": READS[:4] + (404,) * 5,  # likewise
    "GET /api/v1/docker/containers": READS,
    "GET /api/v1/docker/containers/{id}": ASKS_AGENT,
    "GET /api/v1/docker/containers/{id}/logs": ASKS_AGENT,
    "GET /api/v1/docker/containers/{id}/top": ASKS_AGENT,
    "POST /api/v1/docker/containers/{id}/reveal": (*ONLY_ADMIN[:8], 503),
    "POST /api/v1/docker/containers/{id}/{action}": ORDERS_AGENT,
    "POST /api/v1/docker/projects/{id}/{action}": ORDERS_AGENT,
    "GET /api/v1/docker/images": ASKS_AGENT,
    "DELETE /api/v1/docker/images/{id}": ORDERS_AGENT,
    "POST /api/v1/docker/images/prune": ORDERS_AGENT,
    "POST /api/v1/docker/images/pull": ORDERS_AGENT,
    "POST /api/v1/docker/pulls/{id}/cancel": NOTHING,
    "GET /api/v1/docker/volumes": ASKS_AGENT,
    "DELETE /api/v1/docker/volumes/{id}": ORDERS_AGENT,
    "POST /api/v1/docker/volumes/prune": ORDERS_AGENT,
    "GET /api/v1/docker/networks": ASKS_AGENT,
    "DELETE /api/v1/docker/networks/{id}": ORDERS_AGENT,
    "POST /api/v1/docker/networks/prune": ORDERS_AGENT,
    "GET /api/v1/docker/df": ASKS_AGENT,
    "POST /api/v1/commands": (*OPERATES[:6], 503, 503, 503),  # no agent is there
    "GET /api/v1/commands": ANY_USER,
    "POST /api/v1/commands/batch": (*OPERATES[:6], 202, 202, 202),
    "POST /api/v1/commands/batch/{id}/cancel": NOTHING,
    "GET /api/v1/commands/{id}": READS,
    "GET /api/v1/commands/{id}/output": READS,
    "POST /api/v1/commands/{id}/cancel": OPERATES,
    "GET /api/v1/terminals": ANY_USER,
    "GET /api/v1/terminals/{id}/recording": NOTHING,
    "GET /api/v1/alerts": READS,
    "GET /api/v1/alerts/counts": ANY_USER,
    "GET /api/v1/alerts/{id}": NOTHING,
    "POST /api/v1/alerts/{id}/acknowledge": NOTHING,
    "POST /api/v1/alerts/{id}/resolve": NOTHING,
    "GET /api/v1/alerts/thresholds": ANY_USER,
    "POST /api/v1/alerts/thresholds": (*FULL[:7], 201, 201),
    "POST /api/v1/alerts/thresholds/check": (*FULL[:7], 204, 204),
    "POST /api/v1/alerts/thresholds/preview": FULL,
    "GET /api/v1/alerts/thresholds/{id}": READS,
    "PATCH /api/v1/alerts/thresholds/{id}": FULL,
    "DELETE /api/v1/alerts/thresholds/{id}": (*FULL[:7], 204, 404),
    "GET /api/v1/alerts/silences": ANY_USER,
    "POST /api/v1/alerts/silences": (*FULL[:7], 201, 201),
    "DELETE /api/v1/alerts/silences/{id}": (*FULL[:7], 204, 404),
    "GET /api/v1/notifications/channels": ONLY_ADMIN,
    "POST /api/v1/notifications/channels": (*ONLY_ADMIN[:8], 201),
    "GET /api/v1/notifications/channels/{id}": (*ONLY_ADMIN[:8], 404),
    "PATCH /api/v1/notifications/channels/{id}": (*ONLY_ADMIN[:8], 404),
    "DELETE /api/v1/notifications/channels/{id}": (*ONLY_ADMIN[:8], 404),
    "POST /api/v1/notifications/channels/{id}/test": (*ONLY_ADMIN[:8], 404),
    "GET /api/v1/events": READS,
    "GET /api/v1/audit": ONLY_ADMIN,
    "GET /api/v1/settings/retention": ONLY_ADMIN,
    "PUT /api/v1/settings/retention": ONLY_ADMIN,
    "GET /healthz": ANYBODY,
    "GET /readyz": ANYBODY,
    "GET /metrics": ANY_USER,
    "GET /openapi.json": ANYBODY,
    "GET /docs": ANYBODY,
    "GET /api/v1/openapi.json": ANYBODY,
    "GET /api/v1/docs": ANYBODY,
}

THRESHOLD: Mapping[str, Any] = {
    "metric": "cpu.percent",
    "comparison": "gt",
    "value": 90,
    "severity": "warning",
}
SILENCE: Mapping[str, Any] = {"ends_at": "2099-01-01T00:00:00Z", "comment": "moving house"}
BODIES: Mapping[str, Any] = {
    "POST /api/v1/auth/login": {"username": "ghost", "password": "wrong"},
    "POST /api/v1/auth/refresh": {"refresh_token": "chopr_unknown"},
    "POST /api/v1/auth/logout": {"refresh_token": "chopr_unknown"},
    "POST /api/v1/auth/password": {"current_password": "wrong", "new_password": "long enough"},
    "POST /api/v1/auth/totp": {"password": "wrong"},
    "POST /api/v1/auth/ssh-keys": {"public_key": "no key", "password": "wrong"},
    "POST /api/v1/auth/totp/confirm": {"code": "000000"},
    "POST /api/v1/auth/totp/remove": {"code": "000000"},
    "POST /api/v1/users": {"username": "new", "password": "long enough", "role": "viewer"},
    "PATCH /api/v1/users/{id}": {"role": "viewer"},
    "POST /api/v1/servers": {"name": "new"},
    "PATCH /api/v1/servers/{id}": {"tags": ["db"]},
    "PUT /api/v1/servers/{id}/grants/{user_id}": {"role": "viewer"},
    "PUT /api/v1/settings/retention": {"raw_days": 14},
    "POST /api/v1/enroll-tokens": {"name": "rack 3"},
    "POST /api/v1/enroll": {"token": "chope_unknown", "machine": "a" * 64},
    "POST /api/v1/commands": {"command": "uptime"},
    "POST /api/v1/docker/images/pull": {"image": "busybox"},
    "POST /api/v1/alerts/thresholds": THRESHOLD,
    "POST /api/v1/alerts/thresholds/check": THRESHOLD,
    "POST /api/v1/alerts/thresholds/preview": {"threshold": THRESHOLD},
    "PATCH /api/v1/alerts/thresholds/{id}": {"value": 80},
    "POST /api/v1/alerts/silences": SILENCE,
    "POST /api/v1/notifications/channels": {"name": "ops", "url": "https://example.com/hook"},
    "PATCH /api/v1/notifications/channels/{id}": {"enabled": False},
}
NAMES_SERVER = (
    "POST /api/v1/api-keys",
    "POST /api/v1/commands",
    "POST /api/v1/docker/images/pull",
    "POST /api/v1/alerts/thresholds",
    "POST /api/v1/alerts/thresholds/check",
    "POST /api/v1/alerts/silences",
)
NEED_A_SAMPLE = ("GET /api/v1/metrics/{server_id}", "GET /api/v1/metrics/{server_id}/at")
QUERIES: Mapping[str, str] = {
    "GET /api/v1/api-keys": "?server_id={server}",
    "GET /api/v1/events": "?server_id={server}",
    "GET /api/v1/alerts": "?server_id={server}",
    **{
        route: "?server_id={server}"
        for route in EXPECTED
        if "/docker/" in route and not route.endswith(("/pull", "/cancel"))
    },
    "GET /api/v1/metrics/{server_id}/history": "?metric=cpu.percent",
}


@dataclass(frozen=True)
class Scene:
    """One server of `owner`, and everybody who may ask for it."""

    tokens: Mapping[str, str | None]
    server: str
    key: str
    guest: str
    victim: str
    command: str
    threshold: str
    silence: str


async def _scene(asker: Asker) -> Scene:
    tokens: dict[str, str | None] = {"none": None, "garbage": "not.a.token", "admin": asker.token}
    _, tokens["viewer stranger"] = await asker.user("vs", "viewer")
    _, tokens["operator stranger"] = await asker.user("os", "operator")
    guest, tokens["viewer granted operator"] = await asker.user("vo", "viewer")
    ov, tokens["operator granted viewer"] = await asker.user("ov", "operator")
    oo, tokens["operator granted operator"] = await asker.user("oo", "operator")
    _, tokens["owner"] = await asker.user("owner", "operator")
    victim, _ = await asker.user("victim", "viewer")
    server = await asker.server("web-1", token=tokens["owner"])
    for user_id, role in ((guest, "operator"), (ov, "viewer"), (oo, "operator"), (victim, "viewer")):
        given = await asker.put(f"/servers/{server}/grants/{user_id}", {"role": role}, token=tokens["owner"])
        assert given.status == 200
    key = await asker.post("/api-keys", {"server_id": server}, token=tokens["owner"])
    made = [
        await asker.post(f"/alerts/{what}", {**body, "server_id": server}, token=tokens["owner"])
        for what, body in (("thresholds", THRESHOLD), ("silences", SILENCE))
    ]
    return Scene(
        tokens,
        server,
        str(key.body["id"]),
        guest,
        victim,
        await _command(asker, server),
        *(str(each.body["id"]) for each in made),
    )


async def _command(asker: Asker, server_id: str) -> str:
    state = asker.running.live.fleet.get(server_id)
    assert state is not None
    new = NewCommand(f"cmd_{server_id}", state.num, None, "uptime", (), None, 60.0)
    await asker.running.storage.write(add_command(new, 0))
    return new.id


def _path(route: str, scene: Scene) -> str:
    path = route.split(" ")[1]
    places = {
        "users": scene.victim,
        "api-keys": scene.key,
        "commands": scene.command,
        "thresholds": scene.threshold,
        "silences": scene.silence,
    }
    place = places.get(path.partition("/{id}")[0].split("/")[-1], scene.server)
    filled = path.replace("{user_id}", scene.victim).replace("{server_id}", scene.server)
    filled = filled.replace("{action}", "restart")
    return filled.replace("{id}", place) + QUERIES.get(route, "").replace("{server}", scene.server)


def _body(route: str, scene: Scene) -> Any:  # noqa: ANN401 - whatever JSON the route takes
    body = BODIES.get(route)
    if route in NAMES_SERVER:
        return {"server_id": scene.server} | (body or {})
    if route == "POST /api/v1/alerts/thresholds/preview":
        return {"threshold": {**THRESHOLD, "server_id": scene.server}}
    if route == "POST /api/v1/commands/batch":
        return {"server_ids": [scene.server], "command": "uptime"}
    return body


def test_every_route_has_a_row() -> None:
    assert {f"{route.method} {route.full_path}" for route in rest_routes()} == set(EXPECTED)


@pytest.mark.parametrize("route", EXPECTED)
async def test_each_caller_gets_what_is_theirs(asker: Asker, route: str) -> None:
    scene = await _scene(asker)
    method, body = route.split(" ", maxsplit=1)[0], _body(route, scene)
    got = []
    for at, caller in enumerate(CALLERS):
        if isinstance(body, dict) and "name" in body:
            body = body | {"name": f"new-{at}"}
        if route == "DELETE /api/v1/servers/{id}" and caller == "admin":
            scene = await _scene_again(asker, scene)
        if route == "DELETE /api/v1/servers/{id}/grants/{user_id}" and caller == "admin":
            await asker.put(f"/servers/{scene.server}/grants/{scene.victim}", {"role": "viewer"})
        answer = await asker.ask(method, _path(route, scene), body, token=scene.tokens[caller])
        got.append(answer.status)
        if route in NEED_A_SAMPLE and at >= 4:
            assert answer.code == "no_metrics"
    assert tuple(got) == EXPECTED[route]


async def _scene_again(asker: Asker, scene: Scene) -> Scene:
    server = await asker.server("web-2", token=scene.tokens["owner"])
    return replace(scene, server=server)


async def test_lists_show_only_what_one_may_see(asker: Asker) -> None:
    scene = await _scene(asker)
    seen = {}
    for caller in CALLERS[2:]:
        page = await asker.get("/servers", token=scene.tokens[caller])
        seen[caller] = [(server["name"], server["role"]) for server in page.body["items"]]
    assert seen == {
        "viewer stranger": [],
        "operator stranger": [],
        "viewer granted operator": [("web-1", "viewer")],
        "operator granted viewer": [("web-1", "viewer")],
        "operator granted operator": [("web-1", "operator")],
        "owner": [("web-1", "admin")],
        "admin": [("web-1", "admin")],
    }


async def test_a_right_that_ends_while_the_body_comes_is_gone(asker: Asker) -> None:
    user_id, token = await asker.user("ann", "operator")

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"name":'
        await asker.patch(f"/users/{user_id}", {"role": "viewer"})
        yield b'"web-9"}'

    assert (await asker.ask("POST", "/api/v1/servers", token=token, raw=slowly())).status == 401
    assert (await asker.get("/servers")).body["items"] == []
