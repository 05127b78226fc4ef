"""Actions on containers: to the agent and back, with its own reasons, and written down."""

import asyncio
from typing import Any

import pytest

from tests.integration.hub_commands.conftest import Answer, Stage
from tests.integration.hub_containers.conftest import (
    DB,
    WEB,
    answered,
    audited,
    code,
    follows,
    gone_offline,
    listed,
    told,
    with_containers,
)
from tests.live_peers import Peer


async def acted(
    stage: Stage, agent: Peer, path: str, body: object = None, **answer: object
) -> tuple[dict[str, Any], Answer]:
    """Ask for an action, let the agent answer, and return what it was asked for and what came of it."""
    asked = asyncio.create_task(stage.ask("POST", f"/docker/containers/{path}", body))
    order = await answered(agent, **answer)
    return order, await asked


@pytest.mark.parametrize(
    ("action", "body", "params"),
    [
        ("start", None, {}),
        ("stop", {"timeout_s": 3}, {"timeout_s": 3}),
        ("restart", {}, {}),
        ("pause", {"force": True}, {}),
        ("unpause", None, {}),
        ("kill", {"signal": "HUP"}, {"signal": "HUP"}),
        ("remove", {"force": True, "own": True}, {"force": True, "own": True}),
        ("rename", {"name": "www"}, {"name": "www"}),
    ],
)
async def test_every_action_reaches_the_agent(
    stage: Stage, action: str, body: object, params: dict[str, Any]
) -> None:
    agent = await with_containers(stage, WEB)
    order, answer = await acted(stage, agent, f"web/{action}?server_id={stage.server_id}", body)
    assert (order["action"], order["container_id"], order["params"]) == (action, WEB["id"], params)
    assert (answer.status, set(answer.body)) == (200, {"container"})


async def test_it_answers_the_container_as_the_agent_says_it_stands(stage: Stage) -> None:
    agent = await with_containers(stage, WEB)
    after = {**WEB, "state": "exited", "status": "Exited (0) 1 second ago", "exit_code": 0}
    _, answer = await acted(stage, agent, "web/stop", data={"container": after})
    shown = {name: answer.body["container"][name] for name in after}
    assert (shown, answer.body["container"]["server_id"]) == (after, stage.server_id)
    assert (await listed(stage))[0]["exit_code"] == 0


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [("stop", "running", "exited"), ("start", "exited", "running"), ("pause", "running", "paused")],
)
async def test_of_an_agent_that_only_says_that_it_was_done_the_state_is_known(
    stage: Stage, action: str, before: str, after: str
) -> None:
    agent, client = await with_containers(stage, {**WEB, "state": before}), await stage.client()
    await follows(client)
    _, answer = await acted(stage, agent, f"web/{action}", data=None)
    assert answer.body["container"]["state"] == after
    frame = await client.until("container")
    assert (frame["action"], frame["container"]["state"]) == (action, after)
    # Made before it was done, so it does not undo it.
    await agent.send(told(2, {**WEB, "state": before}))
    await agent.until("ack")
    assert [item["state"] for item in await listed(stage)] == [after]


async def test_a_name_with_the_engines_slash_is_a_name(stage: Stage) -> None:
    agent = await with_containers(stage, {**WEB, "name": "/web"})
    order, answer = await acted(stage, agent, "web/stop")
    assert (order["container_id"], answer.body["container"]["name"]) == (WEB["id"], "web")
    assert [item["name"] for item in await listed(stage)] == ["web"]


async def test_whole_seconds_go_without_a_point(stage: Stage) -> None:
    agent = await with_containers(stage, WEB)
    order, _ = await acted(stage, agent, "web/stop", {"timeout_s": 3.0})
    assert repr(order["params"]) == "{'timeout_s': 3}"


async def test_a_restart_is_told_though_the_state_is_the_same(stage: Stage) -> None:
    agent, client = await with_containers(stage, WEB), await stage.client()
    await follows(client)
    await acted(stage, agent, "web/restart")
    assert (await client.until("container"))["action"] == "restart"


async def test_a_removed_container_is_gone(stage: Stage) -> None:
    agent, client = await with_containers(stage, WEB, DB), await stage.client()
    await follows(client)
    _, answer = await acted(stage, agent, "db/remove")
    assert answer.body == {"container": None}
    frame = await client.until("container")
    assert (frame["action"], frame["container"]["name"]) == ("destroy", "db")
    assert [item["name"] for item in await listed(stage)] == ["web"]


