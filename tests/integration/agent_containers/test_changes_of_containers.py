"""What the hub may have done with containers, on a real engine; what `docker` then says."""

import asyncio
from typing import Any

import pytest

from chatops_agent.policy import Policy
from chatops_wire.containers import DockerCancel, DockerCommand, DockerResponse
from tests.docker_engine import IMAGE, DockerEngine
from tests.integration.agent_containers.watching import answer, asked, done, hub_watching

OBEYS = ("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done")
IGNORES = ("sh", "-c", "trap '' TERM; while :; do sleep 0.1; done")


async def _docker(engine: DockerEngine, *words: str) -> str:
    return await asyncio.to_thread(engine.docker, *words)


async def _state(engine: DockerEngine, name: str) -> str:
    return await _docker(engine, "inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", name)


async def test_each_change_answers_with_the_container_as_it_then_stands(docker_engine: DockerEngine) -> None:
    await asyncio.to_thread(docker_engine.run, "web", *OBEYS)
    async with hub_watching(docker_engine.host) as hub:

        async def state(action: str, **params: Any) -> str:  # noqa: ANN401 - those of the action
            return str((await done(hub, action, "web", **params))["container"]["state"])

        assert [
            await state("stop"),
            await state("start"),
            await state("pause"),
            await state("unpause"),
            await state("restart", timeout_s=5),
            await state("kill"),
        ] == ["exited", "running", "paused", "running", "running", "exited"]
        renamed = await done(hub, "rename", "web", name="other")
        assert renamed["container"]["name"] == "other"
        assert await done(hub, "remove", "other") == {"container": None}
    assert await _docker(docker_engine, "ps", "--all", "--quiet") == ""


async def test_one_that_ignores_term_is_killed_after_its_grace(docker_engine: DockerEngine) -> None:
    await asyncio.to_thread(docker_engine.run, "deaf", *IGNORES)
    async with hub_watching(docker_engine.host) as hub:
        stopped = await done(hub, "stop", "deaf", timeout_s=0.5)
    assert (stopped["container"]["state"], stopped["container"]["exit_code"]) == ("exited", 137)


async def test_a_signal_of_choice_is_sent(docker_engine: DockerEngine) -> None:
    await asyncio.to_thread(
        docker_engine.run, "web", "sh", "-c", "trap 'exit 7' USR1; while :; do sleep 0.1; done"
    )
    async with hub_watching(docker_engine.host) as hub:
        await done(hub, "kill", "web", signal="USR1")
        await _docker(docker_engine, "wait", "web")
        assert await _state(docker_engine, "web") == "exited 7"


async def test_what_is_so_already_is_no_error(docker_engine: DockerEngine) -> None:
    await asyncio.to_thread(docker_engine.run, "web", *OBEYS)
    async with hub_watching(docker_engine.host) as hub:
        assert (await done(hub, "start", "web"))["container"]["state"] == "running"
        await done(hub, "stop", "web", timeout_s=1)
        assert (await done(hub, "stop", "web"))["container"]["state"] == "exited"


@pytest.mark.parametrize(
    ("action", "params", "words"),
    [
        ("remove", {}, "cannot remove a running container"),
        ("unpause", {}, "is not paused"),
        ("rename", {"name": "taken"}, "already in use by container"),
    ],
)
async def test_the_engines_own_reason_comes_back(
    docker_engine: DockerEngine, action: str, params: dict[str, Any], words: str
) -> None:
    await asyncio.to_thread(docker_engine.run, "web", *OBEYS)
    await _docker(docker_engine, "create", "--name", "taken", IMAGE, "true")
    async with hub_watching(docker_engine.host) as hub:
        response = await asked(hub, action, "web", **params)
    assert (response.success, response.code, words in response.message) == (False, "conflict", True)


async def test_a_container_that_is_not_there_is_not_found(docker_engine: DockerEngine) -> None:
    async with hub_watching(docker_engine.host) as hub:
        codes = [
            (await asked(hub, each, "nobody")).code for each in ("start", "inspect", "logs", "top", "remove")
        ]
    assert codes == ["not_found"] * 5


async def test_a_name_that_leads_elsewhere_removes_nothing(docker_engine: DockerEngine) -> None:
    """The SDK would take `../images/...` for a container, and remove the image."""
    await _docker(docker_engine, "tag", IMAGE, "victim:1")
    async with hub_watching(docker_engine.host) as hub:
        response = await asked(hub, "remove", "../images/victim:1")
        assert response.code == "bad_request"
        images = await done(hub, "images")
        assert "victim:1" in [tag for each in images["images"] for tag in each["tags"]]
        assert (await done(hub, "image_remove", "victim:1"))["deleted"] == ["victim:1"]


async def test_a_running_one_is_removed_by_force_with_its_volumes(docker_engine: DockerEngine) -> None:
    await asyncio.to_thread(docker_engine.run, "web", *OBEYS, options=("--volume", "/kept"))
    async with hub_watching(docker_engine.host) as hub:
        assert [each["in_use"] for each in (await done(hub, "volumes"))["volumes"]] == [True]
        await done(hub, "remove", "web", force=True, volumes=True)
        assert (await done(hub, "volumes"))["volumes"] == []


