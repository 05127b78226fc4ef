"""Empty, missing, foreign and hostile ids on every place of every route, by everybody."""

import re
from dataclasses import replace
from typing import Final
from urllib.parse import quote

import pytest

from chatops_server.web.catalogue import rest_routes
from chatops_server.web.routes import Route
from tests.integration.hub_rest.conftest import Asker
from tests.integration.hub_rest.test_rest_rights import BODIES, QUERIES, _path, _scene

WITH_PLACES: Final = [route for route in rest_routes() if route.places]
_PARTS: Final = ("server", "key", "victim", "command", "threshold", "silence")
HOSTILE: Final = (
    " ",
    "0",
    "-1",
    "null",
    "*",
    "%",
    "_",
    "../users",
    "..%2f..%2fetc%2fpasswd",
    "a/b",
    "x\x00y",
    "\x1b]0;x\x07",
    "\u202egnp.exe",
    "' OR 1=1 --",
    "{{7*7}}",
    "x" * 4000,
    "\ud7ff\U0010ffff",
)


def _filled(route: Route, value: str, query: str) -> str:
    path = re.sub(r"\{\w+\}", lambda _place: quote(value, safe=""), route.full_path)
    return path + query


@pytest.mark.parametrize("role", ["admin", "operator", "viewer"])
@pytest.mark.parametrize("route", WITH_PLACES, ids=lambda route: f"{route.method} {route.path}")
async def test_an_id_that_is_none_is_refused_and_breaks_nothing(
    asker: Asker, role: str, route: Route, caplog: pytest.LogCaptureFixture
) -> None:
    _, token = await asker.user("attacker", role)
    name = f"{route.method} {route.full_path}"
    others = await asker.server("another's")
    query = QUERIES.get(name, "").replace("{server}", others if role == "admin" else "srv_none")
    body = BODIES.get(name, {}) if route.body is not None else None
    for value in HOSTILE:
        answer = await asker.ask(route.method, _filled(route, value, query), body, token=token)
        # 503: an admin may ask that server, and its agent, which would refuse the name, is not there.
        assert answer.status in {400, 403, 404, 405, 503}, (value, answer)
        if answer.status == 503:
            assert (answer.code, role, "/docker/" in route.path) == ("agent_offline", "admin", True)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize("route", WITH_PLACES, ids=lambda route: f"{route.method} {route.path}")
async def test_an_id_of_another_s_thing_is_as_one_that_is_not_there(asker: Asker, route: Route) -> None:
    """Word for word but for the id: an answer that differs would tell what there is."""
    scene = await _scene(asker)
    nobodys = replace(
        scene,
        server="srv_none",
        key="key_none",
        victim="usr_none",
        command="cmd_none",
        threshold="thr_none",
        silence="sil_none",
    )
    name = f"{route.method} {route.full_path}"
    body = BODIES.get(name, {}) if route.body is not None else None
    told = []
    for known in (scene, nobodys):
        stranger = scene.tokens["operator stranger"]
        answer = await asker.ask(route.method, _path(name, known), body, token=stranger)
        said = str(answer.body)
        for part in _PARTS:
            said = said.replace(getattr(known, part), "ID")
        told.append((answer.status, said))
    assert told[0] == told[1]
    assert told[0][0] in {400, 403, 404}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/commands", {"server_id": "", "command": "id"}),
        ("/commands", {"server_id": "{foreign}", "command": "id"}),
        ("/commands/batch", {"server_ids": [], "command": "id"}),
        ("/commands/batch", {"server_ids": [""], "command": "id"}),
        ("/commands/batch", {"server_ids": ["{mine}", "{foreign}"], "command": "id"}),
        ("/commands/batch", {"server_ids": [], "select": "", "command": "id"}),
        ("/api-keys", {"server_id": ""}),
        ("/api-keys", {"server_id": "{foreign}"}),
        ("/alerts/silences", {"server_id": "{foreign}", "ends_at": "2099-01-01T00:00:00Z", "comment": ""}),
        ("/alerts/silences", {"server_id": "", "ends_at": "2099-01-01T00:00:00Z", "comment": ""}),
        (
            "/alerts/thresholds",
            {
                "server_id": "{foreign}",
                "metric": "cpu.percent",
                "comparison": "gt",
                "value": 1,
                "severity": "info",
            },
        ),
        ("/docker/images/pull", {"server_id": "{foreign}", "image": "busybox"}),
        ("/docker/images/pull", {"server_id": "", "image": "busybox"}),
    ],
)
async def test_a_body_that_names_nobody_s_or_another_s_server_reaches_no_machine(
    asker: Asker, path: str, body: dict[str, object]
) -> None:
    """Nezha's CVE-2026-46716: a list without a server ran on every one."""
    _, token = await asker.user("attacker", "operator")
    names = {"foreign": await asker.server("theirs"), "mine": await asker.server("mine", token=token)}

    def filled(value: object) -> object:
        if isinstance(value, list):
            return [filled(each) for each in value]
        return value.format(**names) if isinstance(value, str) else value

    answer = await asker.post(path, {name: filled(value) for name, value in body.items()}, token=token)
    assert answer.status in {400, 403, 404}, answer
    assert (await asker.get("/commands")).body["items"] == []
