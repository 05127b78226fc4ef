"""Runs of hub `b`, whose agent is at hub `a`, asked for at `a`; and at `b` when the agent is its own."""

import asyncio
from base64 import b64decode

import pytest

from chatops_wire.commands import WINDOW_BYTES
from tests.deadlines import eventually
from tests.integration.hub_commands.conftest import Stage, output, response
from tests.integration.hub_reach.conftest import Pair
from tests.integration.hub_reach.test_reached import CHUNK, followed, reached


@pytest.fixture(params=["b", "a"])
def owner(pair: Pair, request: pytest.FixtureRequest) -> Stage:
    """The hub that is asked to run something: with the agent elsewhere, or its own."""
    stage: Stage = getattr(pair, request.param)
    return stage


def other(pair: Pair, owner: Stage) -> Stage:
    return pair.a if owner is pair.b else pair.b


async def test_a_run_is_followed_at_the_other_hub(pair: Pair, owner: Stage) -> None:
    agent = await reached(pair)
    command_id = await owner.begin("uptime")
    order = await agent.until("command")
    await agent.send(output(order, 1, b"one "))
    client = await followed(other(pair, owner), command_id)
    assert (await client.until("command_output"))["seq"] == 1
    await agent.send(output(order, 2, b"two"))
    assert (await client.until("command_output"))["seq"] == 2
    await agent.send(response(order, "failed", exit_code=3, output_bytes=7))
    finished = await client.until("command_finished")
    assert (finished["status"], finished["exit_code"]) == ("failed", 3)
    assert (await other(pair, owner).shown(command_id))["output"] == "one two"


async def test_what_a_run_has_said_so_far_is_shown_at_the_other_hub(pair: Pair, owner: Stage) -> None:
    agent = await reached(pair)
    command_id = await owner.begin("uptime")
    order = await agent.until("command")
    await agent.send(output(order, 1, b"so far"))

    async def is_shown() -> bool:
        shown = await other(pair, owner).shown(command_id)
        return (shown["status"], shown["output"]) == ("running", "so far")

    await eventually(is_shown, what="the output so far")


async def test_long_output_is_followed_whole_and_in_order(pair: Pair, owner: Stage) -> None:
    agent = await reached(pair)
    command_id = await owner.begin("yes")
    order = await agent.until("command")
    client = await followed(other(pair, owner), command_id)
    count = 8 * WINDOW_BYTES // len(CHUNK)

    async def say() -> None:
        left = int(order["window"])
        for seq in range(1, count + 1):
            while left < len(CHUNK):
                left += int((await agent.until("command_credit"))["bytes"])
            await agent.send(output(order, seq, CHUNK))
            left -= len(CHUNK)
        await agent.send(response(order, output_bytes=count * len(CHUNK)))

    saying = asyncio.create_task(say())
    heard = [await client.until("command_output") for _ in range(count)]
    await saying
    assert [frame["seq"] for frame in heard] == list(range(1, count + 1))
    assert {b64decode(frame["data"]) for frame in heard} == {CHUNK}
    assert (await client.until("command_finished"))["status"] == "succeeded"


async def test_a_run_is_cancelled_at_the_other_hub(pair: Pair, owner: Stage) -> None:
    agent = await reached(pair)
    command_id = await owner.begin("sleep 60")
    order = await agent.until("command")
    asked = asyncio.create_task(other(pair, owner).ask("POST", f"/commands/{command_id}/cancel"))
    assert (await agent.until("command_cancel"))["command_id"] == command_id
    await agent.send(response(order, "cancelled"))
    answer = await asked
    assert (answer.status, answer.body["status"]) == (200, "cancelled")
    audit = (await owner.ask("GET", "/audit?limit=50")).body["items"]
    assert [entry["target"] for entry in audit if entry["action"] == "command.cancel"] == [command_id]


async def test_a_batch_over_agents_of_both_hubs_is_followed_and_cancelled_at_the_other(pair: Pair) -> None:
    far_id, far_key = await pair.a.server("web-2")
    here, there = await reached(pair), await pair.b.agent(far_key)
    body = {"server_ids": [pair.a.server_id, far_id], "command": "sleep 60", "timeout_s": 60}
    begun = await pair.b.ask("POST", "/commands/batch", body)
    assert begun.status == 202, begun
    batch_id = begun.body["batch_id"]
    orders = [await agent.until("command") for agent in (here, there)]
    listed = (await pair.a.ask("GET", f"/commands?batch_id={batch_id}")).body["items"]
    assert {item["command_id"] for item in listed} == {order["command_id"] for order in orders}
    asked = asyncio.create_task(pair.a.ask("POST", f"/commands/batch/{batch_id}/cancel"))
    for agent, order in zip((here, there), orders, strict=True):
        await agent.until("command_cancel")
        await agent.send(response(order, "cancelled"))
    assert (await asked).status == 200

    async def is_over() -> bool:
        items = (await pair.a.ask("GET", f"/commands?batch_id={batch_id}")).body["items"]
        return {item["status"] for item in items} == {"cancelled"}

    await eventually(is_over, what="all cancelled")