async def test_volumes_and_networks_are_removed_and_pruned(docker_engine: DockerEngine) -> None:
    await _docker(docker_engine, "volume", "create", "one")
    await _docker(docker_engine, "volume", "create", "two")
    async with hub_watching(docker_engine.host) as hub:
        assert (await done(hub, "volume_remove", "one"))["deleted"] == ["one"]
        assert (await done(hub, "volume_prune", all=True))["deleted"] == ["two"]
        assert (await asked(hub, "volume_remove", "one")).code == "not_found"
        networks = {each["name"]: each for each in (await done(hub, "networks"))["networks"]}
        assert {"none", "host"} <= set(networks)
        response = await asked(hub, "network_remove", "none")
        assert (response.success, "pre-defined network" in response.message) == (False, True)
        assert (await done(hub, "network_prune"))["deleted"] == []


async def test_an_image_in_use_is_kept_and_disk_usage_is_that_of_docker(docker_engine: DockerEngine) -> None:
    await asyncio.to_thread(docker_engine.run, "web", *OBEYS)
    async with hub_watching(docker_engine.host) as hub:
        response = await asked(hub, "image_remove", IMAGE)
        assert (response.code, "is using its referenced image" in response.message) == ("conflict", True)
        used = await done(hub, "df")
        said = await _docker(docker_engine, "system", "df", "--format", "{{.Type}} {{.TotalCount}}")
        (image,) = [each for each in (await done(hub, "images"))["images"] if IMAGE in each["tags"]]
    assert [
        f"Images {used['images']['count']}",
        f"Containers {used['containers']['count']}",
    ] == said.splitlines()[:2]
    assert image["containers"] == 1


async def test_a_whole_project_is_stopped_and_started(docker_engine: DockerEngine) -> None:
    label = "com.docker.compose"
    for name, needs in (("web", "db"), ("db", "")):
        await asyncio.to_thread(
            docker_engine.run, name, *OBEYS,
            options=("--label", f"{label}.project=shop", "--label", f"{label}.service={name}",
                     "--label", f"{label}.depends_on={needs}"),
        )  # fmt: skip
    await asyncio.to_thread(docker_engine.run, "other", *OBEYS)
    async with hub_watching(docker_engine.host) as hub:
        stopped = await done(hub, "project_stop", "shop", timeout_s=5)
        assert {(each["name"], each["state"]) for each in stopped["containers"]} == {
            ("web", "exited"),
            ("db", "exited"),
        }
        moment = "{{.State.FinishedAt}}"
        web, db = [
            await _docker(docker_engine, "inspect", "--format", moment, each) for each in ("web", "db")
        ]
        assert web < db
        started = await done(hub, "project_start", "shop")
        assert {each["state"] for each in started["containers"]} == {"running"}
        assert (await asked(hub, "project_stop", "nobody's")).code == "bad_request"
        assert (await asked(hub, "project_stop", "nobody")).code == "not_found"
    assert (await _state(docker_engine, "other")).startswith("running")


async def test_what_is_inspected_is_redacted_unless_revealed(docker_engine: DockerEngine) -> None:
    await asyncio.to_thread(
        docker_engine.run, "web", *OBEYS, options=("--env", "SECRET=hunter2", "--label", "api.key=hunter2")
    )
    async with hub_watching(docker_engine.host) as hub:
        hidden = await done(hub, "inspect", "web")
        shown = await done(hub, "inspect", "web", reveal=True)
    assert "hunter2" not in str(hidden)
    assert "SECRET=hunter2" in shown["inspect"]["Config"]["Env"]
    assert hidden["container"]["name"] == "web"


async def test_processes_are_those_of_the_container(docker_engine: DockerEngine) -> None:
    await asyncio.to_thread(docker_engine.run, "web", "sleep", "4321")
    async with hub_watching(docker_engine.host) as hub:
        shown = await done(hub, "top", "web")
    assert shown["titles"][-1] == "CMD"
    assert [row[-1] for row in shown["processes"]] == ["sleep 4321"]


async def test_without_permission_only_the_list_is_told(docker_engine: DockerEngine) -> None:
    await asyncio.to_thread(docker_engine.run, "web", *OBEYS)
    async with hub_watching(docker_engine.host, Policy(frozenset(), ())) as hub:
        assert [each["name"] for each in (await done(hub, "list"))["containers"]] == ["web"]
        for action in ("stop", "remove", "inspect", "logs", "images", "image_prune", "project_stop"):
            assert (await asked(hub, action, "web")).code == "not_allowed", action
    assert (await _state(docker_engine, "web")).startswith("running")


async def test_slow_stops_keep_nobody_waiting(docker_engine: DockerEngine) -> None:
    await asyncio.to_thread(docker_engine.run, "deaf", *IGNORES)
    await asyncio.to_thread(docker_engine.run, "web", *OBEYS)
    async with hub_watching(docker_engine.host) as hub:
        for number in range(12):
            stop = {"timeout_s": 600}
            hub.say(DockerCommand(command_id=f"s{number}", action="stop", container_id="deaf", params=stop))
        assert len((await done(hub, "list"))["containers"]) == 2
        assert (await done(hub, "pause", "web"))["container"]["state"] == "paused"
        assert not hub.of(DockerResponse, command_id="s0")
        await _docker(docker_engine, "kill", "deaf")


async def test_one_that_is_given_up_is_answered_at_once(docker_engine: DockerEngine) -> None:
    await asyncio.to_thread(docker_engine.run, "deaf", *IGNORES)
    async with hub_watching(docker_engine.host) as hub:
        hub.say(DockerCommand(command_id="s", action="stop", container_id="deaf", params={"timeout_s": 600}))
        hub.say(DockerCancel(command_id="s"))
        response = await answer(hub, "s")
        assert (response.success, response.code) == (False, "failed")
        await _docker(docker_engine, "kill", "deaf")
