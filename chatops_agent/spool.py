"""Samples the hub has not acknowledged, kept in memory. Pure; disk_spool stands in its place where it can."""

import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# An hour at 5 s. More would be an outage to look into, not to sit out.
MAX_SAMPLES: Final = 720
# What the agent's 45 MB leave: the whole hour, as a sample of 3.9 kB takes 1.5 kB compressed.
MAX_BYTES: Final = 2 * 1024 * 1024
# 0.02 ms a sample; better ratios cost five times as much for a tenth less.
_COMPRESSION: Final = 1
FULL: Final = "spool_full"


@dataclass(frozen=True, slots=True)
class Stored:
    """One sample, encoded, with its place in the epoch."""

    seq: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Dropped:
    """Sequences that are gone, both ends included, and why."""

    from_seq: int
    to_seq: int
    reason: str


@dataclass(frozen=True, slots=True)
class OnDisk:
    """What follows is being read from disk, and can be had when that is done."""

    from_seq: int


Entry = Stored | Dropped | OnDisk


def pack(body: bytes) -> bytes:
    """Return a sample as spools keep it."""
    return zlib.compress(body, _COMPRESSION)


def unpack(packed: bytes) -> bytes:
    """Return the sample.

    Raises:
        zlib.error: It is none.
    """
    return zlib.decompress(packed)


class MemorySpool:
    """A ring: when it is full by number or (compressed) bytes the oldest samples go, and that is remembered.

    The newest sample stays whatever its size. All is lost with the process, so each start needs a new epoch.
    """

    def __init__(self, epoch: str, *, max_samples: int = MAX_SAMPLES, max_bytes: int = MAX_BYTES) -> None:
        self._epoch = epoch
        self._max_samples = max_samples
        self._max_bytes = max_bytes
        self._compressed: deque[bytes] = deque()
        self._first = 1
        self._bytes = 0
        self._dropped: Dropped | None = None

    @property
    def epoch(self) -> str:
        """Names the run of sequences that starts from 1."""
        return self._epoch

    @property
    def next_seq(self) -> int:
        """The sequence of the next sample."""
        return self._first + len(self._compressed)

    def append(self, body: bytes) -> None:
        """Keep one more sample, dropping the oldest ones where there is no room."""
        compressed = pack(body)
        self._compressed.append(compressed)
        self._bytes += len(compressed)
        while len(self._compressed) > 1 and self._is_full():
            self._forget_oldest()
            start = self._first - 1 if self._dropped is None else self._dropped.from_seq
            self._dropped = Dropped(start, self._first - 1, FULL)

    def trim(self, through: int) -> None:
        """Forget everything up to this sequence."""
        while self._compressed and self._first <= through:
            self._forget_oldest()
        if self._dropped is not None and self._dropped.to_seq <= through:
            self._dropped = None

    def claim(self, _server_id: str) -> bool:
        """Say that these samples are the server's: a process speaks for one server only."""
        return True

    def skip(self, _through: int) -> None:
        """Do nothing: what the hub says it has beyond this spool's samples is not of this epoch."""

    def read(self, after: int) -> Iterator[Entry]:
        """Yield what lies beyond `after`, ascending and without a hole from the oldest entry on."""
        if self._dropped is not None and self._dropped.to_seq > after:
            yield Dropped(max(self._dropped.from_seq, after + 1), self._dropped.to_seq, self._dropped.reason)
        for place, compressed in enumerate(self._compressed):
            if self._first + place > after:
                yield Stored(self._first + place, unpack(compressed))

    def _is_full(self) -> bool:
        return len(self._compressed) > self._max_samples or self._bytes > self._max_bytes

    def _forget_oldest(self) -> None:
        self._bytes -= len(self._compressed.popleft())
        self._first += 1
