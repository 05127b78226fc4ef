"""What goes on while agents move, hubs end or fall silent, and the bus is away."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chatops_server.bus.address import parsed
from tests.deadlines import eventually
from tests.integration.hub_commands.conftest import Stage, output, response
from tests.integration.hub_reach.conftest import SILENT, STRICT, Pair, Site, paired
from tests.integration.hub_reach.test_reached import data, followed, online, opened, reached
from tests.live_peers import Peer
from tests.nats_server import OwnNats, own_nats


async def goes_on(agent: Peer, order: dict[str, Any], *, after_seq: int, seq: int) -> None:
    """Let an agent that has come anew be attached to, say one chunk more, and end."""
    attach = await agent.until("command_attach")
    assert (attach["command_id"], attach["after_seq"]) == (order["command_id"], after_seq)
    await agent.send(output(order, seq, b"two"), response(order, output_bytes=7))
    assert (await agent.until("command_forget"))["command_id"] == order["command_id"]


@pytest.mark.parametrize("owner", ["a", "b"])
async def test_a_command_goes_on_when_its_agent_moves_to_the_other_hub(pair: Pair, owner: str) -> None:
    stage: Stage = getattr(pair, owner)
    agent = await reached(pair)
    command_id = await stage.begin("uptime")
    order = await agent.until("command")
    client = await followed(stage, command_id)
    await agent.send(output(order, 1, b"one "))
    await client.until("command_output")
    moved = await pair.b.agent()
    assert (await agent.ended()).code == 4409
    await goes_on(moved, order, after_seq=1, seq=2)
    assert (await client.until("command_output"))["seq"] == 2
    assert (await client.until("command_finished"))["status"] == "succeeded"


async def test_a_result_is_kept_for_the_hub_that_waits_for_it(pair: Pair) -> None:
    """The hub where an agent comes with it does not have it forgotten before its owner has asked."""
    agent = await reached(pair)
    command_id = await pair.b.begin("uptime")
    order = await agent.until("command")
    moved = await pair.a.agent()
    await moved.send(response(order))
    attach = await moved.next()
    assert attach["type"] == "command_attach", attach
    await moved.send(response(order, output_bytes=0))
    assert (await pair.b.ended(command_id))["status"] == "succeeded"


async def test_a_run_of_a_hub_that_ends_goes_on_at_the_other(site: Site) -> None:
    async with site.hub("a") as a:
        a.server_id, a.key = await a.server("web-1")
        async with site.hub("b") as b:
            b.server_id = a.server_id
            agent = await a.agent()
            await online(b)
            command_id = await b.begin("uptime")
            order = await agent.until("command")
            await agent.send(output(order, 1, b"one "))
            client = await followed(b, command_id)
            await client.until("command_output")
        await goes_on(agent, order, after_seq=1, seq=2)
        ended = await a.ended(command_id)
        assert (ended["status"], ended["output"]) == ("succeeded", "one two")


async def test_a_run_of_a_hub_that_fell_silent_goes_on_at_the_other(site: Site) -> None:
    """And the silent one, which is not gone, lets go of it and follows it at the other."""
    async with paired(site, SILENT, STRICT) as pair:
        elsewhere = await pair.b.agent()
        await online(pair.a)
        command_id = await pair.a.begin("uptime")
        order = await elsewhere.until("command")
        client = await followed(pair.a, command_id)
        attach = await elsewhere.until("command_attach")
        assert attach["command_id"] == command_id
        neighbours = pair.a.running.neighbours
        assert neighbours is not None
        await neighbours.heartbeat.beat()
        await elsewhere.send(output(order, 1, b"one "), response(order, output_bytes=4))
        assert (await client.until("command_output"))["seq"] == 1
        assert (await client.until("command_finished"))["status"] == "succeeded"
        audit = (await pair.b.ask("GET", "/audit?limit=50")).body["items"]
        ends = [entry["result"] for entry in audit if entry["action"] == "command.finished"]
        assert ends == ["succeeded"]


async def test_a_terminal_of_a_hub_that_fell_silent_is_detached_and_taken_over(site: Site) -> None:
    async with paired(site, STRICT, SILENT) as pair:
        agent, former = await pair.a.agent(), await pair.b.client()
        await online(pair.b)
        terminal_id = await opened(pair.b, agent, former)
        left = await agent.until("terminal_detach")
        assert (left["terminal_id"], left["within_s"]) == (terminal_id, 60)
        told = await former.until("terminal_close")
        assert (told["terminal_id"], told["code"]) == (terminal_id, "agent_offline")
        client = await pair.a.client()
        asked = asyncio.create_task(
            client.request(
                type="terminal_attach",
                server_id=pair.a.server_id,
                terminal_id=terminal_id,
                cols=80,
                rows=24,
            )
        )
        assert (await agent.until("terminal_open"))["attach"] is True
        await agent.send({"type": "terminal_opened", "terminal_id": terminal_id})
        assert (await asked)["type"] == "result"
        await agent.send(data(terminal_id, b"$ "))
        assert await client.until("terminal_data") == data(terminal_id, b"$ ")


async def test_what_an_agent_that_leaves_was_asked_for_ends_at_the_other_hub(pair: Pair) -> None:
    agent, client = await reached(pair), await pair.b.client()
    terminal_id = await opened(pair.b, agent, client)
    path = f"/docker/containers/{'a' * 64}?server_id={pair.b.server_id}"
    asked = asyncio.create_task(pair.b.ask("GET", path))
    await agent.until("docker_command")
    await agent.vanish()
    told = await client.until("terminal_close")
    assert (told["terminal_id"], told["code"]) == (terminal_id, "agent_offline")
    answer = await asked
    assert (answer.status, answer.body["code"]) == (503, "agent_offline")


@pytest.fixture
async def breakable(site: Site) -> AsyncIterator[OwnNats]:
    """Let the site's hubs meet on a NATS that the test can stop."""
    manager = own_nats()
    nats = await asyncio.to_thread(manager.__enter__)
    site.bus = parsed(nats.url)
    yield nats
    await asyncio.to_thread(manager.__exit__, None, None, None)


async def test_without_the_bus_other_hubs_agents_are_offline_and_runs_go_on_after(
    site: Site, breakable: OwnNats
) -> None:
    async with paired(site) as pair:
        agent = await reached(pair)
        await eventually(lambda: pair.b.running.live.sessions.reachable(pair.b.server_id), what="a way there")
        command_id = await pair.b.begin("uptime")
        order = await agent.until("command")
        await asyncio.to_thread(breakable.stop)

        async def is_refused() -> bool:
            answer = await pair.b.run("uptime", wait=False)
            return (answer.status, answer.body.get("code")) == (503, "agent_offline")

        await eventually(is_refused, what="agent_offline at b")
        # Its own hub needs no bus.
        near = await pair.a.begin("uptime")
        own = await agent.until("command")
        while own["command_id"] != near:
            own = await agent.until("command")
        await agent.send(response(own))
        assert (await pair.a.ended(near))["status"] == "succeeded"
        await asyncio.to_thread(breakable.start)
        await goes_on(agent, order, after_seq=0, seq=1)
        assert (await pair.b.ended(command_id))["status"] == "succeeded"
