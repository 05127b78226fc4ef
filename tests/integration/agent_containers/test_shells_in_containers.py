"""Shells in containers: terminals as any other, and nothing of them left in the container."""

import asyncio
import os

import pytest

from chatops_agent.engine.execs import ExecEnd
from chatops_agent.policy import Policy
from chatops_wire.terminals import TerminalClose, TerminalOpen, TerminalOpened, TerminalResize
from tests.deadlines import eventually
from tests.docker_engine import DockerEngine
from tests.integration.agent_actions.hub_side import HubSide
from tests.integration.agent_containers.watching import ENGINE_S, hub_watching, watching


async def _opened(hub: HubSide, container: str = "web", terminal_id: str = "t") -> None:
    hub.say(TerminalOpen(terminal_id=terminal_id, cols=90, rows=30, container=container, term="vt100"))
    await hub.first(TerminalOpened, terminal_id=terminal_id)


async def _shown(hub: HubSide, text: bytes, terminal_id: str = "t") -> None:
    await eventually(lambda: text in hub.screen(terminal_id), deadline_s=ENGINE_S, what=f"{text!r}")


async def _closed(hub: HubSide, terminal_id: str = "t") -> TerminalClose:
    found = await eventually(lambda: hub.of(TerminalClose, terminal_id=terminal_id), deadline_s=ENGINE_S)
    return found[0]


async def _processes(engine: DockerEngine) -> int:
    said = await asyncio.to_thread(engine.docker, "top", "web")
    return len(said.splitlines()) - 1


@pytest.fixture
def web(docker_engine: DockerEngine) -> DockerEngine:
    """An engine with one container that does nothing."""
    docker_engine.run("web", "sleep", "9999")
    return docker_engine


async def test_a_shell_is_a_terminal_in_the_container(web: DockerEngine) -> None:
    async with hub_watching(web.host) as hub:
        await _opened(hub)
        hub.type("stty size; echo $TERM; cat /proc/1/comm\n")
        await _shown(hub, b"30 90\r\nvt100\r\nsleep\r\n")
        hub.say(TerminalResize(terminal_id="t", cols=77, rows=22))

        async def resized() -> bool:
            hub.type("stty size\n")
            await asyncio.sleep(0)
            return b"22 77\r\n" in hub.screen("t")

        await eventually(resized, deadline_s=ENGINE_S)
        hub.type("exit 7\n")
        closing = await _closed(hub)
    assert (closing.exit_code, closing.code) == (7, None)


async def test_control_c_reaches_what_runs_in_it(web: DockerEngine) -> None:
    async with hub_watching(web.host) as hub:
        await _opened(hub)
        hub.type("cat; echo en''ded\n")
        await eventually(lambda: _is(web, 3), deadline_s=ENGINE_S, what="cat")
        hub.type("\x03")
        # What is typed before the signal has done its work is flushed with it.
        await eventually(lambda: _is(web, 2), deadline_s=ENGINE_S, what="the shell alone")
        hub.type("echo en''ded\n")
        await _shown(hub, b"ended\r\n")


async def _is(engine: DockerEngine, count: int) -> bool:
    return await _processes(engine) == count


async def test_a_shell_that_is_closed_leaves_nothing_in_the_container(web: DockerEngine) -> None:
    """The engine itself would let it run on for ever."""
    async with hub_watching(web.host) as hub:
        await _opened(hub)
        hub.type("sleep 8888\n")
        await eventually(lambda: _is(web, 3), deadline_s=ENGINE_S, what="a shell and what it started")
        hub.say(TerminalClose(terminal_id="t", reason="done"))
        assert (await _closed(hub)).reason == "done"
        await eventually(lambda: _is(web, 1), deadline_s=ENGINE_S, what="only the container's own process")


async def test_a_shell_whose_process_is_not_seen_from_here_is_ended_from_inside(web: DockerEngine) -> None:
    """As where the agent runs in a container, or the engine on another machine."""
    async with watching(web.host) as watch:
        script = ("sh", "-c", "sleep 7777; true")
        begun = await watch.engine.begin_exec("web", script, {"MARK": "m1"}, ENGINE_S)
        await eventually(lambda: _is(web, 3), deadline_s=ENGINE_S, what="a shell and what it started")
        os.close(begun.output)
        os.close(begun.input)
        # By its name no process here is found to be of it.
        ending = ExecEnd(begun.exec_id, "web", "MARK=m1")
        assert await watch.engine.change(ending.carry_out, ENGINE_S) is None
        await eventually(lambda: _is(web, 1), deadline_s=ENGINE_S, what="only the container's own process")


async def test_when_the_agent_stops_no_shell_is_left(web: DockerEngine) -> None:
    async with hub_watching(web.host) as hub:
        await _opened(hub)
    await eventually(lambda: _is(web, 1), deadline_s=ENGINE_S, what="only the container's own process")


async def test_a_container_that_ends_ends_its_shells(web: DockerEngine) -> None:
    async with hub_watching(web.host) as hub:
        await _opened(hub)
        await asyncio.to_thread(web.docker, "rm", "--force", "web")
        assert (await _closed(hub)).code is None


async def test_where_there_can_be_no_shell_that_is_said(web: DockerEngine) -> None:
    await asyncio.to_thread(web.docker, "create", "--name", "waits", "chatops-test/busybox:1", "true")
    cases = {"waits": "unavailable", "nobody": "not_found", "../web": "invalid_request"}
    async with hub_watching(web.host) as hub:
        for container in cases:
            hub.say(TerminalOpen(terminal_id=container, cols=80, rows=24, container=container))
        assert cases == {each: (await _closed(hub, each)).code for each in cases}


@pytest.mark.parametrize(
    "policy",
    [
        Policy(frozenset({"terminal"}), ()),
        Policy(frozenset({"docker", "terminal"}), (), frozenset({"exec"})),
    ],
)
async def test_a_shell_needs_docker_and_no_denial_of_exec(web: DockerEngine, policy: Policy) -> None:
    async with hub_watching(web.host, policy) as hub:
        hub.say(TerminalOpen(terminal_id="t", cols=80, rows=24, container="web"))
        assert (await _closed(hub)).code == "not_allowed"
