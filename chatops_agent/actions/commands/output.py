"""What a run has said: what of it is kept, sent, and sent again. Pure.

The head of the output is sent as it comes. Once the head is full, what comes goes through a ring, and what
the ring still holds when the run has ended, the tail, is sent then. So both ends of a long output arrive, a
short one arrives whole, and the run is never stopped by its limit: what is lost in between is counted.

Chunks that were sent stay here until the hub has confirmed them, so that they can be sent again after a
lost connection.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from chatops_wire.commands import CHUNK_BYTES, TAIL_BYTES, WINDOW_BYTES, OutputStream

# A hub may ask for less memory of this machine, but not for more.
_LONGEST_WINDOW: Final = 1024 * 1024
# A run that writes byte by byte, alternating between its streams, makes pieces of one byte.
_MOST_PIECES: Final = 1024
_MOST_KEPT: Final = 4096
# What the main process left in the pipes when it ended; a pipe holds 64 KiB unless it was told otherwise.
LEFT_IN_PIPES: Final = 1024 * 1024
# A ring has this much even when all memory for rings is taken.
_LEAST_TAIL: Final = 64 * 1024
_ROOM_STEP: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of the output with its place in it, counted from 1."""

    seq: int
    stream: OutputStream
    data: bytes


class TailRoom:
    """The memory that the rings of all runs share; a ring that gets no more drops its oldest sooner."""

    def __init__(self, size: int = 3 * TAIL_BYTES) -> None:
        self._free = size

    def take(self, size: int) -> bool:
        """Take so much, all or nothing."""
        if size > self._free:
            return False
        self._free -= size
        return True

    def give_back(self, size: int) -> None:
        """Free what was taken."""
        self._free += size


class Pieces:
    """Bytes of both streams in the order they were read; small neighbours of one stream are joined."""

    def __init__(self) -> None:
        self._pieces: deque[tuple[OutputStream, bytearray]] = deque()
        self.size = 0

    def __len__(self) -> int:
        return len(self._pieces)

    def push(self, stream: OutputStream, data: bytes) -> None:
        """Add bytes at the end."""
        self.size += len(data)
        if self._pieces:
            last_stream, last = self._pieces[-1]
            if last_stream == stream and len(last) + len(data) <= CHUNK_BYTES:
                last += data
                return
        self._pieces.append((stream, bytearray(data)))

    def pop(self, most: int) -> tuple[OutputStream, bytes]:
        """Take at most so many bytes of one stream from the front; there must be some."""
        stream, piece = self._pieces[0]
        data = bytes(piece[:most])
        if len(data) == len(piece):
            self._pieces.popleft()
        else:
            del piece[:most]
        self.size -= len(data)
        return stream, data

    def skip(self, count: int) -> None:
        """Drop so many bytes from the front."""
        while count > 0:
            _, dropped = self.pop(count)
            count -= len(dropped)

    def move_to(self, other: "Pieces") -> None:
        """Put everything at the end of the other; nothing stays."""
        for stream, piece in self._pieces:
            other.push(stream, bytes(piece))
        self._pieces.clear()
        self.size = 0


