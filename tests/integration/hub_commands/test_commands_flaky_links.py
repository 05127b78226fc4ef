"""Connections that break again and again: every chunk still reaches everybody once, in order."""

import asyncio
import random
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import pytest

from tests.deadlines import DEADLINE_S
from tests.integration.hub_commands.conftest import Stage, output, response
from tests.live_peers import Peer

CHUNKS = 400
# Small enough that a connection breaks in the middle of a segment, large enough to fill some.
SIZE = 8 * 1024


class FlakyAgent:
    """Sends a command's output over connections that break; keeps what the hub has not confirmed."""

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        self._stage = stage
        self._chance = chance
        self._kept: dict[int, bytes] = {}
        self._made = 0
        self.breaks = 0

    async def run(self, peer: Peer) -> None:
        """Carry out the next command to its end, over as many connections as it takes."""
        command = await peer.until("command")
        after = 0
        while not await self._send(peer, command, after):
            self.breaks += 1
            await peer.vanish()
            peer = await self._stage.agent()
            after = (await peer.until("command_attach"))["after_seq"]

    async def _send(self, peer: Peer, command: Mapping[str, Any], after: int) -> bool:
        """Send what the hub lacks; return False when the connection is to break first."""
        credit = int(command["window"])
        seq = after
        breaks_at = self._chance.randint(1, CHUNKS) if self.breaks < 6 else CHUNKS + 1
        while seq < CHUNKS:
            while credit < SIZE:
                granted = await peer.until("command_credit")
                credit += granted["bytes"]
                self._forget(granted["through_seq"])
            seq += 1
            await peer.send(output(command, seq, self._chunk(seq), self._stream(seq)))
            credit -= SIZE
            if seq == breaks_at:
                return False
        await peer.send(response(command, output_bytes=CHUNKS * SIZE))
        return True

    def _chunk(self, seq: int) -> bytes:
        if seq > self._made:
            self._made = seq
            self._kept[seq] = chunk(seq)
        # What was confirmed must never be asked for again.
        return self._kept[seq]

    def _stream(self, seq: int) -> str:
        return "stderr" if seq % 5 == 0 else "stdout"

    def _forget(self, through_seq: int) -> None:
        for seq in [seq for seq in self._kept if seq <= through_seq]:
            del self._kept[seq]


def chunk(seq: int) -> bytes:
    return seq.to_bytes(4) * (SIZE // 4)


async def follow(stage: Stage, command_id: str) -> bytes:
    """Return all that a follower is told, once it has checked the order."""
    client = await stage.client()
    await client.request(type="subscribe", topic="command", command_id=command_id)
    told: list[bytes] = []
    while (frame := await client.next())["type"] == "command_output":
        assert frame["seq"] == len(told) + 1
        told.append(b64decode(frame["data"]))
    assert (frame["type"], frame["status"], frame["truncated"]) == ("command_finished", "succeeded", False)
    return b"".join(told)


@pytest.mark.parametrize("seed", range(4))
async def test_every_chunk_reaches_everybody_once(stage: Stage, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - where connections break, no secret
    agent = FlakyAgent(stage, chance)
    peer = await stage.agent()
    command_id = await stage.begin()
    async with asyncio.timeout(3 * DEADLINE_S), asyncio.TaskGroup() as tasks:
        early = [tasks.create_task(follow(stage, command_id)) for _ in range(2)]
        tasks.create_task(agent.run(peer))
        late = tasks.create_task(follow(stage, command_id))
    expected = b"".join(map(chunk, range(1, CHUNKS + 1)))
    assert [task.result() == expected for task in (*early, late)] == [True, True, True]
    assert (await stage.ask("GET", f"/commands/{command_id}/output")).body == expected
    assert agent.breaks > 0