@pytest.mark.parametrize(
    ("refusal", "status", "expected"),
    [
        ({"code": "conflict"}, 409, "conflict"),
        ({}, 409, "conflict"),
        ({"code": "failed"}, 409, "conflict"),
        ({"code": "not_allowed"}, 403, "not_allowed"),
        ({"code": "not_found"}, 404, "not_found"),
        ({"message": "No such container: web"}, 404, "not_found"),
        ({"code": "docker_unavailable"}, 503, "docker_unavailable"),
        ({"message": "Cannot connect to the Docker daemon at unix:///x"}, 503, "docker_unavailable"),
        ({"code": "bad_request"}, 400, "invalid_request"),
        ({"code": "busy"}, 429, "too_many_requests"),
        ({"code": "timeout"}, 504, "agent_timeout"),
    ],
)
async def test_a_refusal_has_its_status_the_agents_words_and_an_entry(
    stage: Stage, refusal: dict[str, str], status: int, expected: str
) -> None:
    agent = await with_containers(stage, WEB)
    reason = {"message": "container web is not paused", **refusal}
    _, answer = await acted(stage, agent, "web/unpause", success=False, **reason)
    assert (code(answer), answer.body["detail"]) == ((status, expected), reason["message"])
    assert await audited(stage, "container.unpause") == [
        ("container.unpause", "web", "sent"),
        ("container.unpause", "web", expected),
    ]


async def test_who_did_what_is_in_audit_log_and_timeline(stage: Stage) -> None:
    agent = await with_containers(stage, WEB)
    await acted(stage, agent, "web/restart", {"timeout_s": 1})
    assert await audited(stage, "container.restart") == [
        ("container.restart", "web", "sent"),
        ("container.restart", "web", "ok"),
    ]
    [event] = (await stage.ask("GET", "/events?kind=container")).body["items"]
    assert (event["message"], event["server_id"]) == ("restart web on web-1: done", stage.server_id)
    assert event["data"] == {"container_id": WEB["id"], "timeout_s": 1.0, "target": "web", "result": "ok"}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("..%2Fimages%2Fvictim/remove", None, 400),
        ("../stop", None, 404),
        ("%2e%2e/stop", None, 404),
        ("web%20db/stop", None, 400),
        ("-web/stop", None, 400),
        ("web/explode", None, 400),
        ("web/stop", {"timeout_s": -1}, 400),
        ("web/stop", {"timeout_s": "long"}, 400),
        ("web/rename", None, 400),
        ("web/rename", {"name": "../www"}, 400),
        ("unknown/stop", None, 404),
    ],
)
async def test_what_cannot_be_done_is_not_asked_for(
    stage: Stage, path: str, body: object, status: int
) -> None:
    await with_containers(stage, WEB)
    answer = await stage.ask("POST", f"/docker/containers/{path}?server_id={stage.server_id}", body)
    assert answer.status == status
    assert await audited(stage, "container.stop", "container.remove", "container.rename") == []


async def test_without_its_agent_it_fails_at_once_and_nothing_is_written(stage: Stage) -> None:
    path = f"/docker/containers/web/stop?server_id={stage.server_id}"
    assert code(await stage.ask("POST", path)) == (503, "agent_offline")
    assert await audited(stage, "container.stop") == []


async def test_an_agent_that_leaves_in_between_ends_it(stage: Stage) -> None:
    agent = await with_containers(stage, WEB)
    asked = asyncio.create_task(stage.ask("POST", "/docker/containers/web/stop"))
    await agent.until("docker_command")
    await agent.vanish()
    assert code(await asked) == (503, "agent_offline")
    assert (await audited(stage, "container.stop"))[1][2] == "agent_offline"


async def test_a_newer_connection_of_the_agent_does_not_answer_for_the_older(stage: Stage) -> None:
    agent = await with_containers(stage, WEB)
    asked = asyncio.create_task(stage.ask("POST", "/docker/containers/web/stop"))
    await agent.until("docker_command")
    await stage.agent()
    assert code(await asked) == (503, "agent_offline")


async def test_the_answer_of_another_server_is_not_heard(stage: Stage) -> None:
    _, other_key = await stage.server("web-2")
    agent, other = await with_containers(stage, WEB), await stage.agent(other_key)
    asked = asyncio.create_task(stage.ask("POST", "/docker/containers/web/stop"))
    order = await agent.until("docker_command")
    answer = {"type": "docker_response", "command_id": order["command_id"], "success": True}
    await other.send(answer, told(1))
    await other.until("ack")
    assert not asked.done()
    await agent.send(answer)
    assert (await asked).status == 200


