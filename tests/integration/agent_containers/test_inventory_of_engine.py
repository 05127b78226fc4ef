"""The list an agent keeps of its engine's containers, beside what `docker` itself says."""

import asyncio

import pytest

from chatops_agent.collectors.containers.cgroup_files import CgroupFiles
from chatops_agent.collectors.containers.meter import Meter
from chatops_agent.collectors.containers.watch import ContainerWatch
from chatops_wire.containers import Container, ContainerEvent, EngineState
from tests.deadlines import eventually
from tests.docker_engine import IMAGE, DockerEngine
from tests.integration.agent_containers.watching import ENGINE_S, asked, done, hub_watching, named, watching

LOOP = ("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done")


async def _docker(engine: DockerEngine, *words: str) -> str:
    return await asyncio.to_thread(engine.docker, *words)


async def _collected(watch: ContainerWatch, meter: Meter | None = None) -> tuple[Container, ...]:
    """Collect as a source does, in a thread."""
    loop = asyncio.get_running_loop()
    return await asyncio.to_thread((meter or watch.meter).collect, loop.time()) or ()


@pytest.fixture
def five(docker_engine: DockerEngine) -> DockerEngine:
    """An engine with a container in each of five states."""
    docker_engine.run("runs", *LOOP, options=("--label", "com.docker.compose.project=shop"))
    docker_engine.run("stands", *LOOP)
    docker_engine.docker("pause", "stands")
    docker_engine.docker("create", "--name", "waits", IMAGE, *LOOP)
    docker_engine.run("ended", "sh", "-c", "exit 3")
    docker_engine.docker("wait", "ended")
    docker_engine.run("sick", *LOOP, options=("--health-cmd", "false", "--health-interval", "100ms",
                                              "--health-retries", "1"))  # fmt: skip
    return docker_engine


async def test_states_and_words_are_those_of_docker_ps(five: DockerEngine) -> None:
    async with watching(five.host) as watch:

        async def agrees() -> bool:
            said = await _docker(
                five, "ps", "--all", "--format", "{{.Names}}|{{.Image}}|{{.State}}|{{.Status}}"
            )
            told = [
                f"{each.name}|{each.image}|{each.state}|{each.status}" for each in await _collected(watch)
            ]
            return sorted(said.splitlines()) == sorted(told) and "(unhealthy)" in said

        # Their words change with every second.
        await eventually(agrees, deadline_s=ENGINE_S)
        containers = await _collected(watch)
    assert [each.exit_code for each in containers] == [3, None, None, None, None]
    assert named(containers, "sick").health == "unhealthy"
    assert named(containers, "runs").project == "shop"
    assert named(containers, "waits").started_at is None


async def test_numbers_are_read_for_what_runs_and_only_for_that(five: DockerEngine) -> None:
    async with watching(five.host) as watch:
        await _collected(watch)

        async def busy() -> bool:
            return bool(named(await _collected(watch), "runs").cpu_percent)

        await eventually(busy, deadline_s=ENGINE_S, what="processor time that was used")
        containers = await _collected(watch)
    runs, ended = named(containers, "runs"), named(containers, "ended")
    assert (runs.memory_used or 0) > 0
    assert (runs.pids or 0) >= 1
    assert (ended.cpu_percent, ended.memory_used, ended.pids) == (None, None, None)


async def test_limits_hold_and_throttling_is_told(docker_engine: DockerEngine) -> None:
    await asyncio.to_thread(
        docker_engine.run, "busy", "sh", "-c", "while :; do :; done",
        options=("--cpus", "0.2", "--memory", "64m"),
    )  # fmt: skip
    async with watching(docker_engine.host) as watch:
        await _collected(watch)

        async def held_back() -> Container | None:
            # Within one period of the scheduler, a tenth of a second, it may have the whole core.
            await asyncio.sleep(0.5)
            busy = named(await _collected(watch), "busy")
            is_held_back = busy.throttled_percent and busy.cpu_percent and busy.cpu_percent < 60
            return busy if is_held_back else None

        busy = await eventually(held_back, deadline_s=ENGINE_S, what="a fifth of a core, and throttling")
    assert busy is not None
    assert busy.memory_limit == 64 * 1024 * 1024


