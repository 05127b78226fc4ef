"""Containers of a real engine through a real agent and a real hub, beside what `docker` itself says."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.deadlines import DEADLINE_S, eventually
from tests.docker_engine import IMAGE, DockerEngine
from tests.integration.client.program import chatops
from tests.integration.hub_commands.conftest import ADMIN_PASSWORD, Stage, open_stage
from tests.live_peers import Peer

# A program that starts beside others on two busy cores.
START_S: Final = 6 * DEADLINE_S
STUBBORN: Final = "trap : TERM; while :; do sleep 1; done"


@pytest.fixture
async def stage(tmp_path: Path, docker_engine: DockerEngine) -> AsyncIterator[Stage]:
    """A hub and its server's real agent, which may do everything with the engine."""
    async with open_stage(tmp_path / "hub") as opened:
        opened.server_id, key = await opened.server("web-1")
        async with opened.http.get("/healthz") as answer:
            url = str(answer.url.origin())
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "chatops_agent", "run", "--url", url, "--allow", "docker,logs,terminal"),
            *("--data-dir", str(tmp_path / "agent"), "--docker-host", docker_engine.host),
            stderr=asyncio.subprocess.DEVNULL,
            env=os.environ | {"CHATOPS_API_KEY": key},
        )
        try:

            async def knows_its_engine() -> bool:
                server = await opened.ask("GET", f"/servers/{opened.server_id}")
                return bool(server.body["docker"] == "available")

            await eventually(knows_its_engine, deadline_s=START_S)
            yield opened
        finally:
            process.terminate()
            await process.wait()


async def listed(stage: Stage) -> dict[str, dict[str, Any]]:
    """Return the containers by name."""
    answer = await stage.ask("GET", f"/docker/containers?server_id={stage.server_id}")
    return {item["name"]: item for item in answer.body["items"]}


async def act(stage: Stage, name: str, action: str, body: object = None) -> dict[str, Any]:
    answer = await stage.ask("POST", f"/docker/containers/{name}/{action}?server_id={stage.server_id}", body)
    assert answer.status == 200, answer
    return dict(answer.body)


async def follower(stage: Stage) -> Peer:
    client = await stage.client()
    assert (await client.request(type="subscribe", topic="containers"))["type"] == "result"
    return client


async def change_of(client: Peer, name: str, state: str) -> dict[str, Any]:
    """Return the next change after which this container is in this state."""
    while True:
        frame = await client.until("container")
        if (frame["container"]["name"], frame["container"]["state"]) == (name, state):
            return frame


def engine_says(engine: DockerEngine) -> dict[str, tuple[str, str]]:
    """Return id and state by name, as `docker ps` lists them."""
    lines = engine.docker(
        "ps", "--all", "--no-trunc", "--format", "{{.Names}} {{.ID}} {{.State}}"
    ).splitlines()
    return {name: (container_id, state) for name, container_id, state in map(str.split, lines)}


async def test_the_list_is_the_engines_own(stage: Stage, docker_engine: DockerEngine) -> None:
    for number in range(5):
        docker_engine.run(f"idle-{number}", "sleep", "1000")
    docker_engine.run("stubborn", "sh", "-c", STUBBORN)
    docker_engine.run("typing", "sleep", "1000", options=("--tty",))
    docker_engine.docker("pause", "idle-0")
    docker_engine.docker("create", "--name", "fresh", "--network", "none", IMAGE, "true")
    docker_engine.docker("wait", docker_engine.run("failed", "false"))

    async def is_told() -> bool:
        return {
            name: (item["id"], item["state"]) for name, item in (await listed(stage)).items()
        } == engine_says(docker_engine)

    await eventually(is_told)
    items = await listed(stage)
    assert (items["failed"]["exit_code"], items["idle-1"]["image"]) == (1, IMAGE)

    async def has_figures() -> bool:
        return (await listed(stage))["idle-1"]["memory_used"] is not None

    await eventually(has_figures)


