"""The topic `command`: all output so far, then live, each chunk once; however slow the reader."""

import asyncio
from base64 import b64decode
from itertools import pairwise
from typing import Any

from chatops_wire.commands import CHUNK_BYTES, WINDOW_BYTES
from tests.deadlines import eventually
from tests.integration.hub_commands.conftest import Stage, output, response
from tests.live_peers import Peer


async def followed(stage: Stage, command_id: str) -> Peer:
    client = await stage.client()
    answer = await client.request(type="subscribe", topic="command", command_id=command_id)
    assert answer["type"] == "result", answer
    return client


async def all_of(client: Peer) -> tuple[list[int], bytes, dict[str, Any]]:
    """Return sequences and data of all that comes, and the end."""
    seqs: list[int] = []
    data: list[bytes] = []
    while True:
        frame = await client.next()
        if frame["type"] == "command_finished":
            return seqs, b"".join(data), frame
        assert frame["type"] == "command_output", frame
        seqs.append(frame["seq"])
        data.append(b64decode(frame["data"]))


async def test_what_came_before_comes_first_and_then_what_comes(stage: Stage) -> None:
    agent = await stage.agent()
    command_id = await stage.begin()
    command = await agent.until("command")
    await agent.send(output(command, 1, b"one "), output(command, 2, b"two ", "stderr"))
    early = await followed(stage, command_id)
    assert [(await early.next())["seq"], (await early.next())["seq"]] == [1, 2]
    await agent.send(output(command, 3, b"three"))
    live = await early.next()
    assert live == {
        "type": "command_output",
        "command_id": command_id,
        "seq": 3,
        "stream": "stdout",
        "data": "dGhyZWU=",
    }
    late = await followed(stage, command_id)
    await agent.send(response(command, "failed", exit_code=2, output_bytes=13))
    assert (await all_of(early))[2] == {
        "type": "command_finished",
        "command_id": command_id,
        "status": "failed",
        "exit_code": 2,
        "signal": None,
        "output_bytes": 13,
        "truncated": False,
        "duration_ms": 12,
        "code": None,
        "message": "",
    }
    assert (await all_of(late))[:2] == ([1, 2, 3], b"one two three")
    afterwards = await followed(stage, command_id)
    assert (await all_of(afterwards))[:2] == ([1, 2, 3], b"one two three")


async def test_a_chunk_that_comes_twice_is_told_once(stage: Stage) -> None:
    agent = await stage.agent()
    command_id = await stage.begin()
    command = await agent.until("command")
    await agent.send(output(command, 1, b"a"), output(command, 1, b"a"), output(command, 2, b"b"))
    await agent.send(output(command, 1, b"a"), response(command))
    assert (await all_of(await followed(stage, command_id)))[:2] == ([1, 2], b"ab")


async def test_subscribing_twice_changes_nothing_and_unsubscribing_ends_it(stage: Stage) -> None:
    agent = await stage.agent()
    command_id = await stage.begin()
    command = await agent.until("command")
    client = await followed(stage, command_id)
    await agent.send(output(command, 1, b"a"))
    await client.until("command_output")
    again = await client.request(type="subscribe", topic="command", command_id=command_id)
    assert again["type"] == "result"
    ended = await client.request(type="unsubscribe", topic="command", command_id=command_id)
    assert ended["type"] == "result"
    await agent.send(output(command, 2, b"b"))
    await client.send({"type": "ping", "id": 1})
    assert (await client.next())["type"] == "pong"


async def test_whoever_loses_sight_of_the_server_is_told_no_more(stage: Stage) -> None:
    agent = await stage.agent()
    command_id = await stage.begin()
    command = await agent.until("command")
    token = await stage.user("guest", "viewer", "viewer")
    client = await stage.client(token)
    await client.request(type="subscribe", topic="command", command_id=command_id)
    assert (await stage.ask("DELETE", f"/servers/{stage.server_id}/grants/guest")).status == 204
    await agent.send(output(command, 1, b"secret"))
    ended = await client.next()
    assert (ended["type"], ended["code"], ended["command_id"]) == (
        "subscription_ended",
        "not_found",
        command_id,
    )