async def test_where_the_groups_are_not_seen_the_engine_is_asked(docker_engine: DockerEngine) -> None:
    await asyncio.to_thread(docker_engine.run, "busy", "sh", "-c", "while :; do :; done")
    async with watching(docker_engine.host) as watch:
        meter = Meter(watch.engine, watch.inventory, lambda: CgroupFiles("/nowhere"))
        meter.configure(1.0)
        asking = asyncio.create_task(meter.run())
        try:

            async def told() -> Container | None:
                busy = named(await _collected(watch, meter), "busy")
                return busy if busy.cpu_percent else None

            busy = await eventually(told, deadline_s=ENGINE_S, what="numbers of the engine's own")
        finally:
            asking.cancel()
    assert busy is not None
    assert (busy.memory_used or 0) > 0


async def test_changes_behind_our_back_are_told(docker_engine: DockerEngine) -> None:
    async with hub_watching(docker_engine.host) as hub:

        async def told(action: str, state: str) -> None:
            await eventually(
                lambda: [
                    each
                    for each in hub.of(ContainerEvent, action=action)
                    if (each.container.name, each.container.state) == ("web", state)
                ],
                deadline_s=ENGINE_S,
                what=f"{action} {state}: {hub.of(ContainerEvent)}",
            )

        await asyncio.to_thread(docker_engine.run, "web", *LOOP)
        await told("start", "running")
        await _docker(docker_engine, "pause", "web")
        await told("pause", "paused")
        await _docker(docker_engine, "unpause", "web")
        await told("unpause", "running")
        await _docker(docker_engine, "rename", "web", "other")
        await _docker(docker_engine, "rename", "other", "web")
        await told("rename", "running")
        await _docker(docker_engine, "kill", "web")
        await told("die", "exited")
        await _docker(docker_engine, "rm", "web")
        await told("destroy", "exited")


async def test_health_that_changes_is_told(docker_engine: DockerEngine) -> None:
    check = ("--health-cmd", "test -e /well", "--health-interval", "100ms", "--health-retries", "1")
    await asyncio.to_thread(docker_engine.run, "web", *LOOP, options=check)
    async with hub_watching(docker_engine.host) as hub:

        def told(health: str) -> bool:
            events = hub.of(ContainerEvent, action="health_status")
            return bool(events) and events[-1].container.health == health

        assert hub.watch is not None
        if named(await _collected(hub.watch), "web").health != "unhealthy":
            await eventually(lambda: told("unhealthy"), deadline_s=ENGINE_S)
        await _docker(docker_engine, "exec", "web", "touch", "/well")
        await eventually(lambda: told("healthy"), deadline_s=ENGINE_S)


async def test_a_restart_is_told_as_one_and_never_as_a_stop_of_what_runs(docker_engine: DockerEngine) -> None:
    await asyncio.to_thread(docker_engine.run, "web", *LOOP)
    async with hub_watching(docker_engine.host) as hub:
        await _docker(docker_engine, "restart", "web")
        await eventually(lambda: hub.of(ContainerEvent, action="restart"), deadline_s=ENGINE_S)
        ends = [
            each
            for each in hub.messages
            if isinstance(each, ContainerEvent) and each.action in {"die", "stop"}
        ]
    assert all(each.container.state != "running" for each in ends)


async def test_an_engine_without_containers_has_an_empty_list(docker_engine: DockerEngine) -> None:
    async with watching(docker_engine.host) as watch:
        assert watch.inventory.containers == ()
        assert watch.state is not None
        assert watch.state.state == "available"


async def test_an_engine_that_is_restarted_is_found_again(docker_engine: DockerEngine) -> None:
    await asyncio.to_thread(docker_engine.run, "web", *LOOP)
    async with hub_watching(docker_engine.host) as hub:
        assert [each["name"] for each in (await done(hub, "list"))["containers"]] == ["web"]
        await asyncio.to_thread(docker_engine.stop)
        try:
            watch = hub.watch
            assert watch is not None
            gone = EngineState(state="unavailable", reason=f"no engine listens on {docker_engine.host}")
            await eventually(lambda: watch.state == gone, deadline_s=ENGINE_S, what="why there is none")
            assert watch.inventory.containers is None
            assert (await asked(hub, "list")).code == "docker_unavailable"
        finally:
            await asyncio.to_thread(docker_engine.start)
        await eventually(lambda: watch.inventory.containers, deadline_s=ENGINE_S, what="the list again")
        assert [each["state"] for each in (await done(hub, "list"))["containers"]] == ["exited"]


async def test_two_hundred_containers_are_listed(docker_engine: DockerEngine) -> None:
    def create() -> None:
        for number in range(200):
            docker_engine.docker("create", "--name", f"c{number}", "--network", "none", IMAGE, "true")

    await asyncio.to_thread(create)
    async with watching(docker_engine.host) as watch:
        containers = await _collected(watch)
    assert {f"c{number}" for number in range(200)} == {each.name for each in containers}
