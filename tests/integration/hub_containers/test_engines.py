"""Images, volumes and networks of an engine, and pulls of images."""

import asyncio
from typing import Any

import pytest

from tests.integration.hub_commands.conftest import Stage
from tests.integration.hub_containers.conftest import answered, audited, code, follows, with_containers


@pytest.mark.parametrize("what", ["images", "volumes", "networks"])
async def test_they_are_listed_as_the_agent_tells_them(stage: Stage, what: str) -> None:
    agent = await with_containers(stage)
    token = await stage.user("vic", "viewer", "viewer")
    rows = [{"name": "a", "size": 1}, {"name": "b", "in_use": True}, {"name": "c"}]
    found: list[dict[str, Any]] = []
    cursor = ""
    last: dict[str, Any] = {}
    for _ in range(2):
        path = f"/docker/{what}?server_id={stage.server_id}&limit=2{cursor}"
        asked = asyncio.create_task(stage.ask("GET", path, token=token))
        assert (await answered(agent, data={what: [*rows, "nonsense"]}))["action"] == what
        answer = await asked
        last = answer.body
        found += last["items"]
        cursor = f"&cursor={last['next']}"
    assert (found, last["next"]) == (rows, None)


async def test_the_room_they_take_is_told(stage: Stage) -> None:
    agent = await with_containers(stage)
    asked = asyncio.create_task(stage.ask("GET", f"/docker/df?server_id={stage.server_id}"))
    taken = {"images": {"count": 2, "size": 10, "reclaimable": 5}}
    await answered(agent, data=taken)
    assert (await asked).body == taken


@pytest.mark.parametrize(
    ("path", "action", "name", "params"),
    [
        ("images/sha256:abc", "image_remove", "sha256:abc", {}),
        ("images/registry:5000%2Fteam%2Fapp:1.2", "image_remove", "registry:5000/team/app:1.2", {}),
        ("volumes/data", "volume_remove", "data", {"force": True}),
        ("networks/shop_default", "network_remove", "shop_default", {}),
    ],
)
async def test_one_is_removed(
    stage: Stage, path: str, action: str, name: str, params: dict[str, Any]
) -> None:
    agent = await with_containers(stage)
    force = "&force=true" if params else ""
    asked = asyncio.create_task(stage.ask("DELETE", f"/docker/{path}?server_id={stage.server_id}{force}"))
    order = await answered(agent)
    assert (order["action"], order["container_id"], order["params"]) == (action, name, params)
    assert (await asked).status == 204
    deed = f"{action.partition('_')[0]}.remove"
    assert await audited(stage, deed) == [(deed, name, "sent"), (deed, name, "ok")]


async def test_an_image_in_use_is_a_conflict_in_the_engines_words(stage: Stage) -> None:
    agent = await with_containers(stage)
    asked = asyncio.create_task(stage.ask("DELETE", f"/docker/images/app?server_id={stage.server_id}"))
    reason = "conflict: unable to remove repository reference"
    await answered(agent, success=False, code="conflict", message=reason)
    answer = await asked
    assert (code(answer), answer.body["detail"]) == ((409, "conflict"), reason)


@pytest.mark.parametrize("what", ["image", "volume", "network"])
async def test_what_nobody_uses_is_pruned(stage: Stage, what: str) -> None:
    agent = await with_containers(stage)
    path = f"/docker/{what}s/prune?server_id={stage.server_id}&all=true"
    asked = asyncio.create_task(stage.ask("POST", path))
    freed = {"removed": ["a"], "reclaimed": 7}
    order = await answered(agent, data=freed)
    assert (order["action"], order["params"]) == (f"{what}_prune", {"all": True})
    assert (await asked).body == freed
    assert [entry[2] for entry in await audited(stage, f"{what}.prune")] == ["sent", "ok"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "/docker/images/..%2Fcontainers%2Fweb?server_id={}", None),
        ("DELETE", "/docker/images/app%2F..%2F..%2Fcontainers%2Fweb?server_id={}", None),
        ("DELETE", "/docker/volumes/a%20b?server_id={}", None),
        ("DELETE", "/docker/volumes/data", None),
        ("GET", "/docker/images", None),
        ("POST", "/docker/images/pull", {"image": "../x"}),
        ("POST", "/docker/images/pull", {"image": ""}),
    ],
)
async def test_what_cannot_be_is_not_asked_for(stage: Stage, method: str, path: str, body: Any) -> None:  # noqa: ANN401
    await with_containers(stage)
    if body is not None:
        body = {"server_id": stage.server_id, **body}
    answer = await stage.ask(method, path.format(stage.server_id), body)
    assert code(answer) == (400, "invalid_request")


