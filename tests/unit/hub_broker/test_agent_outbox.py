"""What waits for an agent: newest ack, newest interval, newest pause, and a bounded queue."""

import asyncio
from typing import Any

import msgspec

from chatops_server.broker.agent_outbox import MAX_QUEUED, AgentOutbox
from chatops_server.broker.closing import KEY_REVOKED, TOO_SLOW
from chatops_wire.agent import AuthSuccess


def _taken(outbox: AgentOutbox) -> list[dict[str, Any]]:
    return [msgspec.json.decode(frame) for frame in outbox.take()]


def test_only_the_newest_ack_is_sent() -> None:
    outbox = AgentOutbox()
    for seq in (1, 2, 3):
        outbox.acknowledge(seq)
    assert _taken(outbox) == [{"type": "ack", "seq": 3}]
    assert _taken(outbox) == []


def test_an_ack_is_said_again_when_the_agent_skipped_ahead() -> None:
    outbox = AgentOutbox()
    outbox.acknowledge(3)
    outbox.take()
    outbox.acknowledge(3)
    assert _taken(outbox) == [{"type": "ack", "seq": 3}]


def test_an_ack_of_nothing_answers_a_first_sample_beyond_a_hole() -> None:
    outbox = AgentOutbox()
    outbox.welcome(AuthSuccess(server_id="srv_1", message="hello"))
    outbox.take()
    outbox.acknowledge(0)
    assert _taken(outbox) == [{"type": "ack", "seq": 0}]


def test_the_first_answer_goes_before_anything_else() -> None:
    outbox = AgentOutbox()
    outbox.welcome(AuthSuccess(server_id="srv_1", message="hello", last_seq=4))
    outbox.configure(1.0)
    outbox.acknowledge(5)
    assert [frame["type"] for frame in _taken(outbox)] == ["auth_success", "configure", "ack"]


def test_only_the_newest_interval_and_pause_are_sent() -> None:
    outbox = AgentOutbox()
    outbox.configure(1.0)
    outbox.configure(None)
    outbox.pause(1000, "disk full")
    outbox.pause(2000, "disk full")
    assert _taken(outbox) == [
        {"type": "pause", "ms": 2000, "reason": "disk full"},
        {"type": "configure", "interval_s": None},
    ]


def test_an_agent_that_reads_nothing_is_closed() -> None:
    outbox = AgentOutbox()
    for _ in range(MAX_QUEUED + 1):
        outbox.put(b"request")
    assert outbox.closing == TOO_SLOW
    outbox.close(KEY_REVOKED)
    assert outbox.closing == TOO_SLOW


async def test_waiting_ends_with_an_ack() -> None:
    outbox = AgentOutbox()
    waiting = asyncio.create_task(outbox.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    outbox.acknowledge(1)
    await waiting
