"""What goes to an agent beside the command: its input, and until when it may begin."""

import asyncio
from base64 import b64decode, b64encode
from typing import Final

import pytest

from chatops_wire.times import format_ms, parse_ms
from tests.deadlines import eventually
from tests.integration.hub_commands.conftest import Stage, response
from tests.live_peers import batch, metrics

HOUR_MS: Final = 3_600_000
BEGIN_WITHIN_MS: Final = 30_000


async def test_input_may_be_any_bytes_and_half_a_megabyte(stage: Stage) -> None:
    agent = await stage.agent()
    given = bytes(range(256)) * 2048
    asked = asyncio.create_task(stage.run("wc -c", stdin_data=b64encode(given).decode()))
    command = await agent.until("command")
    assert b64decode(command["stdin_data"]) == given
    await agent.send(response(command))
    assert (await asked).status == 200
    audit = await stage.ask("GET", "/audit")
    ordered = next(item for item in audit.body["items"] if item["action"] == "command.run")
    assert ordered["data"]["stdin_bytes"] == len(given)


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"stdin": "a", "stdin_data": "YQ=="}, "stdin_data"),
        ({"stdin_data": "no base64!"}, "stdin_data"),
        ({"stdin_data": b64encode(bytes(512 * 1024 + 1)).decode()}, "stdin"),
    ],
)
async def test_input_that_cannot_be_given_is_told_by_its_field(
    stage: Stage, more: dict[str, str], named: str
) -> None:
    answer = await stage.run("cat", **more)
    assert (answer.status, answer.body["code"]) == (400, "invalid_request")
    assert named in answer.body["detail"]


async def test_other_bodies_stay_small(stage: Stage) -> None:
    answer = await stage.ask("POST", "/servers", {"name": "x" * 300_000})
    assert (answer.status, answer.body["code"]) == (413, "too_large")


@pytest.mark.parametrize("ahead_ms", [HOUR_MS, -HOUR_MS])
async def test_a_command_is_not_to_begin_late_by_the_agent_s_own_clock(stage: Stage, ahead_ms: int) -> None:
    agent = await stage.agent()
    before = _now_ms(stage)
    await agent.send(metrics(1, timestamp=format_ms(before + ahead_ms)))
    await _has_sample(stage)
    await stage.begin("uptime")
    not_after = parse_ms((await agent.until("command"))["not_after"]) - ahead_ms - BEGIN_WITHIN_MS
    assert before - 1000 <= not_after <= _now_ms(stage)


async def test_a_sample_that_had_to_wait_makes_no_command_come_too_late(stage: Stage) -> None:
    agent = await stage.agent()
    before = _now_ms(stage)
    await agent.send(
        metrics(1, timestamp=format_ms(before)), metrics(2, timestamp=format_ms(before - HOUR_MS))
    )
    await agent.until("ack")
    await _has_sample(stage, 2)
    await stage.begin("uptime")
    not_after = parse_ms((await agent.until("command"))["not_after"]) - BEGIN_WITHIN_MS
    assert before - 1000 <= not_after <= _now_ms(stage)


async def test_a_backlog_tells_nothing_of_the_clock(stage: Stage) -> None:
    agent = await stage.agent()
    await agent.send({**batch(1), "type": "metrics_batch"})
    await agent.until("ack")
    await stage.begin("uptime")
    assert "not_after" not in await agent.until("command")


async def _has_sample(stage: Stage, seq: int = 1) -> None:
    async def is_there() -> bool:
        return bool((await stage.ask("GET", f"/metrics/{stage.server_id}")).body.get("seq") == seq)

    await eventually(is_there)


def _now_ms(stage: Stage) -> int:
    """The hub's clock is ours: it runs in this process."""
    return stage.running.hub.now_ms()