async def test_credit_is_given_as_output_is_taken(stage: Stage) -> None:
    agent = await stage.agent()
    command_id = await stage.begin()
    command = await agent.until("command")
    assert command["window"] == WINDOW_BYTES
    chunk = b"x" * CHUNK_BYTES
    granted, sent, seq = command["window"], 0, 0
    while sent < 4 * 1024 * 1024:
        while sent + len(chunk) <= granted:
            seq += 1
            sent += len(chunk)
            await agent.send(output(command, seq, chunk))
        credit = await agent.until("command_credit")
        granted += credit["bytes"]
        assert credit["through_seq"] <= seq
    await agent.send(response(command, output_bytes=sent))
    shown = await stage.ended(command_id)
    assert (shown["output_bytes"], shown["truncated"]) == (sent, False)
    assert shown["output"] == "x" * sent


async def test_a_slow_follower_misses_nothing_and_holds_nobody_up(stage: Stage) -> None:
    """It reads nothing while 12 MiB pass, more than any buffer on its way holds."""
    agent = await stage.agent()
    command_id = await stage.begin(max_output=2**30)
    command = await agent.until("command")
    slow, quick = await followed(stage, command_id), await followed(stage, command_id)
    quick_read = asyncio.create_task(all_of(quick))
    chunk, count = bytes(range(256)) * (CHUNK_BYTES // 256), 12 * 1024 * 1024 // CHUNK_BYTES
    sending = asyncio.create_task(flood(agent, command, chunk, count))
    await sending
    seqs, data, _ = await quick_read
    assert (seqs, len(data)) == (list(range(1, count + 1)), count * CHUNK_BYTES)
    seqs, data, _ = await all_of(slow)
    assert (seqs, data == chunk * count) == (list(range(1, count + 1)), True)


async def test_of_a_long_output_head_and_tail_are_kept(stage: Stage) -> None:
    agent = await stage.agent()
    command_id = await stage.begin(max_output=2**30)
    command = await agent.until("command")
    assert command["max_output"] == 2**30
    count = 40 * 1024 * 1024 // CHUNK_BYTES
    for seq in range(1, count + 1):
        await agent.send(output(command, seq, seq.to_bytes(4) * (CHUNK_BYTES // 4)))
    await agent.send(response(command, output_bytes=count * CHUNK_BYTES))
    shown = await stage.ended(command_id)
    assert (shown["output_bytes"], shown["truncated"]) == (count * CHUNK_BYTES, True)
    raw = (await stage.ask("GET", f"/commands/{command_id}/output")).body
    kept = [int.from_bytes(raw[at : at + 4]) for at in range(0, len(raw), CHUNK_BYTES)]
    assert 15 * 1024 * 1024 < len(raw) <= 16 * 1024 * 1024
    assert kept[0] == 1
    assert kept[-1] == count
    [(before, after)] = [pair for pair in pairwise(kept) if pair[1] != pair[0] + 1]
    assert before * CHUNK_BYTES <= 8 * 1024 * 1024
    assert (count - after + 1) * CHUNK_BYTES <= 9 * 1024 * 1024
    spool = stage.folder / "spool"
    await eventually(lambda: not list(spool.iterdir()), what="the spool is empty again")


async def flood(agent: Peer, command: dict[str, Any], chunk: bytes, count: int) -> None:
    """Send that many chunks as credit allows, and the end."""
    left, seq = command["window"], 0
    while seq < count:
        while left >= len(chunk) and seq < count:
            seq += 1
            left -= len(chunk)
            await agent.send(output(command, seq, chunk))
        if seq < count:
            left += (await agent.until("command_credit"))["bytes"]
    await agent.send(response(command, output_bytes=count * len(chunk)))
