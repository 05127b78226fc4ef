"""Decides what goes to the hub next, so that nothing unacknowledged is ever lost in silence. Pure.

Samples leave in the order of their sequences and stay in the spool until the hub has acknowledged them.
The newest goes alone (`metrics`); what waited goes in batches, with an unnumbered copy of the newest ahead
of it; what the spool dropped is declared in its place. docs/protocol.md, "Agent WebSocket".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from chatops_agent.spool import Dropped, Entry, OnDisk, Stored
from chatops_wire.agent import MAX_BATCH

# Unacknowledged samples on their way. Five batches keep the hub busy over one round trip; more would only
# be sent again after a lost connection.
WINDOW: Final = 600
MAX_BATCH_BYTES: Final = 256 * 1024
# The reason of a gap that is not the spool's: acknowledged, forgotten here, and gone at the hub (a restored
# backup). Without it the hub would wait for these for ever.
HUB_LOST: Final = "lost_by_hub"


class Spool(Protocol):
    """Where samples wait."""

    @property
    def epoch(self) -> str:
        """Names the run of sequences that starts from 1."""
        ...

    @property
    def next_seq(self) -> int:
        """The sequence of the next sample."""
        ...

    def append(self, body: bytes) -> None:
        """Keep one more sample; the oldest may have to go, which `read` then tells."""

    def trim(self, through: int) -> None:
        """Forget everything up to this sequence."""

    def claim(self, server_id: str) -> bool:
        """Say whether these samples are of this server; if not, begin another epoch for it."""
        ...

    def skip(self, through: int) -> None:
        """Go on beyond this sequence: the hub has more of this epoch than is known here."""

    def read(self, after: int) -> Iterator[Entry]:
        """Yield what lies beyond `after`, ascending and without a hole from the oldest entry on.

        Ends at an `OnDisk`; whoever reads is woken when more can be had.
        """
        ...


@dataclass(frozen=True, slots=True)
class Batch:
    """A part of the backlog, ascending."""

    samples: tuple[Stored, ...]


@dataclass(frozen=True, slots=True)
class LiveCopy:
    """The newest sample ahead of its turn, without its number."""

    body: bytes


Frame = Stored | Batch | LiveCopy | Dropped


class Outbox:
    """The state of the conversation: acknowledged ≤ sent < next."""

    def __init__(self, spool: Spool, *, window: int = WINDOW) -> None:
        self._spool = spool
        self._window = window
        self._acked = 0
        self._sent = 0
        # Across connections; an earlier process may have sent whatever it left.
        self._ever_sent = spool.next_seq - 1
        # The newest sample while it has gone out neither alone nor as a copy.
        self._unshown: Stored | None = None
        # No second answer to a hole until something sent after the first was acknowledged: what is sent
        # again may be a duplicate, and a hub may acknowledge each duplicate once more.
        self._rewound_from = -1

    @property
    def epoch(self) -> str:
        """The spool's epoch."""
        return self._spool.epoch

    @property
    def next_seq(self) -> int:
        """The sequence of the next sample."""
        return self._spool.next_seq

    @property
    def in_flight(self) -> int:
        """How many sequences were sent on this connection and not acknowledged."""
        return self._sent - self._acked

    def add(self, body: bytes) -> None:
        """Take a new sample, an encoded JSON object without `type` and `seq`."""
        self._unshown = Stored(self._spool.next_seq, body)
        self._spool.append(body)

    def claim(self, server_id: str) -> bool:
        """Say whether these samples are of the server the hub took us for; if not, they now begin anew.

        Then the connection must begin anew too, since it has named the epoch before.
        """
        if self._spool.claim(server_id):
            return True
        self._acked = self._sent = self._ever_sent = 0
        self._unshown = None
        return False

    def resume(self, last_seq: int) -> None:
        """Start over on a new connection to a hub that has stored everything up to `last_seq`."""
        if last_seq >= self._spool.next_seq:
            self._spool.skip(last_seq)
            if self._spool.next_seq > last_seq:
                self._ever_sent = last_seq
        self._acked = self._sent = self._possible(last_seq)
        self._rewound_from = -1
        self._spool.trim(self._acked)

    def ack(self, seq: int) -> bool:
        """Note that the hub has stored everything up to `seq`; say whether that was news.

        An `ack` that brings no news while samples are on their way is the answer to a hole: all beyond it
        is sent again.
        """
        seq = self._possible(seq)
        if seq > self._acked:
            self._acked = seq
            self._sent = max(self._sent, seq)
            self._spool.trim(seq)
            return True
        if self.in_flight and self._acked > self._rewound_from:
            self._acked = seq
            self.rewind()
        return False

    def rewind(self) -> None:
        """Send everything unacknowledged again."""
        self._rewound_from = self._sent
        self._sent = self._acked

    @property
    def has_backlog(self) -> bool:
        """Whether anything waits to be sent."""
        return self._sent < self._spool.next_seq - 1

    def next_frame(self, allowance: int = MAX_BATCH) -> Frame | None:
        """Return what to send now and count it as sent; None: there is nothing, or the window is full.

        Args:
            allowance: How many samples of a backlog may go now. The newest goes, or is shown, in any case.
        """
        frame = self._next_in_order(allowance)
        if self._unshown is not None and not self._leads_to_newest(frame):
            copy, self._unshown = LiveCopy(self._unshown.body), None
            return copy
        if frame is None:
            return None
        self._sent = _end(frame)
        self._ever_sent = max(self._ever_sent, self._sent)
        if isinstance(frame, Stored):
            self._unshown = None
        return frame

    def _possible(self, seq: int) -> int:
        # Whatever the hub says, it has stored neither less than nothing nor what was never sent.
        return max(0, min(seq, self._ever_sent))

    def _next_in_order(self, allowance: int) -> Stored | Batch | Dropped | None:
        room = self._window - self.in_flight
        if room <= 0:
            return None
        entries = self._spool.read(self._sent)
        first = next(entries, None)
        missing = _start(first, self.next_seq) - 1
        if missing > self._sent:
            return Dropped(self._sent + 1, missing, HUB_LOST)
        if isinstance(first, OnDisk):
            return None
        if first is None or isinstance(first, Dropped):
            return first
        frame = self._alone_or_batch(_run(first, entries, min(room, MAX_BATCH)))
        if isinstance(frame, Batch) and len(frame.samples) > allowance:
            return Batch(frame.samples[:allowance]) if allowance else None
        return frame

    def _alone_or_batch(self, run: tuple[Stored, ...]) -> Stored | Batch:
        # Only a sample that comes alone is shown as it arrives; so the newest does, unless it was shown.
        if self._unshown is None or run[-1].seq != self._unshown.seq:
            return Batch(run)
        return Batch(run[:-1]) if len(run) > 1 else run[0]

    def _leads_to_newest(self, frame: Stored | Batch | Dropped | None) -> bool:
        """Say whether the newest goes out with this frame or right after it, so that a copy is not needed."""
        if frame is None:
            return False
        end, newest = _end(frame), self.next_seq - 1
        return end == newest or (end == newest - 1 and end - self._acked < self._window)


def _run(first: Stored, entries: Iterator[Entry], limit: int) -> tuple[Stored, ...]:
    """Return the samples that fit into one batch, at least the first."""
    run, size = [first], len(first.body)
    for entry in entries:
        if not isinstance(entry, Stored) or len(run) >= limit or size + len(entry.body) > MAX_BATCH_BYTES:
            break
        run.append(entry)
        size += len(entry.body)
    return tuple(run)


def _start(entry: Entry | None, otherwise: int) -> int:
    if entry is None:
        return otherwise
    return entry.seq if isinstance(entry, Stored) else entry.from_seq


def _end(frame: Stored | Batch | Dropped) -> int:
    if isinstance(frame, Dropped):
        return frame.to_seq
    return frame.samples[-1].seq if isinstance(frame, Batch) else frame.seq
