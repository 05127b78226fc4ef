"""Agents at hub `a`, users at hub `b`: commands, terminals, log follows and engines as if at one hub."""

import asyncio
from base64 import b64encode
from typing import Any

import pytest

from chatops_wire.commands import WINDOW_BYTES
from tests.deadlines import eventually
from tests.integration.hub_commands.conftest import Stage, output, response
from tests.integration.hub_reach.conftest import Pair
from tests.live_peers import Peer

CHUNK = b"x" * 32 * 1024
SYSLOG = {"path": "/var/log/syslog"}


async def online(stage: Stage, wanted: str = "online") -> None:
    async def is_so() -> bool:
        return bool((await stage.ask("GET", f"/servers/{stage.server_id}")).body["status"] == wanted)

    await eventually(is_so, what=wanted)


async def reached(pair: Pair) -> Peer:
    """Return an agent at `a` that `b` knows of."""
    agent = await pair.a.agent()
    await online(pair.b)
    return agent


async def followed(stage: Stage, command_id: str) -> Peer:
    client = await stage.client()
    answer = await client.request(type="subscribe", topic="command", command_id=command_id)
    assert answer["type"] == "result", answer
    return client


async def opened(stage: Stage, agent: Peer, client: Peer, **more: object) -> str:
    asked = asyncio.create_task(
        client.request(type="terminal_open", server_id=stage.server_id, cols=80, rows=24, **more)
    )
    order = await agent.until("terminal_open")
    await agent.send({"type": "terminal_opened", "terminal_id": order["terminal_id"]})
    assert (await asked)["terminal_id"] == order["terminal_id"]
    return str(order["terminal_id"])


def data(terminal_id: str, text: bytes) -> dict[str, Any]:
    return {"type": "terminal_data", "terminal_id": terminal_id, "data": b64encode(text).decode()}


async def test_a_command_runs_at_the_other_hub_with_its_output_as_it_comes(pair: Pair) -> None:
    agent = await reached(pair)
    command_id = await pair.b.begin("uptime")
    order = await agent.until("command")
    assert (order["command_id"], order["command"]) == (command_id, "uptime")
    client = await followed(pair.b, command_id)
    await agent.send(output(order, 1, b"one "))
    assert (await client.until("command_output"))["seq"] == 1
    await agent.send(output(order, 2, b"two"), response(order, output_bytes=7))
    assert (await client.until("command_output"))["seq"] == 2
    assert (await client.until("command_finished"))["status"] == "succeeded"
    assert (await agent.until("command_forget"))["command_id"] == command_id
    for hub in (pair.a, pair.b):
        assert (await hub.shown(command_id))["output"] == "one two"


async def test_output_is_let_through_only_as_fast_as_credit_says(pair: Pair) -> None:
    """64 windows in order, none dropped: credit goes all the way back."""
    agent = await reached(pair)
    command_id = await pair.b.begin("yes")
    order = await agent.until("command")
    left, seq, sent = int(order["window"]), 0, 0
    while sent < 16 * WINDOW_BYTES:
        while left < len(CHUNK):
            left += int((await agent.until("command_credit"))["bytes"])
        seq += 1
        await agent.send(output(order, seq, CHUNK))
        left -= len(CHUNK)
        sent += len(CHUNK)
    await agent.send(response(order, output_bytes=sent))
    ended = await pair.b.ended(command_id)
    assert (ended["status"], ended["output_bytes"], ended["truncated"]) == ("succeeded", sent, False)
    assert len(ended["output"]) == sent


async def test_a_command_is_cancelled_through_the_other_hub(pair: Pair) -> None:
    agent = await reached(pair)
    command_id = await pair.b.begin("sleep 60")
    order = await agent.until("command")
    cancelling = asyncio.create_task(pair.b.ask("POST", f"/commands/{command_id}/cancel"))
    assert (await agent.until("command_cancel"))["command_id"] == command_id
    await agent.send(response(order, "cancelled"))
    answer = await cancelling
    assert (answer.status, answer.body["status"]) == (200, "cancelled")


