"""The outbox against a plain list: whatever link and hub do, each sample is stored or declared lost."""

import random
from collections import deque
from typing import assert_never

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chatops_agent.outbox import HUB_LOST, Batch, Frame, LiveCopy, Outbox
from chatops_agent.spool import FULL, Dropped, MemorySpool, OnDisk, Stored

WINDOW = 5
SPOOL = 8


class ListHub:
    """Stores what comes in order, as the contract says; an acknowledgement never passes a hole."""

    def __init__(self) -> None:
        self.cursor = 0
        self.stored: dict[int, bytes] = {}
        self.gaps: dict[int, str] = {}

    def take(self, frame: Frame) -> int | None:
        """Return the acknowledgement, None for a copy."""
        match frame:
            case LiveCopy():
                return None
            case Stored():
                self._take(frame)
            case Batch(samples):
                for sample in samples:
                    self._take(sample)
            case Dropped():
                if frame.from_seq <= self.cursor + 1:
                    for seq in range(self.cursor + 1, frame.to_seq + 1):
                        self.gaps[seq] = frame.reason
                    self.cursor = max(self.cursor, frame.to_seq)
            case _:
                assert_never(frame)
        return self.cursor

    def _take(self, sample: Stored) -> None:
        if sample.seq == self.cursor + 1:
            self.cursor = sample.seq
            self.stored[sample.seq] = sample.body

    def restore(self, cursor: int) -> None:
        """Go back to an older backup."""
        self.cursor = cursor
        self.stored = {seq: body for seq, body in self.stored.items() if seq <= cursor}
        self.gaps = {seq: reason for seq, reason in self.gaps.items() if seq <= cursor}


class OutboxMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.spool = MemorySpool("e", max_samples=SPOOL, max_bytes=10_000)
        self.outbox = Outbox(self.spool, window=WINDOW)
        self.hub = ListHub()
        self.taken: list[bytes] = []
        self.to_hub: deque[Frame] = deque()
        self.to_agent: deque[int] = deque()
        self.restored = False

    @rule(size=st.integers(1, 3000))
    def add(self, size: int) -> None:
        number = len(self.taken) + 1
        body = b"%d:" % number + random.Random(number).randbytes(size)  # noqa: S311 - no secret
        self.taken.append(body)
        self.outbox.add(body)

    @rule()
    def send(self) -> None:
        frame = self.outbox.next_frame()
        if frame is None:
            return
        if isinstance(frame, LiveCopy):
            assert self.taken[-1] == frame.body
        else:
            self.check_truth(frame)
            self.to_hub.append(frame)

    @precondition(lambda self: self.to_hub)
    @rule()
    def arrive(self) -> None:
        answer = self.hub.take(self.to_hub.popleft())
        if answer is not None:
            self.to_agent.append(answer)

    @precondition(lambda self: self.to_hub)
    @rule()
    def hub_loses_a_frame(self) -> None:
        self.to_hub.popleft()

    @rule()
    def hub_says_it_again(self) -> None:
        self.to_agent.append(self.hub.cursor)

    @precondition(lambda self: self.to_agent)
    @rule()
    def acknowledge(self) -> None:
        self.outbox.ack(self.to_agent.popleft())

    @rule()
    def stall(self) -> None:
        self.outbox.rewind()

    @rule()
    def reconnect(self) -> None:
        self.to_hub.clear()
        self.to_agent.clear()
        self.outbox.resume(self.hub.cursor)

    @rule(data=st.data())
    def restore_a_backup(self, data: st.DataObject) -> None:
        self.hub.restore(data.draw(st.integers(0, self.hub.cursor)))
        self.restored = True
        self.reconnect()

    @invariant()
    def the_hub_has_no_silent_hole(self) -> None:
        for seq in range(1, self.hub.cursor + 1):
            assert (seq in self.hub.stored) != (seq in self.hub.gaps)
        for seq, body in self.hub.stored.items():
            assert self.taken[seq - 1] == body

    @invariant()
    def nothing_unacknowledged_is_forgotten_in_silence(self) -> None:
        covered = self.hub.cursor
        for entry in self.spool.read(covered):
            assert not isinstance(entry, OnDisk)
            first, last = self.ends(entry)
            # After a restored backup the hub needs what was trimmed; that is declared when it is sent.
            assert first == covered + 1 or (self.restored and first > covered)
            covered = last
        assert covered == len(self.taken) or (self.restored and covered == self.hub.cursor)

    @invariant()
    def the_bounds_hold(self) -> None:
        kept = [entry for entry in self.spool.read(0) if isinstance(entry, Stored)]
        assert len(kept) <= SPOOL
        assert sum(len(entry.body) for entry in kept) <= 10_000 or len(kept) == 1

    def teardown(self) -> None:
        """A link and a hub that are well again carry everything over, on the connection that stands."""
        for _ in range(3):
            self.drain()
            # What the link lost at the end is only found by its silence.
            self.outbox.rewind()
        assert len(self.taken) == self.hub.cursor
        assert not self.outbox.in_flight
        self.the_hub_has_no_silent_hole()

    def drain(self) -> None:
        moved = True
        while moved:
            moved = False
            while (frame := self.outbox.next_frame()) is not None:
                if not isinstance(frame, LiveCopy):
                    self.check_truth(frame)
                self.to_hub.append(frame)
            while self.to_hub:
                moved = True
                self.arrive()
            while self.to_agent:
                self.acknowledge()

    def check_truth(self, frame: Stored | Batch | Dropped) -> None:
        """What is sent is what was taken; a gap is declared only over what is gone."""
        if isinstance(frame, Dropped):
            kept = {entry.seq for entry in self.spool.read(0) if isinstance(entry, Stored)}
            assert not kept & set(range(frame.from_seq, frame.to_seq + 1))
            assert frame.reason == FULL or (self.restored and frame.reason == HUB_LOST)
            return
        samples = frame.samples if isinstance(frame, Batch) else (frame,)
        assert 1 <= len(samples) <= WINDOW
        first = samples[0].seq
        assert list(range(first, first + len(samples))) == [sample.seq for sample in samples]
        assert all(self.taken[sample.seq - 1] == sample.body for sample in samples)

    @staticmethod
    def ends(frame: Stored | Batch | Dropped) -> tuple[int, int]:
        match frame:
            case Stored(seq=seq):
                return seq, seq
            case Batch(samples):
                return samples[0].seq, samples[-1].seq
            case Dropped():
                return frame.from_seq, frame.to_seq
            case _:
                assert_never(frame)


TestOutbox = OutboxMachine.TestCase
TestOutbox.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)
