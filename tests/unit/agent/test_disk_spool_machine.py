"""Outbox and spool on real files against a plain list: each sample is stored once, or declared lost."""

import random
import resource
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import assert_never

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chatops_agent.disk_spool import LOST, DiskSpool
from chatops_agent.outbox import HUB_LOST, Batch, Frame, LiveCopy, Outbox
from chatops_agent.spool import FULL, Dropped, Stored, pack
from chatops_agent.spool_files import RESERVE, Bounds, SpoolFiles

WINDOW = 5
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - a folder with a random name is made in it
BOUNDS = Bounds(total_bytes=60_000, segment_bytes=15_000)
MEMORY = 20_000
# What the state takes: it can be rewritten, and a segment cannot grow beyond it.
FULL_AT = 2 * 4096


class ListHub:
    """Stores what comes in order, as the contract says."""

    def __init__(self) -> None:
        self.cursor = 0
        self.stored: dict[int, bytes] = {}
        self.gaps: dict[int, str] = {}

    def take(self, frame: Frame) -> int | None:
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


@contextmanager
def no_room(limit: int) -> Iterator[None]:
    """Let no file grow beyond `limit` bytes: what is there can be rewritten, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class SpoolMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        # In memory where that is possible: a sync costs nothing there, and this makes thousands.
        self.folder = TemporaryDirectory(dir=MEMORY_FOLDER if MEMORY_FOLDER.is_dir() else None)
        self.boots = 1
        self.epochs = 0
        self.hub = ListHub()
        self.taken: dict[int, bytes] = {}
        self.to_hub: deque[Frame] = deque()
        self.to_agent: deque[int] = deque()
        self.is_full = False
        self.reasons = {FULL}
        self.start()

    def start(self) -> None:
        self.files = SpoolFiles(Path(self.folder.name), BOUNDS, self.new_epoch, lambda: f"boot-{self.boots}")
        self.spool = DiskSpool(self.files.open(), self.new_epoch, lambda: None, max_bytes=MEMORY)
        self.outbox = Outbox(self.spool, window=WINDOW)
        assert self.epochs == 1, "the spool was lost"
        self.reconnect()

    def new_epoch(self) -> str:
        self.epochs += 1
        return f"{self.epochs:032x}"

    @rule(size=st.integers(1, 6_000))
    def add(self, size: int) -> None:
        seq = self.spool.next_seq
        assert seq not in self.taken, "a sequence was used again"
        body = b"%d:" % seq + random.Random(seq).randbytes(size)  # noqa: S311 - no secret
        records = [*self.spool.unsaved(), (seq, pack(body))]
        with no_room(FULL_AT if self.is_full else 1 << 30):
            view = self.files.append(self.spool.owner, records)
        self.spool.saved(view)
        self.outbox.add(body)
        self.taken[seq] = body

    @rule()
    def send(self) -> None:
        frame = self.next_frame()
        if frame is not None and not isinstance(frame, LiveCopy):
            self.to_hub.append(frame)

    def next_frame(self) -> Frame | None:
        frame = self.outbox.next_frame()
        while self.spool.wanted is not None:
            first = self.spool.wanted
            self.spool.loaded(first, self.files.load(first))
            if frame is None:
                frame = self.outbox.next_frame()
        self.check(frame)
        return frame

    @precondition(lambda self: self.to_hub)
    @rule()
    def arrive(self) -> None:
        answer = self.hub.take(self.to_hub.popleft())
        if answer is not None:
            self.to_agent.append(answer)

    @precondition(lambda self: self.to_hub)
    @rule()
    def lose_a_frame(self) -> None:
        self.to_hub.popleft()

    @precondition(lambda self: self.to_agent)
    @rule()
    def acknowledge(self) -> None:
        self.outbox.ack(self.to_agent.popleft())
        if self.spool.has_obsolete:
            self.spool.saved(self.files.trim(self.spool.trimmed))

    @rule()
    def reconnect(self) -> None:
        self.to_hub.clear()
        self.to_agent.clear()
        self.outbox.resume(self.hub.cursor)

    @rule()
    def restart(self) -> None:
        before = self.spool.next_seq
        self.lose_what_is_in_memory_only()
        self.files.close(before)
        self.start()
        assert self.spool.next_seq == before

    @rule()
    def end_in_the_middle_of_a_sample(self) -> None:
        """SIGTERM between the file and the outbox: the sample is sent after the next start."""
        seq = self.spool.next_seq
        self.lose_what_is_in_memory_only()
        if self.files.append(self.spool.owner, [(seq, pack(b"last"))]).failure is None:
            self.taken[seq] = b"last"
        self.files.close(seq)
        self.start()

    @rule()
    def kill_9(self) -> None:
        before, was_full = self.spool.next_seq, bool(self.spool.unsaved())
        self.lose_what_is_in_memory_only()
        self.crash()
        assert self.spool.next_seq == before or was_full

    @rule(data=st.data())
    def cut_the_power(self, data: st.DataObject) -> None:
        """What was written after the last sync may be gone, or half there, and so may be its reservation."""
        newest = self.newest()
        if newest is not None and data.draw(st.booleans()):
            content = newest.read_bytes()
            newest.write_bytes(content[: data.draw(st.integers(0, len(content)))])
            self.reasons |= {LOST, HUB_LOST}
        self.boots += 1
        self.crash()
        self.reasons.add(LOST)

    @rule(data=st.data())
    def damage(self, data: st.DataObject) -> None:
        paths = sorted(Path(self.folder.name).glob("*.segment"))
        if not paths:
            return
        path = data.draw(st.sampled_from(paths))
        content = bytearray(path.read_bytes())
        content[data.draw(st.integers(0, len(content) - 1))] ^= 0xFF
        self.crash(lambda: path.write_bytes(content))
        self.reasons |= {LOST, HUB_LOST}

    @rule()
    def fill_or_free_the_disk(self) -> None:
        self.is_full = not self.is_full

    def lose_what_is_in_memory_only(self) -> None:
        if self.spool.unsaved():
            self.reasons.add(LOST)

    def crash(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        if self.spool.unsaved():
            self.reasons.add(LOST)
        self.files.close(None)
        meanwhile()
        self.start()

    def newest(self) -> Path | None:
        return max(Path(self.folder.name).glob("*.segment"), default=None)

    @invariant()
    def the_hub_has_no_silent_hole(self) -> None:
        for seq in range(1, self.hub.cursor + 1):
            assert (seq in self.hub.stored) != (seq in self.hub.gaps)
        for seq, body in self.hub.stored.items():
            assert self.taken[seq] == body

    @invariant()
    def the_bounds_hold(self) -> None:
        sizes = [path.stat().st_size for path in Path(self.folder.name).glob("*.segment")]
        assert sum(sizes) <= BOUNDS.total_bytes + BOUNDS.segment_bytes

    def teardown(self) -> None:
        try:
            self.end()
        finally:
            self.files.close(None)
            self.folder.cleanup()

    def end(self) -> None:
        """A link and a hub that are well again carry over whatever is left."""
        self.is_full = False
        for _ in range(3):
            moved = True
            while moved:
                moved = False
                while (frame := self.next_frame()) is not None:
                    self.to_hub.append(frame)
                while self.to_hub:
                    moved = True
                    self.arrive()
                while self.to_agent:
                    self.acknowledge()
            self.outbox.rewind()
        assert self.hub.cursor == self.spool.next_seq - 1
        self.the_hub_has_no_silent_hole()
        assert set(self.hub.gaps.values()) <= self.reasons
        # What is declared lost beyond what was taken is little: a few reservations.
        assert len(set(self.hub.gaps) - set(self.taken)) <= RESERVE * self.boots + RESERVE * 60

    def check(self, frame: Frame | None) -> None:
        match frame:
            case None | LiveCopy():
                pass
            case Dropped():
                assert frame.reason in self.reasons
            case Stored() | Batch():
                samples = frame.samples if isinstance(frame, Batch) else (frame,)
                assert all(self.taken[sample.seq] == sample.body for sample in samples)
            case _:
                assert_never(frame)


TestSpool = SpoolMachine.TestCase
TestSpool.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