async def test_who_stops_waiting_leaves_its_result_to_be_written(stage: Stage) -> None:
    agent, client = await with_containers(stage, WEB), await stage.client()
    assert (await client.request(type="subscribe", topic="events"))["type"] == "result"
    asked = asyncio.create_task(stage.ask("POST", "/docker/containers/web/stop"))
    order = await agent.until("docker_command")
    asked.cancel()
    await asyncio.wait({asked})
    await agent.send({"type": "docker_response", "command_id": order["command_id"], "success": True})
    while (event := (await client.until("event"))["event"])["kind"] != "container":
        pass
    assert event["message"] == "stop web on web-1: done"


async def test_a_viewer_may_look_and_not_touch(stage: Stage) -> None:
    agent = await with_containers(stage, WEB)
    for name, role, grant in (("vic", "viewer", "operator"), ("oz", "operator", "viewer")):
        token = await stage.user(name, role, grant)
        answer = await stage.ask("POST", "/docker/containers/web/stop", token=token)
        assert code(answer) == (403, "forbidden")
    stranger = await stage.user("sam", "operator")
    path = f"/docker/containers/web/stop?server_id={stage.server_id}"
    assert code(await stage.ask("POST", path, token=stranger)) == (404, "not_found")
    operator = await stage.user("olga", "operator", "operator")
    asked = asyncio.create_task(stage.ask("POST", "/docker/containers/web/stop", token=operator))
    await answered(agent)
    assert (await asked).status == 200


async def test_without_a_server_only_one_may_have_it(stage: Stage) -> None:
    other_id, other_key = await stage.server("web-2")
    await with_containers(stage, WEB)
    other = await with_containers(stage, {**WEB, "id": "c" * 64}, DB, key=other_key)
    assert code(await stage.ask("POST", "/docker/containers/web/stop")) == (400, "invalid_request")
    asked = asyncio.create_task(stage.ask("POST", f"/docker/containers/{DB['id'][:12]}/start"))
    assert (await answered(other))["container_id"] == DB["id"]
    assert (await asked).body["container"]["server_id"] == other_id
    assert code(await stage.ask("POST", "/docker/containers/nothing/start")) == (404, "not_found")


async def test_an_agent_that_never_told_of_containers_is_asked_all_the_same(stage: Stage) -> None:
    agent = await stage.agent()
    order, answer = await acted(stage, agent, f"cache/stop?server_id={stage.server_id}")
    assert (order["container_id"], answer.body["container"]["id"]) == ("cache", "cache")


async def test_an_agent_that_tells_at_once_is_asked_for_what_is_not_known_yet(stage: Stage) -> None:
    agent = await with_containers(stage, WEB)
    await agent.send({"type": "container_event", "action": "start", "container": WEB})
    order, answer = await acted(
        stage, agent, f"new/stop?server_id={stage.server_id}", success=False, code="not_found", message="no"
    )
    assert (order["container_id"], answer.status) == ("new", 404)


async def test_a_project_is_controlled_as_a_whole(stage: Stage) -> None:
    agent = await with_containers(stage, WEB, DB)
    path = f"/docker/projects/shop/start?server_id={stage.server_id}"
    asked = asyncio.create_task(stage.ask("POST", path))
    order = await answered(agent, data={"containers": [{**DB, "state": "running"}]})
    assert (order["action"], order["container_id"], order["params"]) == (
        "project_start",
        "shop",
        {"project": "shop"},
    )
    assert [(each["name"], each["state"]) for each in (await asked).body["containers"]] == [("db", "running")]
    assert await audited(stage, "project.start") == [
        ("project.start", "shop", "sent"),
        ("project.start", "shop", "ok"),
    ]
    unknown = await stage.ask("POST", f"/docker/projects/blog/stop?server_id={stage.server_id}")
    assert code(unknown) == (404, "not_found")


async def test_what_was_signed_goes_on_word_by_word(stage: Stage) -> None:
    agent = await with_containers(stage, WEB)
    signature = {
        "signer": "SHA256:abc",
        "nonce": "0123456789abcdef",
        "issued_at": "2027-01-15T08:00:00.000Z",
        "expires_at": "2027-01-15T08:02:00.000Z",
        "sig": "AAAA",
    }
    order, _ = await acted(stage, agent, "web/stop", {"timeout_s": 3, "signature": signature})
    assert (order["container_id"], order["params"], order["signature"]) == (
        "web",
        {"timeout_s": 3},
        signature,
    )
    [event] = (await stage.ask("GET", "/events?kind=container")).body["items"]
    assert event["data"]["signer"] == "SHA256:abc"


async def test_after_the_agent_left_it_is_offline_again(stage: Stage) -> None:
    agent = await with_containers(stage, WEB)
    await agent.close()
    await gone_offline(stage)
    path = f"/docker/containers/web/stop?server_id={stage.server_id}"
    assert code(await stage.ask("POST", path)) == (503, "agent_offline")
