"""One log that is followed, and what the hub is told of it."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from chatops_agent.actions.logs.buffer import LogBuffer
from chatops_agent.actions.logs.log_paths import LogRefusedError
from chatops_agent.actions.waiting import Wait
from chatops_wire.streams import LogLine, StreamClose, StreamData, StreamOpen


class Sink(Protocol):
    """Where lines go."""

    async def put(self, lines: list[LogLine]) -> None:
        """Take lines; returns when there is room for more."""


class Source(Protocol):
    """Where lines come from."""

    async def follow(self, buffer: Sink) -> str:
        """Hand on lines until there are no more, and say why there are none; cancelled, let go of it all.

        Raises:
            LogRefusedError: It cannot be followed.
        """


class Stream:
    """Reads a source only as fast as the hub takes its lines."""

    def __init__(self, opening: StreamOpen, source: Source, ready: Callable[["Stream"], None]) -> None:
        """Prepare.

        Args:
            opening: What the hub asked for.
            source: Where the lines come from.
            ready: Called when there may be something to tell.
        """
        self._id = opening.stream_id
        self.is_of_container = opening.source.container is not None
        self._source = source
        self._ready = ready
        self._buffer = LogBuffer(opening.window)
        self._room = asyncio.Event()
        self._wait = Wait()
        self._closed = False
        self._closing: StreamClose | None = None
        self._told = asyncio.Event()

    async def conduct(self) -> None:
        """Follow until the end or `close`, and until that has been told."""
        code, reason = None, "closed"
        try:
            async with self._wait.within(0 if self._closed else None):
                reason = await self._source.follow(self)
        except LogRefusedError as exc:
            code, reason = exc.code.value, exc.message
        self._closing = StreamClose(stream_id=self._id, reason=reason, code=code)
        self._ready(self)
        await self._told.wait()

    async def put(self, lines: list[LogLine]) -> None:
        """Take lines; returns when there is room for more."""
        self._buffer.add(lines)
        self._ready(self)
        while not self._buffer.accepts:
            self._room.clear()
            await self._room.wait()

    def grant(self, lines: int) -> None:
        """The hub takes so many lines more."""
        self._buffer.grant(lines)
        self._ready(self)

    def close(self) -> None:
        """Follow no longer; what has not been sent is of no interest any more."""
        self._closed = True
        self._buffer = LogBuffer(0)
        self._room.set()
        self._wait.end()

    def abandon(self) -> None:
        """Close, with nobody to tell."""
        self.close()
        self._told.set()

    def next_message(self) -> Struct | None:
        """Return what is told next and count it as told: lines, then the end."""
        lines = self._buffer.next_lines()
        if lines:
            if self._buffer.accepts:
                self._room.set()
            return StreamData(stream_id=self._id, lines=lines)
        if self._closing is None or self._told.is_set() or not self._buffer.is_sent:
            return None
        self._told.set()
        return self._closing
