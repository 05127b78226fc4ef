"""`chatops containers`, `chatops docker` and `chatops logs --container` against a real hub."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.deadlines import DEADLINE_S
from tests.integration.client.program import Ran, begun, chatops
from tests.integration.hub_commands.conftest import ADMIN_PASSWORD, Stage
from tests.integration.hub_containers.conftest import DB, WEB, answered, with_containers
from tests.live_peers import Peer, metrics

Cli = Callable[..., Coroutine[Any, Any, Ran]]


@pytest.fixture
async def environ(stage: Stage) -> dict[str, Any]:
    """Whoever has these in the environment is the stage's admin."""
    async with stage.http.get("/healthz") as answer:
        url = str(answer.url.origin())
    return {"CHATOPS_URL": url, "CHATOPS_USERNAME": "admin", "CHATOPS_PASSWORD": ADMIN_PASSWORD}


@pytest.fixture
def cli(environ: dict[str, Any]) -> Cli:
    async def run(*arguments: str) -> Ran:
        return await chatops(*arguments, **environ)

    return run


async def test_containers_are_a_table(stage: Stage, cli: Cli) -> None:
    await with_containers(
        stage,
        {**WEB, "cpu_percent": 12.4, "memory_used": 5 * 1024**2, "ports": ["80/tcp"], "health": "healthy"},
        {**DB, "name": "db\x1b[31m"},
    )
    ran = await cli("containers")
    lines = ran.out.decode().splitlines()
    assert (ran.status, ran.err) == (0, "")
    assert lines[0].split() == [
        "SERVER", "CONTAINER", "PROJECT", "STATE", "CPU", "MEMORY", "STATUS", "PORTS", "IMAGE",
    ]  # fmt: skip
    assert lines[1].split()[:5] == ["web-1", "db", "shop", "exited", "–"]  # noqa: RUF001 - as it is shown
    assert lines[2].split() == [
        "web-1", "web", "running", "(healthy)", "12%", "5.0M", "Up", "2", "hours", "80/tcp", "nginx:1.27",
    ]  # fmt: skip


async def test_they_are_objects_with_json(stage: Stage, cli: Cli) -> None:
    await with_containers(stage, WEB, DB)
    ran = await cli("containers", "--select", "web-*", "--state", "running", "--json")
    [found] = json.loads(ran.out)
    assert (found["server"], found["name"], found["server_id"]) == ("web-1", "web", stage.server_id)


async def test_it_says_whose_containers_nobody_knows(stage: Stage, cli: Cli) -> None:
    agent = await with_containers(stage, WEB)
    await stage.server("away")
    reason = "it does not answer"
    await agent.send({**metrics(2), "engine": {"state": "unavailable", "reason": reason}})
    await agent.until("ack")
    every = await cli("containers")
    assert (every.status, every.err.splitlines()) == (
        0,
        [
            f"chatops: web-1: its container engine does not answer: {reason}",
            "chatops: away: its agent is not connected",
        ],
    )
    one = await cli("containers", "web-1")
    assert (one.status, one.out) == (1, b"no containers\n")


async def test_a_server_without_an_engine_says_so(stage: Stage, cli: Cli) -> None:
    agent = await stage.agent()
    await agent.send(metrics(1))
    await agent.until("ack")
    ran = await cli("containers", "web-1")
    assert (ran.status, ran.err) == (1, "chatops: there is no container engine on that server\n")
    assert await cli("containers") == Ran(0, b"no containers\n", "")


async def done(agent: Peer, count: int, **answer: object) -> list[tuple[str, str, dict[str, object]]]:
    orders = [await answered(agent, **answer) for _ in range(count)]
    return sorted((order["action"], order["container_id"], order["params"]) for order in orders)


async def test_one_word_restarts_containers(stage: Stage, cli: Cli) -> None:
    agent = await with_containers(stage, WEB, DB)
    ran = asyncio.create_task(cli("docker", "web-1", "restart", "web", "db", "--grace", "3"))
    assert await done(agent, 2) == [
        ("restart", WEB["id"], {"timeout_s": 3}),
        ("restart", DB["id"], {"timeout_s": 3}),
    ]
    assert (await ran).status == 0
    assert sorted((await ran).out.decode().splitlines()) == ["db: running", "web: running"]


@pytest.mark.parametrize(
    ("words", "order"),
    [
        (("kill", "web", "--signal", "HUP"), ("kill", WEB["id"], {"signal": "HUP"})),
        (("rename", "web", "www"), ("rename", WEB["id"], {"name": "www"})),
        (("remove", "web", "--force"), ("remove", WEB["id"], {"force": True})),
        (("project-stop", "shop"), ("project_stop", "shop", {"project": "shop"})),
        (("remove-image", "team/app:1"), ("image_remove", "team/app:1", {})),
        (("remove-volume", "data", "--force"), ("volume_remove", "data", {"force": True})),
        (("prune-images", "--all"), ("image_prune", "", {"all": True})),
        (("images",), ("images", "", {})),
        (("networks",), ("networks", "", {})),
        (("df",), ("df", "", {})),
        (("top", "web"), ("top", WEB["id"], {})),
        (("inspect", "web"), ("inspect", WEB["id"], {})),
        (("inspect", "web", "--reveal"), ("inspect", WEB["id"], {"reveal": True})),
    ],
)
async def test_every_word_is_an_order(
    stage: Stage, cli: Cli, words: tuple[str, ...], order: tuple[str, str, dict[str, object]]
) -> None:
    agent = await with_containers(stage, WEB, DB)
    ran = asyncio.create_task(cli("docker", "web-1", *words))
    assert await done(agent, 1) == [order]
    assert ((await ran).status, (await ran).err) == (0, "")


