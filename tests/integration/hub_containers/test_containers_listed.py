"""The list of containers: out of what the agents told last."""

import pytest

from tests.integration.hub_commands.conftest import Stage
from tests.integration.hub_containers.conftest import (
    DB,
    WEB,
    code,
    gone_offline,
    listed,
    names,
    told,
    with_containers,
)
from tests.live_peers import metrics

EVERY_FIELD = {
    "server_id", "id", "name", "image", "state", "status", "health", "created_at", "started_at", "restarts",
    "ports", "project", "cpu_percent", "memory_used", "memory_limit", "rx_bps", "tx_bps",
}  # fmt: skip


async def test_a_container_has_every_field_of_the_contract(stage: Stage) -> None:
    await with_containers(stage, {**WEB, "cpu_percent": 1.5, "ports": ["80/tcp"], "unheard_of": 1})
    [item] = await listed(stage)
    assert set(item) >= EVERY_FIELD
    told_of = {name: item[name] for name in ("server_id", "name", "state", "cpu_percent", "ports", "health")}
    assert told_of == {
        "server_id": stage.server_id,
        "name": "web",
        "state": "running",
        "cpu_percent": 1.5,
        "ports": ["80/tcp"],
        "health": None,
    }


async def test_an_agent_may_tell_little_more_than_a_name(stage: Stage) -> None:
    await with_containers(stage, {"name": "web", "image": None, "cpu_percent": 3})
    [item] = await listed(stage, f"?server_id={stage.server_id}")
    assert (item["id"], item["name"], item["image"], item["cpu_percent"]) == ("web", "web", "", 3.0)


async def test_the_next_sample_replaces_the_one_before(stage: Stage) -> None:
    agent = await with_containers(stage, WEB, DB)
    await agent.send(told(2, {**DB, "state": "running"}))
    await agent.until("ack")
    assert [(item["name"], item["state"]) for item in await listed(stage)] == [("db", "running")]


async def test_it_is_in_order_and_comes_in_pages(stage: Stage) -> None:
    containers = [{"id": name * 12, "name": name, "project": project} for name, project in
                  (("c", None), ("b", "shop"), ("a", None), ("d", "blog"))]  # fmt: skip
    await with_containers(stage, *containers)
    first = await stage.ask("GET", "/docker/containers?limit=3")
    rest = await stage.ask("GET", f"/docker/containers?limit=3&cursor={first.body['next']}")
    assert [item["name"] for item in first.body["items"]] == ["d", "b", "a"]
    assert ([item["name"] for item in rest.body["items"]], rest.body["next"]) == (["c"], None)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?state=running", ["web"]),
        ("?project=shop", ["db"]),
        ("?q=POSTGRES", ["db"]),
        ("?q=we", ["web"]),
        ("?select=tag:prod", []),
        ("?select=web-*", ["db", "web"]),
    ],
)
async def test_it_can_be_narrowed(stage: Stage, query: str, found: list[str]) -> None:
    await with_containers(stage, WEB, DB)
    assert await names(stage, query) == found


async def test_a_selector_that_is_none_says_so(stage: Stage) -> None:
    assert code(await stage.ask("GET", "/docker/containers?select=colour:red")) == (400, "invalid_request")


async def test_it_holds_what_one_may_see(stage: Stage) -> None:
    other_id, other_key = await stage.server("web-2")
    await with_containers(stage, WEB)
    await with_containers(stage, DB, key=other_key)
    viewer = await stage.user("viewer", "viewer", "viewer")
    stranger = await stage.user("stranger", "operator")
    seen = [await names(stage), await names(stage, token=viewer), await names(stage, token=stranger)]
    assert seen == [["web", "db"], ["web"], []]
    assert code(await stage.ask("GET", f"/docker/containers?server_id={other_id}", token=viewer)) == (
        404,
        "not_found",
    )


async def test_it_says_why_a_server_has_none(stage: Stage) -> None:
    away_id, _ = await stage.server("away")
    bare_id, bare_key = await stage.server("bare")
    broken_id, broken_key = await stage.server("broken")
    await with_containers(stage)
    bare = await stage.agent(bare_key)
    broken = await with_containers(stage, WEB, key=broken_key)
    for agent, seq in ((bare, 1), (broken, 2)):
        await agent.send(metrics(seq))
        await agent.until("ack")
    answer = await stage.ask("GET", "/docker/containers")
    assert answer.body == {
        "items": [],
        "next": None,
        "docker": {
            stage.server_id: "available",
            away_id: "offline",
            bare_id: "absent",
            broken_id: "unavailable",
        },
    }
    assert (await stage.ask("GET", f"/servers/{broken_id}")).body["docker"] == "unavailable"


async def test_an_agent_may_say_why_its_engine_does_not_answer(stage: Stage) -> None:
    agent = await with_containers(stage, WEB)
    reason = "permission denied on /var/run/docker.sock"
    await agent.send({**metrics(2), "engine": {"state": "unavailable", "reason": reason}})
    await agent.until("ack")
    server = (await stage.ask("GET", f"/servers/{stage.server_id}")).body
    assert (server["docker"], server["docker_reason"]) == ("unavailable", reason)
    await agent.send(told(3, WEB))
    await agent.until("ack")
    server = (await stage.ask("GET", f"/servers/{stage.server_id}")).body
    assert (server["docker"], server["docker_reason"]) == ("available", "")


async def test_of_an_agent_that_left_nothing_is_claimed(stage: Stage) -> None:
    agent = await with_containers(stage, WEB)
    await agent.close()
    await gone_offline(stage)
    answer = await stage.ask("GET", f"/docker/containers?server_id={stage.server_id}")
    assert (answer.body["items"], answer.body["docker"]) == ([], {stage.server_id: "offline"})


async def test_their_figures_have_a_history(stage: Stage) -> None:
    await with_containers(stage, {**WEB, "cpu_percent": 12.5, "memory_used": 4096})
    path = f"/metrics/{stage.server_id}/history?metric=container.cpu_percent:web&metric=container.memory_used"
    # Its own time lies far ahead, so that it stands where it arrived: in the last hour.
    series = (await stage.ask("GET", path)).body["series"]
    assert [each["points"][0][1] for each in series] == [12.5, 4096]
