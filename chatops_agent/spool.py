"""Samples the hub has not acknowledged, kept in memory. Pure; a spool on disk can stand in its place."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# An hour at 5 s. More would be an outage to look into, not to sit out.
MAX_SAMPLES: Final = 720
# What the agent's 45 MB leave: an hour of ordinary samples (3.4 kB among 200 processes), less of longer ones.
MAX_BYTES: Final = 3 * 1024 * 1024
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


class MemorySpool:
    """A ring: when it is full by number or bytes the oldest samples are dropped, and that is remembered.

    The newest sample stays whatever its size. All is lost with the process, so each start needs a new epoch.
    """

    def __init__(self, epoch: str, *, max_samples: int = MAX_SAMPLES, max_bytes: int = MAX_BYTES) -> None:
        self._epoch = epoch
        self._max_samples = max_samples
        self._max_bytes = max_bytes
        self._bodies: deque[bytes] = deque()
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
        return self._first + len(self._bodies)

    def append(self, body: bytes) -> None:
        """Keep one more sample, dropping the oldest ones where there is no room."""
        self._bodies.append(body)
        self._bytes += len(body)
        while len(self._bodies) > 1 and self._is_full():
            self._forget_oldest()
            start = self._first - 1 if self._dropped is None else self._dropped.from_seq
            self._dropped = Dropped(start, self._first - 1, FULL)

    def trim(self, through: int) -> None:
        """Forget everything up to this sequence."""
        while self._bodies and self._first <= through:
            self._forget_oldest()
        if self._dropped is not None and self._dropped.to_seq <= through:
            self._dropped = None

    def read(self, after: int) -> Iterator[Stored | Dropped]:
        """Yield what lies beyond `after`, ascending and without a hole from the oldest entry on."""
        if self._dropped is not None and self._dropped.to_seq > after:
            yield Dropped(max(self._dropped.from_seq, after + 1), self._dropped.to_seq, self._dropped.reason)
        for place, body in enumerate(self._bodies):
            if self._first + place > after:
                yield Stored(self._first + place, body)

    def _is_full(self) -> bool:
        return len(self._bodies) > self._max_samples or self._bytes > self._max_bytes

    def _forget_oldest(self) -> None:
        self._bytes -= len(self._bodies.popleft())
        self._first += 1
