"""The spool as the outbox sees it when its samples are on disk. Pure: spool_keeper moves what it asks for.

The newest samples are in memory too, up to as much as a spool without a disk holds; of the older ones one
segment at a time, the one that is being sent.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from chatops_agent.segments import Opened, Owner, Record, Segment, View
from chatops_agent.spool import FULL, MAX_BYTES, Dropped, Entry, OnDisk, Stored, pack, unpack

# Damaged on disk, or never there when the system went down. Then some may never have stood for a sample.
LOST: Final = "spool_lost"
# More than an agent numbers in a month; a hub that claims more is wrong, not ahead.
MAX_SKIP: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class _Loaded:
    segment: Segment
    records: Sequence[Record]


class DiskSpool:
    """Knows what is where; see outbox.Spool."""

    def __init__(
        self,
        opened: Opened,
        new_epoch: Callable[[], str],
        ask: Callable[[], None],
        *,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """Go on with what an earlier process left.

        Args:
            opened: What that is.
            new_epoch: Called when the samples turn out to be of another server.
            ask: Called when `wanted` or `has_obsolete` has something new to say.
            max_bytes: How much of the newest samples, compressed, is in memory too.
        """
        self._owner = Owner(opened.state.epoch, opened.state.server_id)
        self._new_epoch = new_epoch
        self._ask = ask
        self._max_bytes = max_bytes
        self._next_seq = opened.next_seq
        self._segments: Sequence[Segment] = opened.segments
        self._dropped = opened.state.dropped
        self._saved = opened.next_seq - 1
        self._trimmed = 0
        self._loaded: _Loaded | None = None
        self._wanted: int | None = None
        # Contiguous up to the newest.
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._gone: list[Dropped] = []

    @property
    def epoch(self) -> str:
        """See Spool."""
        return self._owner.epoch

    @property
    def owner(self) -> Owner:
        """Whose samples they are."""
        return self._owner

    @property
    def next_seq(self) -> int:
        """See Spool."""
        return self._next_seq

    @property
    def trimmed(self) -> int:
        """Everything up to this sequence was acknowledged."""
        return self._trimmed

    @property
    def wanted(self) -> int | None:
        """The first sequence of the segment to be read from disk; None: none."""
        return self._wanted

    @property
    def has_obsolete(self) -> bool:
        """Whether a whole segment could go; the newest may still be written to."""
        return len(self._segments) > 1 and self._segments[1].first - 1 <= self._trimmed

    def unsaved(self) -> list[Record]:
        """Return what is in memory only, ascending."""
        first = max(self._tail_first, self._saved + 1, self._trimmed + 1)
        return [(seq, self._tail[seq - self._tail_first]) for seq in range(first, self._next_seq)]

    def saved(self, view: View) -> None:
        """Take note of what is on disk now."""
        if view.epoch != self._owner.epoch:
            return
        self._segments = view.segments
        self._dropped = view.dropped
        self._saved = max(self._saved, view.saved)
        if self._loaded and self._loaded.segment not in self._segments:
            self._loaded = None

    def loaded(self, first: int, records: Sequence[Record]) -> None:
        """Take what was read of the segment that begins with this sequence; nothing where it is damaged."""
        self._wanted = None
        segment = next((segment for segment in self._segments if segment.first == first), None)
        self._loaded = None if segment is None else _Loaded(segment, records)

    def append(self, body: bytes) -> None:
        """Keep one more sample; in memory the oldest ones give way, and are gone if they are not on disk."""
        packed = pack(body)
        self._tail.append(packed)
        self._tail_bytes += len(packed)
        self._next_seq += 1
        while len(self._tail) > 1 and self._tail_bytes > self._max_bytes:
            seq = self._tail_first
            self._forget_oldest()
            if seq > self._saved:
                self._lose(seq)

    def trim(self, through: int) -> None:
        """See Spool."""
        self._trimmed = max(self._trimmed, through)
        while self._tail and self._tail_first <= through:
            self._forget_oldest()
        self._gone = [gap for gap in self._gone if gap.to_seq > through]
        if self._loaded and self._loaded.segment.last <= through:
            self._loaded = None
        if self.has_obsolete:
            self._ask()

    def claim(self, server_id: str) -> bool:
        """See Spool. The first hub that accepts the agent says whose the samples are."""
        if self._owner.server_id in ("", server_id):
            self._owner = Owner(self._owner.epoch, server_id)
            return True
        self._owner = Owner(self._new_epoch(), server_id)
        self._next_seq, self._segments, self._dropped = 1, (), 0
        self._saved = self._trimmed = 0
        self._tail.clear()
        self._tail_bytes = 0
        self._gone, self._loaded, self._wanted = [], None, None
        return False

    def skip(self, through: int) -> None:
        """See Spool: after this machine went back to an older state, its disk knows less than the hub."""
        if self._next_seq <= through < self._next_seq + MAX_SKIP:
            self.trim(self._next_seq - 1)
            self._next_seq = through + 1
            self._saved = max(self._saved, through)

    def read(self, after: int) -> Iterator[Entry]:
        """See Spool."""
        at = self._beginning(after + 1)
        while at < self._tail_first:
            for entry in self._around(at):
                yield entry
                if isinstance(entry, OnDisk):
                    return
                at = _end(entry) + 1
        for seq in range(at, self._next_seq):
            yield Stored(seq, unpack(self._tail[seq - self._tail_first]))

    @property
    def _tail_first(self) -> int:
        return self._next_seq - len(self._tail)

    def _beginning(self, at: int) -> int:
        """Return where reading begins: what is asked for and stands before everything was acknowledged."""
        oldest = self._segments[0].first if self._segments else self._tail_first
        is_known = at <= self._dropped or any(gap.from_seq <= at for gap in self._gone)
        return at if is_known else max(at, oldest)

    def _around(self, at: int) -> Iterator[Entry]:
        """Yield what is known from `at` on, at least one entry; `at` is older than the tail."""
        segment = next((segment for segment in self._segments if segment.last >= at), None)
        start = self._tail_first if segment is None else segment.first
        if segment is None or start > at:
            yield self._missing(at, start - 1)
        elif self._loaded and self._loaded.segment == segment:
            yield from self._of_loaded(self._loaded, at)
        else:
            if self._wanted != segment.first:
                self._wanted = segment.first
                self._ask()
            yield OnDisk(at)

    def _missing(self, at: int, last: int) -> Dropped:
        known = next((gap for gap in self._gone if gap.from_seq <= at <= gap.to_seq), None)
        if known is not None:
            return Dropped(at, min(known.to_seq, last), known.reason)
        if at <= self._dropped:
            return Dropped(at, min(self._dropped, last), FULL)
        next_known = min((gap.from_seq - 1 for gap in self._gone if gap.from_seq > at), default=last)
        return Dropped(at, min(next_known, last), LOST)

    def _of_loaded(self, loaded: _Loaded, at: int) -> Iterator[Entry]:
        for seq, packed in loaded.records:
            while at < seq:
                gap = self._missing(at, seq - 1)
                yield gap
                at = gap.to_seq + 1
            if seq == at:
                yield Stored(seq, unpack(packed))
                at = seq + 1
        while at <= loaded.segment.last:
            gap = self._missing(at, loaded.segment.last)
            yield gap
            at = gap.to_seq + 1

    def _forget_oldest(self) -> None:
        self._tail_bytes -= len(self._tail.popleft())

    def _lose(self, seq: int) -> None:
        before = self._gone[-1] if self._gone else None
        if before is not None and before.reason == FULL and before.to_seq == seq - 1:
            self._gone[-1] = Dropped(before.from_seq, seq, FULL)
        else:
            self._gone.append(Dropped(seq, seq, FULL))


def _end(entry: Stored | Dropped) -> int:
    return entry.seq if isinstance(entry, Stored) else entry.to_seq