async def test_a_terminal_is_typed_into_through_the_other_hub(pair: Pair) -> None:
    agent, client = await reached(pair), await pair.b.client()
    terminal_id = await opened(pair.b, agent, client)
    keys = [data(terminal_id, str(number).encode()) for number in range(50)]
    await client.send(*keys)
    assert [await agent.until("terminal_data") for _ in keys] == keys
    for key in keys:
        await agent.send(key)
    assert [await client.until("terminal_data") for _ in keys] == keys
    resize = {"type": "terminal_resize", "terminal_id": terminal_id, "cols": 132, "rows": 50}
    await client.send(resize)
    assert await agent.until("terminal_resize") == resize
    await client.request(type="terminal_close", terminal_id=terminal_id)
    assert (await agent.until("terminal_close"))["terminal_id"] == terminal_id


async def test_a_terminal_is_taken_over_from_one_hub_to_the_other_and_back(pair: Pair) -> None:
    agent, far, near = await reached(pair), await pair.b.client(), await pair.a.client()
    terminal_id = await opened(pair.b, agent, far)
    for stage, taker, former in ((pair.a, near, far), (pair.b, far, near)):
        asked = asyncio.create_task(
            taker.request(
                type="terminal_attach", server_id=stage.server_id, terminal_id=terminal_id, cols=80, rows=24
            )
        )
        order = await agent.until("terminal_open")
        assert (order["terminal_id"], order["attach"]) == (terminal_id, True)
        await agent.send({"type": "terminal_opened", "terminal_id": terminal_id})
        assert (await asked)["type"] == "result"
        told = await former.until("terminal_close")
        assert (told["code"], told["reason"]) == ("replaced", "attached elsewhere")
        await agent.send(data(terminal_id, b"here"))
        assert await taker.until("terminal_data") == data(terminal_id, b"here")


async def test_a_log_is_followed_through_the_other_hub(pair: Pair) -> None:
    agent, client = await reached(pair), await pair.b.client()
    asked = {"topic": "logs", "server_id": pair.b.server_id, "source": SYSLOG}
    assert (await client.request(type="subscribe", **asked))["type"] == "result"
    order = await agent.until("stream_open")
    lines = [{"ts": None, "stream": "stdout", "line": "x"}] * (order["window"] // 2)
    await agent.send({"type": "stream_data", "stream_id": order["stream_id"], "lines": lines})
    assert len((await client.until("log_lines"))["lines"]) == len(lines)
    assert (await agent.until("stream_credit"))["lines"] == len(lines)
    await client.request(type="unsubscribe", **asked)
    assert (await agent.until("stream_close"))["stream_id"] == order["stream_id"]


async def test_an_engine_is_asked_through_the_other_hub(pair: Pair) -> None:
    agent = await reached(pair)
    container = {"id": "a" * 64, "name": "web", "image": "nginx", "state": "running", "status": "Up"}
    path = f"/docker/containers/{'a' * 64}/restart?server_id={pair.b.server_id}"
    asked = asyncio.create_task(pair.b.ask("POST", path, {}))
    order = await agent.until("docker_command")
    assert order["action"] == "restart"
    await agent.send(
        {
            "type": "docker_response",
            "command_id": order["command_id"],
            "success": True,
            "message": "",
            "data": {"container": container},
        }
    )
    answer = await asked
    assert (answer.status, answer.body["container"]["name"]) == (200, "web")


async def test_what_the_agent_refuses_is_refused_at_the_other_hub(pair: Pair) -> None:
    agent = await reached(pair)
    asked = asyncio.create_task(pair.b.run("reboot"))
    order = await agent.until("command")
    await agent.send(response(order, "refused", code="not_allowed", message="only metrics here"))
    answer = await asked
    assert (answer.status, answer.body["code"]) == (403, "not_allowed")


@pytest.mark.parametrize("hub", ["a", "b"])
async def test_an_agent_nobody_holds_is_offline_at_once(pair: Pair, hub: str) -> None:
    answer = await getattr(pair, hub).run("uptime")
    assert (answer.status, answer.body["code"]) == (503, "agent_offline")
