"""Logs of containers as the hub gets them, beside what `docker logs` says."""

import asyncio
import os
import threading
from functools import partial
from pathlib import Path

import pytest

from chatops_agent.actions.logs.lines import CUT_MARK, LONGEST_LINE
from chatops_agent.policy import Policy
from chatops_wire.streams import LogSource, StreamClose, StreamData, StreamOpen
from tests.deadlines import eventually
from tests.docker_engine import IMAGE, DockerEngine
from tests.integration.agent_actions.hub_side import HubSide
from tests.integration.agent_containers.watching import ENGINE_S, asked, done, hub_watching

COUNTS = ("sh", "-c", "echo begin; for i in $(seq 1 50); do echo line $i; done; while :; do sleep 0.1; done")


async def _run(engine: DockerEngine, name: str, script: str, *options: str) -> None:
    await asyncio.to_thread(engine.run, name, "sh", "-c", script, options=options)


async def _ended(engine: DockerEngine, name: str, script: str, *options: str) -> None:
    await _run(engine, name, script, *options)
    await asyncio.to_thread(engine.docker, "wait", name)


async def _docker_logs(engine: DockerEngine, name: str) -> list[str]:
    return (await asyncio.to_thread(engine.docker, "logs", name)).splitlines()


def _follow(hub: HubSide, stream_id: str = "s", window: int = 0, **source: object) -> None:
    hub.say(StreamOpen(stream_id=stream_id, source=LogSource(**source), window=window))  # type: ignore[arg-type]


async def _closed(hub: HubSide, stream_id: str = "s") -> StreamClose:
    found = await eventually(lambda: hub.of(StreamClose, stream_id=stream_id), deadline_s=ENGINE_S)
    return found[0]


async def test_the_last_lines_come_with_time_and_stream(docker_engine: DockerEngine) -> None:
    await _ended(docker_engine, "web", "echo one; sleep 0.2; echo two >&2; sleep 0.2; echo three")
    async with hub_watching(docker_engine.host) as hub:
        told = await done(hub, "logs", "web", tail=2)
        assert [(each["stream"], each["line"]) for each in told["lines"]] == [
            ("stderr", "two"),
            ("stdout", "three"),
        ]
        assert told["truncated"] is False
        # From the time of a line on, that line included; and up to a moment.
        later = await done(hub, "logs", "web", since=told["lines"][1]["ts"])
        earlier = await done(hub, "logs", "web", until=told["lines"][0]["ts"])
        assert [each["line"] for each in later["lines"]] == ["three"]
        assert [each["line"] for each in earlier["lines"]] == ["one"]
        assert (await asked(hub, "logs", "web", since="yesterday")).code == "bad_request"


@pytest.mark.parametrize("options", [(), ("--tty",)])
async def test_long_lines_and_odd_bytes_come_as_they_are(
    docker_engine: DockerEngine, options: tuple[str, ...]
) -> None:
    script = (
        r"""head -c 40000 /dev/zero | tr '\0' a; echo; printf 'x\033[31m\001y\n'; printf 'caf\303\251\n'"""
    )
    await _ended(docker_engine, "web", script.replace("tr", "busybox tr"), *options)
    async with hub_watching(docker_engine.host) as hub:
        told = await done(hub, "logs", "web")
    assert [each["line"] for each in told["lines"]] == ["a" * 40000, "x\x1b[31m\x01y", "café"]


async def test_a_line_without_end_is_cut(docker_engine: DockerEngine) -> None:
    await _ended(docker_engine, "web", "head -c 300000 /dev/zero | busybox tr '\\0' a; echo; echo next")
    async with hub_watching(docker_engine.host) as hub:
        told = await done(hub, "logs", "web")
    assert [each["line"] for each in told["lines"]] == ["a" * LONGEST_LINE + CUT_MARK, "next"]


async def test_an_answer_holds_what_fits_into_a_frame_and_says_so(docker_engine: DockerEngine) -> None:
    script = f"seq 1 1000 | while read i; do echo $i {'x' * 1000}; done"
    await _ended(docker_engine, "web", script)
    async with hub_watching(docker_engine.host) as hub:
        told = await done(hub, "logs", "web", tail=10000)
    assert told["truncated"] is True
    assert told["lines"][-1]["line"].startswith("1000 x")


async def test_all_lines_of_a_long_log_come_in_their_order(docker_engine: DockerEngine) -> None:
    await _ended(docker_engine, "web", "seq 1 20000")
    async with hub_watching(docker_engine.host) as hub:
        _follow(hub, container="web", tail=10000, follow=False)
        await _closed(hub)
        assert [str(number) for number in range(10001, 20001)] == hub.lines("s")


@pytest.mark.parametrize("options", [(), ("--tty",)])
async def test_a_log_is_followed_through_a_restart_without_holes(
    docker_engine: DockerEngine, options: tuple[str, ...]
) -> None:
    await asyncio.to_thread(docker_engine.run, "web", *COUNTS, options=options)
    async with hub_watching(docker_engine.host) as hub:
        _follow(hub, container="web", tail=1000)
        await eventually(lambda: "line 50" in hub.lines("s"), deadline_s=ENGINE_S)
        await asyncio.to_thread(docker_engine.docker, "restart", "--time", "0", "web")
        await eventually(lambda: hub.lines("s").count("line 50") == 2, deadline_s=ENGINE_S)
        assert await _docker_logs(docker_engine, "web") == hub.lines("s")
        assert not hub.of(StreamClose)