class Output:
    """The output of one run, from its pipes to the hub's confirmation."""

    def __init__(self, max_output: int, window: int, room: TailRoom) -> None:
        """Begin with nothing.

        Args:
            max_output: Bytes kept of the whole.
            window: Bytes that may be sent ahead of the hub's credit; 0: there is no credit.
            room: Memory for the tail.
        """
        self._tail_limit = min(max_output // 2, TAIL_BYTES)
        self._head_left = max_output - self._tail_limit
        self._window = min(window, _LONGEST_WINDOW)
        self._credit = self._window
        self._room = room
        self._room_taken = 0
        self._unsent, self._tail = Pieces(), Pieces()
        # Sent and not confirmed; and of an earlier connection, to be sent once more.
        self._kept: deque[Chunk] = deque()
        self._again: deque[Chunk] = deque()
        self._kept_bytes = 0
        self._seq = 0
        self._finished = False
        self.total_bytes = 0
        """Of both streams, whether kept or not."""
        self.lost_bytes = 0
        """Those between head and tail."""

    @property
    def sendable(self) -> int:
        """Bytes that may go out now."""
        return min(self._unsent.size, self._credit) if self._window else self._unsent.size

    @property
    def held_bytes(self) -> int:
        """Bytes in memory here."""
        return self._unsent.size + self._tail.size + self._kept_bytes + sum(len(c.data) for c in self._again)

    def accepts(self, *, ended: bool) -> bool:
        """Say whether to go on reading the pipes; where not, the run waits as it writes.

        Args:
            ended: The main process has ended: what it left in the pipes is taken at once.
        """
        if self._head_left <= 0:
            return True
        limit = WINDOW_BYTES + (LEFT_IN_PIPES if ended else 0)
        return self._unsent.size < limit and (ended or len(self._unsent) < _MOST_PIECES)

    def add(self, stream: OutputStream, data: bytes) -> None:
        """Take what was read; any bytes, at most a chunk."""
        self.total_bytes += len(data)
        head = data[: self._head_left]
        if head:
            self._head_left -= len(head)
            self._unsent.push(stream, head)
        if len(head) < len(data):
            self._add_to_tail(stream, data[len(head) :])

    def finish(self) -> None:
        """No more comes: the tail is sent after the head."""
        self._tail.move_to(self._unsent)
        self._finished = True

    def next_chunk(self) -> Chunk | None:
        """Return what to send now and count it as sent; None: there is nothing, or no credit for it."""
        most = CHUNK_BYTES if not self._window else min(CHUNK_BYTES, self._credit)
        if self._again:
            if self._window and len(self._again[0].data) > self._credit:
                return None
            return self._sent(self._again.popleft())
        if most <= 0 or not self._unsent:
            return None
        self._seq += 1
        return self._sent(Chunk(self._seq, *self._unsent.pop(most)))

    @property
    def is_sent(self) -> bool:
        """All there will ever be has been sent."""
        return self._finished and not self._unsent and not self._again

    def grant(self, size: int, through_seq: int) -> None:
        """The hub takes so many more bytes, and needs nothing up to this sequence again."""
        self._credit += size
        self._confirm(through_seq)

    def attach(self, after_seq: int) -> None:
        """Start over on a new connection: everything beyond this sequence is sent again.

        What lies before stays until it is confirmed: a hub may have it and lose it.
        """
        self._credit = self._window
        unconfirmed = (*self._kept, *self._again)
        self._kept = deque(chunk for chunk in unconfirmed if chunk.seq <= after_seq)
        self._again = deque(chunk for chunk in unconfirmed if chunk.seq > after_seq)
        self._kept_bytes = sum(len(chunk.data) for chunk in self._kept)

    def drop(self) -> None:
        """Give all memory back; nothing is sent any more."""
        self._unsent, self._tail = Pieces(), Pieces()
        self._kept.clear()
        self._again.clear()
        self._kept_bytes = 0
        self._room.give_back(self._room_taken)
        self._room_taken = 0

    def _sent(self, chunk: Chunk) -> Chunk:
        if self._window:
            self._credit -= len(chunk.data)
        self._kept.append(chunk)
        self._kept_bytes += len(chunk.data)
        # A hub that confirms what it has stored never has more on its way than its window; one that never
        # confirms gives up that everything can be sent again.
        most = 2 * max(self._window, WINDOW_BYTES)
        while self._kept_bytes > most or len(self._kept) > _MOST_KEPT:
            self._forget_oldest()
        return chunk

    def _confirm(self, through_seq: int) -> None:
        while self._kept and self._kept[0].seq <= through_seq:
            self._forget_oldest()
        while self._again and self._again[0].seq <= through_seq:
            self._again.popleft()

    def _forget_oldest(self) -> None:
        self._kept_bytes -= len(self._kept.popleft().data)

    def _add_to_tail(self, stream: OutputStream, data: bytes) -> None:
        self._tail.push(stream, data)
        while self._tail.size > self._tail_allowed() and self._take_room():
            pass
        excess = self._tail.size - self._tail_allowed()
        if excess > 0:
            self._tail.skip(excess)
            self.lost_bytes += excess

    def _tail_allowed(self) -> int:
        return min(self._tail_limit, _LEAST_TAIL + self._room_taken)

    def _take_room(self) -> bool:
        if self._tail_allowed() == self._tail_limit or not self._room.take(_ROOM_STEP):
            return False
        self._room_taken += _ROOM_STEP
        return True