async def test_a_viewer_changes_nothing(stage: Stage) -> None:
    await with_containers(stage)
    token = await stage.user("vic", "viewer", "viewer")
    for method, path in (
        ("DELETE", "/docker/images/app?server_id={}"),
        ("POST", "/docker/volumes/prune?server_id={}"),
    ):
        answer = await stage.ask(method, path.format(stage.server_id), token=token)
        assert code(answer) == (403, "forbidden")


async def begun(stage: Stage, image: str = "busybox:1.36") -> dict[str, Any]:
    answer = await stage.ask("POST", "/docker/images/pull", {"server_id": stage.server_id, "image": image})
    assert answer.status == 202, answer
    return dict(answer.body)


async def test_a_pull_tells_how_it_goes_and_how_it_ended(stage: Stage) -> None:
    agent, client = await with_containers(stage), await stage.client()
    await follows(client)
    pull = await begun(stage)
    order = await agent.until("docker_command")
    assert (order["action"], order["params"]) == ("image_pull", {"image": "busybox:1.36"})
    assert pull == {
        "command_id": order["command_id"],
        "server_id": stage.server_id,
        "image": "busybox:1.36",
    }
    progress = {"text": "Downloading" * 18 + "Do", "current": 5, "total": 10}
    said = {**progress, "text": "Downloading" * 1000}
    await agent.send({"type": "docker_progress", "command_id": order["command_id"], **said})
    assert await client.until("docker_progress") == {"type": "docker_progress", **pull, **progress}
    await agent.send({"type": "docker_response", "command_id": order["command_id"], "success": True})
    assert await client.until("docker_finished") == {"type": "docker_finished", **pull, "success": True}
    assert [entry[1:] for entry in await audited(stage, "image.pull")] == [
        ("busybox:1.36", "sent"),
        ("busybox:1.36", "ok"),
    ]


async def test_a_pull_that_fails_says_why(stage: Stage) -> None:
    agent, client = await with_containers(stage), await stage.client()
    await follows(client)
    pull = await begun(stage, "nobody/nothing")
    await answered(agent, success=False, code="not_found", message="pull access denied")
    ended = await client.until("docker_finished")
    assert (ended["command_id"], ended["success"], ended["code"], ended["message"]) == (
        pull["command_id"],
        False,
        "not_found",
        "pull access denied",
    )


async def test_progress_in_a_flood_is_told_now_and_then(stage: Stage) -> None:
    agent, client = await with_containers(stage), await stage.client()
    await follows(client)
    pull = await begun(stage)
    order = await agent.until("docker_command")
    for number in range(500):
        await agent.send({"type": "docker_progress", "command_id": order["command_id"], "text": str(number)})
    await agent.send({"type": "docker_response", "command_id": order["command_id"], "success": True})
    told = 0
    while (frame := await client.next())["type"] != "docker_finished":
        told += frame["type"] == "docker_progress"
    assert frame["command_id"] == pull["command_id"]
    assert 1 <= told < 100


async def test_a_pull_can_be_cancelled(stage: Stage) -> None:
    agent, client = await with_containers(stage), await stage.client()
    await follows(client)
    pull = await begun(stage)
    path = f"/docker/pulls/{pull['command_id']}/cancel"
    viewer = await stage.user("vic", "viewer", "viewer")
    assert code(await stage.ask("POST", path, token=viewer)) == (403, "forbidden")
    assert (await stage.ask("POST", path)).status == 204
    cancelled = await agent.until("docker_cancel")
    answer = {"success": False, "code": "failed", "message": "cancelled"}
    await agent.send({"type": "docker_response", "command_id": cancelled["command_id"], **answer})
    assert (await client.until("docker_finished"))["message"] == "cancelled"
    assert code(await stage.ask("POST", path)) == (404, "not_found")


async def test_an_agent_that_leaves_ends_its_pulls(stage: Stage) -> None:
    agent, client = await with_containers(stage), await stage.client()
    await follows(client)
    await begun(stage)
    await agent.until("docker_command")
    await agent.vanish()
    assert (await client.until("docker_finished"))["code"] == "agent_offline"


async def test_without_its_agent_nothing_is_pulled(stage: Stage) -> None:
    body = {"server_id": stage.server_id, "image": "busybox"}
    assert code(await stage.ask("POST", "/docker/images/pull", body)) == (503, "agent_offline")
    assert await audited(stage, "image.pull") == []
