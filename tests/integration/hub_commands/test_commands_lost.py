"""Runs whose agent or hub goes away: picked up again with nothing missing, or lost."""

import asyncio
from base64 import b64decode
from pathlib import Path

from chatops_wire.commands import CHUNK_BYTES
from tests.deadlines import eventually
from tests.integration.hub_commands.conftest import IMPATIENT, Stage, open_stage, output, response
from tests.live_peers import Peer


async def status_of(stage: Stage, command_id: str) -> str:
    return str((await stage.shown(command_id))["status"])


async def received(stage: Stage, command_id: str, count: int) -> None:
    """Wait until so many bytes of output are known."""

    async def known() -> bool:
        return bool((await stage.shown(command_id))["output_bytes"] == count)

    await eventually(known)


async def read_all(client: Peer) -> tuple[list[int], bytes, str]:
    seqs: list[int] = []
    data = b""
    while True:
        frame = await client.next()
        if frame["type"] == "command_finished":
            return seqs, data, frame["status"]
        seqs.append(frame["seq"])
        data += b64decode(frame["data"])


async def test_a_run_outlives_a_lost_connection_and_nothing_is_missing(stage: Stage) -> None:
    agent = await stage.agent()
    asked = asyncio.create_task(stage.run("make"))
    command = await agent.until("command")
    follower = await stage.client()
    await follower.request(type="subscribe", topic="command", command_id=command["command_id"])
    await agent.send(output(command, 1, b"one "), output(command, 2, b"two "))
    await received(stage, command["command_id"], 8)
    await agent.vanish()
    again = await stage.agent()
    attach = await again.until("command_attach")
    assert attach == {"type": "command_attach", "command_id": command["command_id"], "after_seq": 2}
    # One chunk was on its way when the connection broke and is sent once more.
    await again.send(output(command, 2, b"two "), output(command, 3, b"three"), response(command))
    assert await read_all(follower) == ([1, 2, 3], b"one two three", "succeeded")
    answer = await asked
    assert (answer.status, answer.body["output"], answer.body["truncated"]) == (200, "one two three", False)


async def test_a_newer_connection_takes_the_run_over(stage: Stage) -> None:
    agent = await stage.agent()
    command_id = await stage.begin()
    command = await agent.until("command")
    newer = await stage.agent()
    assert (await newer.until("command_attach"))["after_seq"] == 0
    await newer.send(output(command, 1, b"x"), response(command))
    assert (await stage.ended(command_id))["output"] == "x"


async def test_an_agent_that_knows_nothing_of_it_says_so(stage: Stage) -> None:
    """Killed and started again, while somebody waits."""
    agent = await stage.agent()
    asked = asyncio.create_task(stage.run("sleep 100"))
    command = await agent.until("command")
    await agent.send(output(command, 1, b"half"))
    await received(stage, command["command_id"], 4)
    await agent.vanish()
    again = await stage.agent()
    attach = await again.until("command_attach")
    await again.send(response(attach, "lost", code="not_found", message="no such", duration_ms=0))
    answer = await asked
    assert (answer.status, answer.body["status"], answer.body["output"]) == (200, "lost", "half")
    assert answer.body["exit_code"] is None
    assert answer.body["duration_ms"] > 0, "the agent has forgotten how long it ran, the hub has not"


async def test_an_agent_that_stays_away_loses_it(impatient: Stage) -> None:
    agent = await impatient.agent()
    asked = asyncio.create_task(impatient.run("sleep 100"))
    command = await agent.until("command")
    await agent.vanish()
    answer = await asked
    assert (answer.status, answer.body["status"], answer.body["code"]) == (200, "lost", "agent_offline")
    audit = (await impatient.ask("GET", "/audit")).body["items"]
    assert [(row["action"], row["result"]) for row in audit[:2]] == [
        ("command.finished", "lost"),
        ("command.run", "sent"),
    ]
    # It comes back after all, with the result: what is known is put right.
    again = await impatient.agent()
    assert (await again.until("command_attach"))["after_seq"] == 0
    await again.send(output(command, 1, b"late"), response(command))

    async def is_put_right() -> bool:
        return await status_of(impatient, command["command_id"]) == "succeeded"

    await eventually(is_put_right)
    assert (await impatient.shown(command["command_id"]))["output"] == "late"
    await again.until("command_forget")


async def test_what_was_given_up_stays_lost_when_the_agent_knows_nothing(impatient: Stage) -> None:
    agent = await impatient.agent()
    asked = asyncio.create_task(impatient.run("sleep 100"))
    await agent.until("command")
    await agent.vanish()
    command_id = (await asked).body["command_id"]
    again = await impatient.agent()
    await again.send(response(await again.until("command_attach"), "lost"))
    later = await impatient.begin("uptime")
    await again.send(response(await again.until("command")))
    assert (await impatient.ended(later))["status"] == "succeeded"
    assert await status_of(impatient, command_id) == "lost"
    audit = (await impatient.ask("GET", "/audit")).body["items"]
    assert len([row for row in audit if row["target"] == command_id]) == 2


async def test_cancelling_reaches_the_agent_when_it_is_back(stage: Stage) -> None:
    agent = await stage.agent()
    command_id = await stage.begin("sleep 100")
    command = await agent.until("command")
    await agent.vanish()
    asked = asyncio.create_task(stage.ask("POST", f"/commands/{command_id}/cancel", {"force": True}))
    assert (await asked).body["status"] == "running"
    again = await stage.agent()
    await again.until("command_attach")
    assert (await again.until("command_cancel"))["force"] is True
    await again.send(response(command, "cancelled", signal=9))
    assert (await stage.ended(command_id))["status"] == "cancelled"


async def test_a_run_goes_on_over_a_restart_of_the_hub(tmp_path: Path) -> None:
    """A megabyte and a bit: part of it in the database, part still in memory when the hub stops."""
    async with open_stage(tmp_path) as stage:
        stage.server_id, stage.key = await stage.server("web-1")
        agent = await stage.agent()
        command_id = await stage.begin("make", max_output=2**30)
        command = await agent.until("command")
        for seq in range(1, 38):
            await agent.send(output(command, seq, bytes([seq]) * CHUNK_BYTES))
        await received(stage, command_id, 37 * CHUNK_BYTES)
        key = stage.key
    async with open_stage(tmp_path) as stage:
        assert await status_of(stage, command_id) == "running"
        follower = await stage.client()
        await follower.request(type="subscribe", topic="command", command_id=command_id)
        agent = await stage.agent(key)
        assert (await agent.until("command_attach"))["after_seq"] == 37
        await agent.send(output(command, 38, b"end"), response(command))
        seqs, data, status = await read_all(follower)
        assert (seqs, status) == (list(range(1, 39)), "succeeded")
        assert data == b"".join(bytes([seq]) * CHUNK_BYTES for seq in range(1, 38)) + b"end"
        shown = await stage.shown(command_id)
        assert (shown["status"], shown["truncated"]) == ("succeeded", False)


async def test_after_a_restart_an_agent_that_stays_away_loses_it(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        stage.server_id, stage.key = await stage.server("web-1")
        agent = await stage.agent()
        command_id = await stage.begin("make")
        await agent.until("command")
    async with open_stage(tmp_path, patience=IMPATIENT) as stage:

        async def is_lost() -> bool:
            return await status_of(stage, command_id) == "lost"

        await eventually(is_lost)