async def test_every_action_does_what_docker_does(stage: Stage, docker_engine: DockerEngine) -> None:
    docker_engine.run("web", "sh", "-c", STUBBORN)
    states = []
    for action, body in (
        ("pause", None),
        ("unpause", None),
        ("stop", {"timeout_s": 0}),
        ("start", None),
        ("restart", {"timeout_s": 0}),
        ("kill", None),
    ):
        done = (await act(stage, "web", action, body))["container"]["state"]
        states.append((action, done, engine_says(docker_engine)["web"][1]))
    assert states == [
        ("pause", "paused", "paused"),
        ("unpause", "running", "running"),
        ("stop", "exited", "exited"),
        ("start", "running", "running"),
        ("restart", "running", "running"),
        ("kill", "exited", "exited"),
    ]
    assert (await act(stage, "web", "rename", {"name": "www"}))["container"]["name"] == "www"
    assert await act(stage, "www", "remove") == {"container": None}
    assert engine_says(docker_engine) == {}


async def test_the_engines_own_reason_is_told(stage: Stage, docker_engine: DockerEngine) -> None:
    docker_engine.run("web", "sleep", "1000")
    refused = await stage.ask("POST", f"/docker/containers/web/unpause?server_id={stage.server_id}")
    assert (refused.status, refused.body["code"]) == (409, "conflict")
    assert "is not paused" in refused.body["detail"]
    running = await stage.ask("POST", f"/docker/containers/web/remove?server_id={stage.server_id}")
    assert (running.status, running.body["code"]) == (409, "conflict")
    unknown = await stage.ask("POST", f"/docker/containers/nothing/stop?server_id={stage.server_id}")
    assert (unknown.status, unknown.body["code"]) == (404, "not_found")


async def test_a_change_behind_our_back_is_told(stage: Stage, docker_engine: DockerEngine) -> None:
    client = await follower(stage)
    docker_engine.run("web", "sleep", "1000")
    started = await change_of(client, "web", "running")
    assert started["container"]["server_id"] == stage.server_id
    docker_engine.docker("kill", "web")
    assert (await change_of(client, "web", "exited"))["container"]["exit_code"] == 137
    docker_engine.docker("rm", "web")
    assert (await change_of(client, "web", "exited"))["action"] == "destroy"
    assert await listed(stage) == {}


async def test_logs_are_the_engines_own(stage: Stage, docker_engine: DockerEngine) -> None:
    said = "echo one; echo two >&2; printf 'three\\033[31m\\n'; sleep 1000"
    docker_engine.run("web", "sh", "-c", said)

    async def lines() -> list[tuple[str, str]]:
        path = f"/docker/containers/web/logs?server_id={stage.server_id}&tail=3"
        answer = await stage.ask("GET", path)
        assert answer.status == 200, answer
        items = answer.body["items"]
        return sorted((each["stream"], each["line"]) for each in items)

    async def are_all_there() -> bool:
        return len(await lines()) == 3

    await eventually(are_all_there)
    assert await lines() == [("stderr", "two"), ("stdout", "one"), ("stdout", "three\x1b[31m")]
    client = await stage.client()
    source = {"container": "web", "tail": 3}
    await client.request(type="subscribe", topic="logs", server_id=stage.server_id, source=source)
    got: list[str] = []
    while len(got) < 3:
        got += [line["line"] for line in (await client.until("log_lines"))["lines"]]
    assert sorted(got) == ["one", "three\x1b[31m", "two"]


async def test_secrets_stay_on_the_machine_unless_an_admin_asks(
    stage: Stage,
    docker_engine: DockerEngine,
) -> None:
    options = ("--env", "DB_PASSWORD=hunter2", "--env", "MODE=fast", "--label", "api_token=abc123")
    docker_engine.run("web", "sleep", "1000", options=options)
    path = f"/docker/containers/web?server_id={stage.server_id}"
    hidden = (await stage.ask("GET", path)).body
    assert hidden["Name"] == "/web"
    assert not any(secret in json.dumps(hidden) for secret in ("hunter2", "abc123", "fast"))
    revealed = (await stage.ask("GET", f"{path}&reveal=true")).body
    assert {"DB_PASSWORD=hunter2", "MODE=fast"} <= set(revealed["Config"]["Env"])