@pytest.mark.parametrize("tail", [0, 5])
async def test_a_log_without_a_line_so_far_begins_with_the_first_after_a_restart(
    docker_engine: DockerEngine, tail: int
) -> None:
    old = "[ -f /begun ] || echo old; " if tail == 0 else ""
    script = f"{old}[ -f /begun ] && seq 1 50; echo > /begun; echo > /ready; sleep 1000"
    await _run(docker_engine, "web", script, "--health-cmd", "test -f /ready", "--health-interval", "1s")
    async with hub_watching(docker_engine.host) as hub:
        await eventually(lambda: _health(hub, "web") == "healthy", deadline_s=ENGINE_S)
        _follow(hub, container="web", tail=tail)
        await eventually(_log_threads, deadline_s=ENGINE_S)
        await asyncio.to_thread(docker_engine.docker, "kill", "web")
        # Its log has been read to the end, with nothing in it that was asked for.
        await eventually(lambda: not _log_threads(), deadline_s=ENGINE_S)
        await asyncio.to_thread(docker_engine.docker, "start", "web")
        await eventually(lambda: "50" in hub.lines("s"), deadline_s=ENGINE_S)
        assert hub.lines("s") == [str(number) for number in range(1, 51)]


async def test_a_container_that_has_not_begun_is_waited_for(docker_engine: DockerEngine) -> None:
    await asyncio.to_thread(
        docker_engine.docker, "create", "--name", "web", "--network", "none", IMAGE, *COUNTS
    )
    async with hub_watching(docker_engine.host) as hub:
        _follow(hub, container="web")
        await asyncio.to_thread(docker_engine.docker, "start", "web")
        await eventually(lambda: "line 50" in hub.lines("s"), deadline_s=ENGINE_S)


async def test_a_container_that_is_removed_ends_its_log(docker_engine: DockerEngine) -> None:
    await asyncio.to_thread(docker_engine.run, "web", *COUNTS)
    async with hub_watching(docker_engine.host) as hub:
        _follow(hub, container="web")
        await eventually(lambda: hub.of(StreamData), deadline_s=ENGINE_S)
        await asyncio.to_thread(docker_engine.docker, "rm", "--force", "web")
        closing = await _closed(hub)
    assert (closing.reason, closing.code) == ("the container was removed", None)


async def test_a_hub_that_takes_no_lines_stops_the_reading_and_loses_none(
    docker_engine: DockerEngine,
) -> None:
    await _ended(docker_engine, "web", "seq 1 100000")
    async with hub_watching(docker_engine.host) as hub:
        hub.reading.clear()
        _follow(hub, container="web", tail=10000)
        await done_reading(hub)
        hub.reading.set()
        await eventually(lambda: "100000" in hub.lines("s"), deadline_s=ENGINE_S)
        assert [str(number) for number in range(90001, 100001)] == hub.lines("s")


async def done_reading(hub: HubSide) -> None:
    """Let the agent read as much as it will while nobody takes anything."""
    watch = hub.watch
    assert watch is not None
    await watch.engine.call(lambda api: api.version())


async def test_what_cannot_be_followed_says_why(docker_engine: DockerEngine) -> None:
    await _ended(docker_engine, "mute", "echo x", "--log-driver", "none")
    async with hub_watching(docker_engine.host) as hub:
        cases = {"mute": "unavailable", "nobody": "not_found", "../x": "invalid_request"}
        for container in cases:
            _follow(hub, container, container=container)
        assert cases == {each: (await _closed(hub, each)).code for each in cases}
        _follow(hub, "since", container="mute", since="soon")
        assert (await _closed(hub, "since")).code == "invalid_request"


async def test_logs_need_logs_or_docker(docker_engine: DockerEngine) -> None:
    await _ended(docker_engine, "web", "echo x")
    async with hub_watching(docker_engine.host, Policy(frozenset({"commands"}), (Path("/var/log"),))) as hub:
        _follow(hub, container="web")
        assert (await _closed(hub)).code == "not_allowed"
    async with hub_watching(docker_engine.host, Policy(frozenset({"docker"}), (Path("/var/log"),))) as hub:
        _follow(hub, container="web", follow=False)
        assert (await _closed(hub)).code is None
        assert hub.lines("s") == ["x"]
        # Files of the machine are another matter.
        _follow(hub, "f", path="/var/log/x")
        assert (await _closed(hub, "f")).code == "not_allowed"


async def test_streams_leave_no_thread_and_no_descriptor(docker_engine: DockerEngine) -> None:
    """The check for threads is that of every test; descriptors are counted here."""
    await asyncio.to_thread(docker_engine.run, "web", *COUNTS)
    async with hub_watching(docker_engine.host) as hub:
        await done(hub, "logs", "web")
        before = _open_files()
        for number in range(40):
            stream_id = f"s{number}"
            _follow(hub, stream_id, container="web")
            await eventually(partial(hub.lines, stream_id), deadline_s=ENGINE_S)
            hub.say(StreamClose(stream_id=stream_id))
            await _closed(hub, stream_id)
        # Eight threads keep a connection each; forty streams keep none.
        await eventually(lambda: _open_files() <= before + 8, deadline_s=ENGINE_S)


def _health(hub: HubSide, name: str) -> str | None:
    found = hub.watch.inventory.find(name) if hub.watch is not None else None
    return None if found is None else found.facts.health


def _log_threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("engine-log-")]


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - what is open is no folder
