"""How fast a backlog goes: at the rate the hub handed out, in frames worth sending."""

import pytest

from chatops_agent.outbox import Batch, LiveCopy, Outbox
from chatops_agent.pace import Pace
from chatops_agent.spool import MemorySpool, Stored
from chatops_wire.agent import MAX_BATCH


@pytest.mark.parametrize("per_s", [None, 0, -3])
def test_without_a_rate_everything_may_go(per_s: float | None) -> None:
    pace = Pace(per_s)
    pace.spend(10_000)
    assert (pace.allowance(1.0), pace.ready_in_s(1.0)) == (MAX_BATCH, 0.0)


def test_it_begins_with_a_whole_batch_and_fills_at_its_rate() -> None:
    pace = Pace(10)
    assert pace.allowance(0.0) == MAX_BATCH
    pace.spend(MAX_BATCH)
    assert (pace.allowance(0.5), pace.ready_in_s(0.5)) == (0, 0.5)
    assert pace.allowance(1.0) == 10
    assert pace.allowance(1000.0) == MAX_BATCH


def test_a_slow_rate_lets_single_samples_through() -> None:
    pace = Pace(0.5)
    pace.spend(MAX_BATCH)
    assert pace.allowance(0.0) == 0
    assert pace.ready_in_s(0.0) == 2.0
    assert pace.allowance(2.0) == 1


def test_a_rate_that_changes_counts_from_then_on() -> None:
    pace = Pace(1)
    pace.spend(MAX_BATCH)
    pace.change(10**400, 10.0)
    assert pace.allowance(10.0) == 0
    pace.change(100, 10.5)
    assert pace.allowance(10.5) == MAX_BATCH
    pace.change(0, 11.0)
    assert pace.allowance(11.0) == MAX_BATCH


def test_the_clock_never_takes_samples_back() -> None:
    pace = Pace(10)
    pace.spend(MAX_BATCH)
    pace.allowance(5.0)
    assert pace.allowance(4.0) == 0


def sent(outbox: Outbox, allowance: int) -> list[object]:
    found: list[object] = []
    while (frame := outbox.next_frame(allowance)) is not None:
        found.append(frame)
        if not isinstance(frame, Batch):
            continue
        allowance -= len(frame.samples)
    return found


def test_a_backlog_keeps_to_its_allowance_and_the_newest_is_shown_at_once() -> None:
    outbox = Outbox(MemorySpool("e" * 32))
    for body in (b"{1}", b"{2}", b"{3}", b"{4}", b"{5}"):
        outbox.add(body)
    outbox.resume(0)
    assert outbox.has_backlog
    copy, batch = sent(outbox, 2)
    assert copy == LiveCopy(b"{5}")
    assert isinstance(batch, Batch)
    assert [sample.seq for sample in batch.samples] == [1, 2]
    assert outbox.next_frame(0) is None
    [rest] = sent(outbox, MAX_BATCH)
    assert isinstance(rest, Batch)
    assert [sample.seq for sample in rest.samples] == [3, 4, 5]
    assert not outbox.has_backlog


def test_a_sample_that_comes_alone_needs_no_allowance() -> None:
    outbox = Outbox(MemorySpool("e" * 32))
    outbox.resume(0)
    outbox.add(b"{1}")
    assert sent(outbox, 0) == [Stored(1, b"{1}")]
