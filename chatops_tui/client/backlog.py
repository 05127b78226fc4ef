"""Events on their way from the task that reads the connection to one that takes its time."""

import asyncio
import os
import tempfile
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, Final, Generic, TypeVar

E = TypeVar("E")
T = TypeVar("T")

# As much as a slow reader of a pipe is ahead of anyway; small beside what an output may be.
HELD_BYTES: Final = 1024 * 1024
# A command that prints for an hour into a pager is not to fill the disk.
SPILLED_BYTES: Final = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Weights(Generic[E]):
    """What an event weighs, and how the heavy part of it is set aside."""

    size: Callable[[E], int]
    """In memory, in bytes."""
    payload: Callable[[E], bytes]
    """What can be set aside; empty: nothing."""
    with_payload: Callable[[E, bytes], E]
    """The event with this in its place."""


@dataclass(frozen=True, slots=True)
class _Aside(Generic[E]):
    """An event whose payload is in the file."""

    rest: E
    place: int
    length: int


class Backlog(Generic[E]):
    """Keeps events in order. Beyond `held` bytes in memory, payloads go to an unnamed temporary file.

    A connection must be read, or it is taken for dead; so a reader of a pipe may be slow for long. Beyond
    `spilled` bytes in the file, or when the disk takes no more, nothing is read from the connection at all:
    the hub then closes it after a while, and what it does not keep is missed.
    """

    def __init__(self, weights: Weights[E], *, held: int = HELD_BYTES, spilled: int = SPILLED_BYTES) -> None:
        self._weights = weights
        self._most_held = held
        self._most_spilled = spilled
        self._events: deque[E | _Aside[E]] = deque()
        self._held = 0
        self._aside = 0
        """How many events have their payload in the file."""
        self._file: IO[bytes] | None = None
        self._end = 0
        """Of what was written to the file."""
        self._can_spill = True
        self._operations: set[asyncio.Future[Any]] = set()
        """On the file, in threads; they go on when whoever waits for one is cancelled."""
        self._news = asyncio.Event()
        self._taken = asyncio.Event()

    @property
    def held(self) -> int:
        """Bytes in memory."""
        return self._held

    @property
    def spilled(self) -> int:
        """Bytes the file takes."""
        return self._end

    def put(self, event: E) -> None:
        """Add an event, also to a full one."""
        self._append(event)
        self._held += self._weights.size(event)

    async def room(self) -> None:
        """Return when another event may be put."""
        while self._held > self._most_held:
            if not await self._spill():
                self._taken.clear()
                await self._taken.wait()

    async def get(self) -> E:
        """Return the next event; OSError when the file cannot be read back."""
        while not self._events:
            self._news.clear()
            await self._news.wait()
        event = self._events.popleft()
        if isinstance(event, _Aside):
            return await self._fetched(event)
        self._held -= self._weights.size(event)
        self._taken.set()
        return event

    async def close(self) -> None:
        """Drop everything, once nobody works on the file any more."""
        if self._operations:
            await asyncio.wait(self._operations)
        if self._file is not None:
            self._file.close()

    def _append(self, event: E | _Aside[E]) -> None:
        self._events.append(event)
        self._news.set()

    async def _fetched(self, event: _Aside[E]) -> E:
        assert self._file is not None  # noqa: S101 - for the type checker: it was written to
        data = await self._operation(partial(os.pread, self._file.fileno(), event.length, event.place))
        self._aside -= 1
        self._taken.set()
        return self._weights.with_payload(event.rest, data)

    async def _spill(self) -> bool:
        """Set the newest payloads aside, down to half of what may be held; False: that is not possible."""
        if not self._can_spill or self._end >= self._most_spilled:
            return self._begin_anew()
        newest = self._take_newest()
        payloads = [self._weights.payload(event) for event in newest]
        place = await self._set_aside(b"".join(payloads))
        for event, payload in zip(newest, payloads, strict=True):
            if payload and place is not None:
                self._append(_Aside(self._weights.with_payload(event, b""), place, len(payload)))
                self._aside += 1
                place += len(payload)
            else:
                self.put(event)
        return place is not None

    def _begin_anew(self) -> bool:
        """Use the file from its beginning, if everything in it has been taken."""
        if not self._can_spill or self._aside:
            return False
        self._end = 0
        return True

    def _take_newest(self) -> list[E]:
        """Take what came last out of memory, in order, leaving half of what may be held."""
        newest: list[E] = []
        while self._events and self._held > self._most_held // 2:
            event = self._events[-1]
            if isinstance(event, _Aside):
                break
            self._events.pop()
            self._held -= self._weights.size(event)
            newest.append(event)
        return newest[::-1]

    async def _set_aside(self, data: bytes) -> int | None:
        """Return where in the file the bytes are now; None: there are none, or the disk takes none."""
        if not data:
            return None
        try:
            if self._file is None:
                self._file = await self._operation(tempfile.TemporaryFile)
            if not self._aside:
                self._end = 0
            place = self._end
            await self._operation(partial(_write_all, self._file.fileno(), data, place))
        except OSError:
            self._can_spill = False
            return None
        self._end += len(data)
        return place

    async def _operation(self, work: Callable[[], T]) -> T:
        operation = asyncio.get_running_loop().run_in_executor(None, work)
        self._operations.add(operation)
        operation.add_done_callback(self._operations.discard)
        return await asyncio.shield(operation)


def _write_all(fd: int, data: bytes, place: int) -> None:
    left = memoryview(data)
    while left:
        written = os.pwrite(fd, left, place)
        left, place = left[written:], place + written
