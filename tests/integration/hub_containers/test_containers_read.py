"""What is read of one container: inspect, logs, processes."""

import asyncio
from typing import Any

import pytest

from tests.integration.hub_commands.conftest import Answer, Stage
from tests.integration.hub_containers.conftest import WEB, answered, audited, code, with_containers
from tests.live_peers import Peer

ENV = ["PASSWORD=hunter2", "EMPTY=", "ODD", "KEY=••• (7 characters)"]
CONFIG = {"Image": "nginx", "Env": ENV, "Labels": {"a": "b"}}
INSPECT = {"Id": WEB["id"], "Name": "/web", "Config": CONFIG}


async def read(
    stage: Stage, agent: Peer, path: str, *, token: str | None = None, **answer: object
) -> tuple[dict[str, Any], Answer]:
    asked = asyncio.create_task(stage.ask("GET", f"/docker/containers/{path}", token=token))
    return await answered(agent, **answer), await asked


@pytest.mark.parametrize("data", [INSPECT, {"container": WEB, "inspect": INSPECT}])
async def test_the_engines_own_words_come_without_values_of_the_environment(
    stage: Stage, data: dict[str, Any]
) -> None:
    agent = await with_containers(stage, WEB)
    order, answer = await read(stage, agent, "web", data=data)
    assert (order["action"], order["container_id"], order["params"]) == ("inspect", WEB["id"], {})
    assert (answer.body["Id"], answer.body["Config"]["Labels"]) == (WEB["id"], {"a": "b"})
    assert answer.body["Config"]["Env"] == ["PASSWORD=•••", "EMPTY=•••", "ODD=•••", ENV[3]]
    assert (answer.body["server_id"], answer.body["container"]["name"]) == (stage.server_id, "web")


async def test_an_admin_may_have_them_revealed_and_that_is_audited(stage: Stage) -> None:
    agent = await with_containers(stage, WEB)
    order, answer = await read(stage, agent, "web?reveal=true", data=INSPECT)
    assert order["params"] == {"reveal": True}
    assert answer.body["Config"]["Env"] == CONFIG["Env"]
    assert await audited(stage, "container.reveal") == [
        ("container.reveal", "web", "sent"),
        ("container.reveal", "web", "ok"),
    ]


async def test_nobody_else_may(stage: Stage) -> None:
    await with_containers(stage, WEB)
    token = await stage.user("olga", "operator", "operator")
    answer = await stage.ask("GET", "/docker/containers/web?reveal=true", token=token)
    assert code(answer) == (403, "forbidden")
    assert await audited(stage, "container.reveal") == []


async def test_to_look_is_for_viewers_and_leaves_no_entry(stage: Stage) -> None:
    agent = await with_containers(stage, WEB)
    token = await stage.user("vic", "viewer", "viewer")
    _, answer = await read(stage, agent, "web", token=token, data=INSPECT)
    assert answer.status == 200
    assert await audited(stage, "container.inspect") == []


@pytest.mark.parametrize("what", ["", "/logs", "/top"])
async def test_what_the_agent_does_not_allow_is_audited(stage: Stage, what: str) -> None:
    agent = await with_containers(stage, WEB)
    reason = "docker is not allowed here"
    _, answer = await read(stage, agent, f"web{what}", success=False, code="not_allowed", message=reason)
    assert (code(answer), answer.body["detail"]) == ((403, "not_allowed"), reason)
    action = f"container.{what[1:] or 'inspect'}"
    assert await audited(stage, action) == [(action, "web", "not_allowed")]


async def test_logs_are_lines_of_two_streams(stage: Stage) -> None:
    agent = await with_containers(stage, WEB)
    lines = [
        {"ts": "2027-01-15T08:00:00.000Z", "stream": "stdout", "line": "one"},
        {"ts": None, "stream": "stderr", "line": "two"},
    ]
    path = "web/logs?tail=5&since=2027-01-15T08:00:00Z&until=1800000000000"
    order, answer = await read(stage, agent, path, data={"lines": lines, "truncated": True})
    assert order["params"] == {
        "tail": 5,
        "since": "2027-01-15T08:00:00Z",
        "until": "2027-01-15T08:00:00.000Z",
    }
    assert answer.body == {"items": lines, "next": None, "truncated": True}


@pytest.mark.parametrize(
    ("since", "sent"),
    [
        ("1800000000", "2027-01-15T08:00:00.000Z"),
        ("1800000000000", "2027-01-15T08:00:00.000Z"),
        ("2027-01-15T08:00:00.123456789Z", "2027-01-15T08:00:00.123456789Z"),
        ("10m", "10m"),
        ("1h30m", "1h30m"),
    ],
)
async def test_a_moment_can_be_told_in_every_usual_way(stage: Stage, since: str, sent: str) -> None:
    agent = await with_containers(stage, WEB)
    order, _ = await read(stage, agent, f"web/logs?since={since}", data={"lines": []})
    assert order["params"]["since"] == sent


@pytest.mark.parametrize(
    "data", ["one\ntwo\n", ["one", "two"], {"logs": "one\ntwo"}, {"lines": ["one", {"line": "two"}]}]
)
async def test_text_is_lines_too(stage: Stage, data: object) -> None:
    agent = await with_containers(stage, WEB)
    order, answer = await read(stage, agent, "web/logs", data=data)
    assert order["params"] == {"tail": 100}
    assert [(each["stream"], each["line"]) for each in answer.body["items"]] == [
        ("stdout", "one"),
        ("stdout", "two"),
    ]


async def test_processes_are_a_table(stage: Stage) -> None:
    agent = await with_containers(stage, WEB)
    table = {"titles": ["PID", "CMD"], "processes": [["1", "nginx"], [7, "sh"]]}
    _, answer = await read(stage, agent, "web/top", data=table)
    assert answer.body == {"titles": ["PID", "CMD"], "processes": [["1", "nginx"], ["7", "sh"]]}


@pytest.mark.parametrize("data", [None, [], "nonsense", {"inspect": 7}, {"lines": 3, "titles": {}}])
@pytest.mark.parametrize("what", ["", "/logs", "/top"])
async def test_nonsense_of_an_agent_is_an_empty_answer(stage: Stage, what: str, data: object) -> None:
    agent = await with_containers(stage, WEB)
    _, answer = await read(stage, agent, f"web{what}", data=data)
    assert answer.status == 200


@pytest.mark.parametrize(
    "path",
    [
        "..%2Fimages%2Fx",
        "web/logs?tail=10001",
        "web/logs?tail=x",
        "web/logs?since=yesterday",
        "web?reveal=maybe",
    ],
)
async def test_what_cannot_be_read_is_not_asked_for(stage: Stage, path: str) -> None:
    await with_containers(stage, WEB)
    assert code(await stage.ask("GET", f"/docker/containers/{path}")) == (400, "invalid_request")