async def test_a_shell_opens_in_a_container(stage: Stage, docker_engine: DockerEngine) -> None:
    docker_engine.run("web", "sleep", "1000", options=("--env", "COLOUR=blue", "--hostname", "inside"))
    client = await stage.client()
    body = {"server_id": stage.server_id, "cols": 80, "rows": 24, "container": "web"}
    opened = await client.request(type="terminal_open", **body)
    assert opened["type"] == "result", opened
    keys = "ZWNobyAkQ09MT1VSLSRIT1NUTkFNRQpleGl0IDMK"  # echo $COLOUR-$HOSTNAME, exit 3
    await client.send({"type": "terminal_data", "terminal_id": opened["terminal_id"], "data": keys})
    assert (await client.until("terminal_close"))["exit_code"] == 3


async def test_images_volumes_and_networks_are_the_engines(
    stage: Stage,
    docker_engine: DockerEngine,
) -> None:
    docker_engine.docker("volume", "create", "data")
    server = f"server_id={stage.server_id}"
    images = (await stage.ask("GET", f"/docker/images?{server}")).body["items"]
    assert [IMAGE] in [image["tags"] for image in images]
    assert "data" in [
        each["name"] for each in (await stage.ask("GET", f"/docker/volumes?{server}")).body["items"]
    ]
    networks = (await stage.ask("GET", f"/docker/networks?{server}")).body["items"]
    assert {"none", "host"} <= {each["name"] for each in networks}
    assert "images" in (await stage.ask("GET", f"/docker/df?{server}")).body
    assert (await stage.ask("DELETE", f"/docker/volumes/data?{server}")).status == 204
    assert docker_engine.docker("volume", "ls", "--quiet") == ""
    in_use = await stage.ask("DELETE", f"/docker/images/nothing?{server}")
    assert (in_use.status, in_use.body["code"]) == (404, "not_found")


async def test_an_engine_that_is_away_says_so_and_comes_back(
    stage: Stage,
    docker_engine: DockerEngine,
) -> None:
    docker_engine.run("web", "sleep", "1000", options=("--restart", "always"))
    docker_engine.stop()
    try:
        path = f"/docker/containers/web/stop?server_id={stage.server_id}"
        refused = await stage.ask("POST", path)
        assert (refused.status, refused.body["code"]) == (503, "docker_unavailable")

        async def is_told() -> bool:
            server = (await stage.ask("GET", f"/servers/{stage.server_id}")).body
            return bool(server["docker"] == "unavailable" and server["docker_reason"])

        await eventually(is_told, deadline_s=START_S)
        assert await listed(stage) == {}
    finally:
        docker_engine.start()

    async def is_back() -> bool:
        return bool((await listed(stage)).get("web", {}).get("state") == "running")

    await eventually(is_back, deadline_s=START_S)


async def test_the_command_line_does_it_too(stage: Stage, docker_engine: DockerEngine) -> None:
    docker_engine.run("web", "sh", "-c", "echo ready; echo oops >&2; sleep 1000")
    async with stage.http.get("/healthz") as answer:
        url = str(answer.url.origin())
    environ: dict[str, Any] = {
        "CHATOPS_URL": url,
        "CHATOPS_USERNAME": "admin",
        "CHATOPS_PASSWORD": ADMIN_PASSWORD,
    }

    async def is_listed() -> bool:
        return "web" in await listed(stage)

    await eventually(is_listed)
    before = docker_engine.docker("inspect", "--format", "{{.State.StartedAt}}", "web")
    restarted = await chatops("docker", "web-1", "restart", "web", "--grace", "0", **environ)
    assert (restarted.status, restarted.err) == (0, "")
    assert docker_engine.docker("inspect", "--format", "{{.State.StartedAt}}", "web") != before
    table = await chatops("containers", "web-1", **environ)
    assert [line.split()[:3] for line in table.out.decode().splitlines()[1:]] == [["web-1", "web", "running"]]

    async def has_logged_twice() -> bool:
        ran = await chatops("logs", "web-1", "--container", "web", **environ)
        return (ran.status, ran.out, ran.err) == (0, b"ready\nready\n", "oops\noops\n")

    await eventually(has_logged_twice, deadline_s=START_S)
    unknown = await chatops("docker", "web-1", "stop", "nothing", **environ)
    assert (unknown.status, unknown.err) == (1, "chatops: nothing: not found: No such container: nothing\n")
