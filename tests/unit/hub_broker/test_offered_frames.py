"""Frames of streams wait for room, and go after everything else."""

import asyncio

import msgspec
import pytest

from chatops_server.broker.agent_outbox import AgentOutbox
from chatops_server.broker.offered import MAX_OFFERED_BYTES, OfferedFrames
from chatops_wire import codec
from chatops_wire.agent import AuthSuccess
from tests.broker_builders import client
from tests.deadlines import DEADLINE_S, eventually

HALF = b"x" * (MAX_OFFERED_BYTES // 2)


async def test_who_finds_no_room_waits_until_half_is_taken() -> None:
    frames = OfferedFrames()
    await frames.put(HALF)
    await frames.put(HALF)
    waiting = [asyncio.create_task(frames.put(b"third")), asyncio.create_task(frames.put(b"fourth"))]
    await asyncio.sleep(0)
    assert len(frames) == 2
    assert frames.take() == HALF
    await asyncio.gather(*waiting)
    assert [frames.take(), frames.take(), frames.take(), frames.take()] == [HALF, b"third", b"fourth", None]


async def test_cancelling_who_waits_queues_nothing() -> None:
    frames = OfferedFrames()
    await frames.put(HALF * 2)
    waiting = asyncio.create_task(frames.put(b"late"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert [frames.take(), frames.take()] == [HALF * 2, None]


async def test_a_client_gets_answers_then_terminals_then_the_rest() -> None:
    session = client()
    taken: list[int] = []
    await session.outbox.offer(b"output")
    session.outbox.event(b"event")
    session.outbox.relay(b"screen", lambda: taken.append(1))
    session.outbox.reply(b"answer")
    assert taken == []
    assert [session.outbox.take() for _ in range(5)] == [b"answer", b"screen", b"event", b"output", None]
    assert taken == [1]


async def test_a_client_s_writer_is_woken_by_each_of_them() -> None:
    session = client()
    assert session.outbox.take() is None
    session.outbox.relay(b"a", lambda: None)
    await asyncio.wait_for(session.outbox.wait(), DEADLINE_S)
    assert [session.outbox.take(), session.outbox.take()] == [b"a", None]
    await session.outbox.offer(b"b")
    await asyncio.wait_for(session.outbox.wait(), DEADLINE_S)
    assert [session.outbox.take(), session.outbox.take()] == [b"b", None]


async def test_an_agent_gets_acks_before_what_was_typed() -> None:
    outbox = AgentOutbox()
    outbox.welcome(AuthSuccess(server_id="srv_1", message=""))
    await outbox.offer(codec.encode(AuthSuccess(server_id="typed", message="")))
    outbox.acknowledge(5)
    frames = [msgspec.json.decode(frame)["type"] for frame in outbox.take()]
    assert frames == ["auth_success", "ack", "auth_success"]
    waiting = [asyncio.create_task(outbox.offer(HALF)) for _ in range(3)]
    await eventually(lambda: sum(task.done() for task in waiting) == 2)
    assert outbox.take() == [HALF, HALF]
    await waiting[2]
    assert outbox.take() == [HALF]