async def test_lists_are_tables(stage: Stage, cli: Cli) -> None:
    agent = await with_containers(stage)
    ran = asyncio.create_task(cli("docker", "web-1", "images"))
    image = {"id": "sha256:" + "c" * 64, "tags": ["app:1", "app:2"], "size": 1024**2, "containers": 2}
    await answered(agent, data={"images": [image]})
    lines = [line.split() for line in (await ran).out.decode().splitlines()]
    assert lines == [
        ["ID", "SIZE", "USED", "BY", "CREATED", "TAGS"],
        ["c" * 12, "1.0M", "2", "app:1,", "app:2"],
    ]


async def test_what_was_freed_is_told(stage: Stage, cli: Cli) -> None:
    agent = await with_containers(stage)
    ran = asyncio.create_task(cli("docker", "web-1", "prune-volumes"))
    await answered(agent, data={"deleted": ["a", "b"], "reclaimed": 2048})
    assert await ran == Ran(0, b"2 volumes removed, 2.0K freed\n", "")


async def test_a_refusal_costs_that_one_and_the_status(stage: Stage, cli: Cli) -> None:
    agent = await with_containers(stage, WEB, DB)
    ran = asyncio.create_task(cli("docker", "web-1", "unpause", "web", "nothing", "db"))
    reason = "Container web is not paused"
    for _ in range(2):
        order = await agent.until("docker_command")
        answer = {"success": order["container_id"] == DB["id"], "message": reason}
        await agent.send({"type": "docker_response", "command_id": order["command_id"], **answer})
    assert (await ran).status == 1
    assert (await ran).out == b"db: running\n"
    assert sorted((await ran).err.splitlines()) == [
        "chatops: nothing: not found: no such container",
        f"chatops: web: the hub refused: {reason}",
    ]


@pytest.mark.parametrize("words", [("restart",), ("rename", "web"), ("images", "web"), ("explode", "web")])
async def test_wrong_usage_asks_nobody(cli: Cli, words: tuple[str, ...]) -> None:
    ran = await cli("docker", "web-1", *words)
    assert (ran.status, ran.out) == (2, b"")


async def test_a_pull_is_followed_to_its_end(stage: Stage, cli: Cli) -> None:
    agent = await with_containers(stage)
    ran = asyncio.create_task(cli("docker", "web-1", "pull", "busybox", "nobody/nothing"))
    order = await agent.until("docker_command")
    await agent.send({"type": "docker_progress", "command_id": order["command_id"], "text": "Downloading"})
    await agent.send({"type": "docker_response", "command_id": order["command_id"], "success": True})
    await answered(agent, success=False, code="not_found", message="pull access denied")
    assert await ran == Ran(1, b"busybox: pulled\n", "chatops: nobody/nothing: pull access denied\n")


async def test_the_log_of_a_container_is_two_streams(stage: Stage, environ: dict[str, Any]) -> None:
    agent = await with_containers(stage, WEB)
    words = ("logs", "web-1", "--container", "web", "-f", "--since", "10m")
    process = await begun(*words, **environ)
    order = await agent.until("stream_open")
    assert order["source"] == {"container": "web", "since": "10m"}
    ts = "2027-01-15T08:00:00.000Z"
    lines = [{"ts": ts, "stream": "stdout", "line": "one"}, {"ts": ts, "stream": "stderr", "line": "two"}]
    await agent.send({"type": "stream_data", "stream_id": order["stream_id"], "lines": lines})
    closed = {"reason": "no such container", "code": "not_found"}
    await agent.send({"type": "stream_close", "stream_id": order["stream_id"], **closed})
    async with asyncio.timeout(DEADLINE_S):
        out, err = await process.communicate()
    assert (process.returncode, out) == (1, b"one\n")
    assert err.decode().splitlines() == ["two", "chatops: not found: no such container"]


async def test_times_of_a_container_are_shown_when_asked_for(stage: Stage, cli: Cli) -> None:
    agent = await with_containers(stage, WEB)
    ran = asyncio.create_task(cli("logs", "web-1", "--container", "web", "-t", "-n", "1"))
    order = await agent.until("stream_open")
    line = {"ts": "2027-01-15T08:00:00.000Z", "stream": "stdout", "line": "one"}
    await agent.send({"type": "stream_data", "stream_id": order["stream_id"], "lines": [line]})
    await agent.send({"type": "stream_close", "stream_id": order["stream_id"]})
    assert await ran == Ran(0, b"2027-01-15T08:00:00.000Z one\n", "")
