"""The output of one run as its followers read it: the newest in memory, what is older wherever it was put."""

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from chatops_server.domain.output_chunks import Chunk

# Read, compressed and stored as a whole. A slow follower holds one of them in memory.
SEGMENT_BYTES: Final = 512 * 1024
# What a chunk takes beside its data, so that a flood of tiny ones fills a segment as well.
_CHUNK_COST: Final = 128

Load = Callable[[], Awaitable[Sequence[Chunk]]]
"""Reads a segment from where it was put; raises GoneError when it is no longer there."""


class GoneError(Exception):
    """A segment was dropped while it was about to be read."""


@dataclass(slots=True, eq=False)
class Segment:
    """Consecutive chunks."""

    first_seq: int
    last_seq: int
    size: int = 0
    """Bytes of data."""
    chunks: list[Chunk] | None = field(default_factory=list)
    """None once they are elsewhere."""
    load: Load | None = None
    part: int | None = None
    """The number under which it is in the database; None while it is not."""
    file: str | None = None
    """The name under which it is in the spool; None while it is not."""

    @property
    def is_full(self) -> bool:
        """Whether no further chunk belongs into it."""
        return self.chunks is None or self.size + _CHUNK_COST * len(self.chunks) >= SEGMENT_BYTES


class RunOutput:
    """Chunks in their order, each once. For the event loop's thread only.

    Nothing here is bounded by itself: whoever keeps the run moves full segments elsewhere (`moved`) and
    drops what is too much (`drop`), and lets the agent send only as much more as there is room.
    """

    def __init__(self, stored: Sequence[Segment] = ()) -> None:
        """Begin with what an earlier hub has stored, in order."""
        self._segments: deque[Segment] = deque(stored)
        self._news = asyncio.Event()
        self._unfollowed = asyncio.Event()
        self._unfollowed.set()
        self._followers = 0
        self._is_complete = False
        self.last_seq = stored[-1].last_seq if stored else 0
        """Of the newest chunk that came."""
        self.total_bytes = sum(segment.size for segment in stored)
        """Of all chunks that came, whether still held or not."""
        self.moved_seq = self.last_seq
        """Up to here all has been moved out of memory."""
        self.bytes_in_memory = 0
        """Data that is not elsewhere yet."""
        self.has_hole = False
        """Whether a chunk is missing in between."""

    @property
    def segments(self) -> Sequence[Segment]:
        """All that is held now, in order."""
        return tuple(self._segments)

    def append(self, chunk: Chunk) -> bool:
        """Take a chunk; return False for one that came before."""
        if chunk.seq <= self.last_seq:
            return False
        self.has_hole = self.has_hole or chunk.seq != self.last_seq + 1
        segment = self._segments[-1] if self._segments else None
        if segment is None or segment.chunks is None or segment.is_full:
            segment = Segment(chunk.seq, chunk.seq)
            self._segments.append(segment)
        assert segment.chunks is not None  # noqa: S101 - for the type checker: just made so
        segment.chunks.append(chunk)
        segment.last_seq = self.last_seq = chunk.seq
        segment.size += len(chunk.data)
        self.total_bytes += len(chunk.data)
        self.bytes_in_memory += len(chunk.data)
        self._news.set()
        return True

    def next_full(self) -> Segment | None:
        """Return the oldest segment that is full and still in memory."""
        return next((each for each in self._segments if each.is_full and each.chunks is not None), None)

    def moved(self, segment: Segment, load: Load) -> None:
        """Note that a segment is elsewhere now and takes no memory any more."""
        if segment.chunks is not None:
            self.bytes_in_memory -= segment.size
        segment.load, segment.chunks = load, None
        self.moved_seq = max(self.moved_seq, segment.last_seq)

    def drop(self, segment: Segment) -> None:
        """Forget a segment; followers that have not read it yet go on behind it."""
        self._segments.remove(segment)
        if segment.chunks is not None:
            self.bytes_in_memory -= segment.size

    def complete(self) -> None:
        """Say that the run has ended; whoever has read all is told so."""
        self._is_complete = True
        self._news.set()

    async def after(self, seq: int) -> Sequence[Chunk]:
        """Return the chunks that follow `seq`, at least one; nothing once the run has ended.

        Waits while there are none yet. Cancelling is safe. What was dropped is passed over.
        """
        while True:
            segment = self._holding(seq)
            if segment is not None:
                try:
                    return await _chunks_after(segment, seq)
                except GoneError:
                    if segment in self._segments:
                        self.drop(segment)
                    continue
            if self._is_complete:
                return ()
            # Nothing awaited since the look: no wake-up can be lost.
            self._news.clear()
            await self._news.wait()

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Keep what is held readable meanwhile."""
        self._followers += 1
        self._unfollowed.clear()
        try:
            yield
        finally:
            self._followers -= 1
            if not self._followers:
                self._unfollowed.set()

    async def wait_until_unfollowed(self) -> None:
        """Return when nobody reads any more. Cancelling is safe."""
        await self._unfollowed.wait()

    def _holding(self, seq: int) -> Segment | None:
        # From the newest: that is where nearly everybody reads.
        found = None
        for segment in reversed(self._segments):
            if segment.last_seq <= seq:
                break
            found = segment
        return found


async def chunks_of(segment: Segment) -> Sequence[Chunk]:
    """Return a segment's chunks, wherever they are.

    Raises:
        GoneError: It was dropped.
    """
    if segment.chunks is not None:
        return segment.chunks
    if segment.load is None:
        raise GoneError
    return await segment.load()


async def _chunks_after(segment: Segment, seq: int) -> Sequence[Chunk]:
    chunks = await chunks_of(segment)
    return chunks[bisect_right(chunks, seq, key=lambda chunk: chunk.seq) :]
