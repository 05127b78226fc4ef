"""One command's output or one log's lines as events, through lost connections: each once, and in order."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

from chatops_tui.client.interests import Interest, command, logs
from chatops_tui.client.overlap import Overlap
from chatops_tui.client.switchboard import Followed, Follower
from chatops_wire.client import LogLines
from chatops_wire.commands import CommandFinished, CommandOutput
from chatops_wire.streams import LogLine, LogSource

E = TypeVar("E")

# As much as a slow reader of a pipe is ahead of anyway; small beside what an output may be.
HELD_BYTES: Final = 1024 * 1024
# What an event or a line takes beside its bytes, so that a flood of tiny ones fills a backlog too.
_EVENT_COSTS: Final = 100


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The connection broke; nothing is lost by that, it goes on with the next one."""


@dataclass(frozen=True, slots=True)
class FollowEnded:
    """The hub will not, or no longer, tell this; `code` is one of `codes.ErrorCode` or a newer hub's own."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Lines:
    """The next lines of a log."""

    lines: tuple[LogLine, ...]
    may_miss: bool = False
    """Lines before these may be missing: more came while the connection was broken than the tail holds."""


@dataclass(frozen=True, slots=True)
class Missed:
    """Output before the next chunk is missing: the connection broke, and the hub does not keep so much."""


RunEvent: TypeAlias = CommandOutput | CommandFinished | Interrupted | Missed | FollowEnded
LogEvent: TypeAlias = Lines | Interrupted | FollowEnded
Room: TypeAlias = Callable[[], Awaitable[None]]


class Subscriptions(Protocol):
    """Where one follows (`feed.Feed`)."""

    def follow(self, interest: Interest, follower: Follower) -> Interest:
        """Tell `follower` what comes; return what `unfollow` takes. ValueError: followed already."""
        ...

    def unfollow(self, interest: Interest) -> None:
        """Want it no longer."""
        ...


class RunFollower:
    """Follows one command. After a reconnection all its output comes again: what is known is skipped."""

    def __init__(self, deliver: Callable[[RunEvent], None], room: Room | None = None) -> None:
        """Begin before the first chunk.

        Args:
            deliver: Must return at once; hears nothing after `CommandFinished` or `FollowEnded`.
            room: Returns when more can be delivered; without it, always.
        """
        self._deliver = deliver
        self.room = room or _at_once
        self._seen = 0
        self._is_over = False

    def take(self, message: Followed) -> None:
        """Deliver a chunk that is new, and the end, once."""
        match message:
            case CommandOutput() if message.seq > self._seen and not self._is_over:
                if message.seq > self._seen + 1:
                    self._deliver(Missed())
                self._seen = message.seq
                self._deliver(message)
            case CommandFinished() if not self._is_over:
                self._is_over = True
                self._deliver(message)
            case _:
                pass

    def ended(self, code: str, message: str) -> None:
        """Deliver that there is no more, unless that is known."""
        if not self._is_over:
            self._is_over = True
            self._deliver(FollowEnded(code, message))

    def interrupted(self) -> None:
        """Deliver that it pauses."""
        if not self._is_over:
            self._deliver(Interrupted())


class LogFollower:
    """Follows one log. After a reconnection its tail comes again; the lines that are known are skipped."""

    def __init__(self, deliver: Callable[[LogEvent], None], tail: int, room: Room | None = None) -> None:
        """Begin before the first line.

        Args:
            deliver: Must return at once; hears nothing after `FollowEnded`.
            tail: As in the source that is followed.
            room: Returns when more can be delivered; without it, always.
        """
        self._deliver = deliver
        self.room = room or _at_once
        self._overlap = Overlap(tail)

    def take(self, message: Followed) -> None:
        """Deliver the lines that are new."""
        if isinstance(message, LogLines):
            fresh, may_miss = self._overlap.fresh(message.lines)
            if fresh or may_miss:
                self._deliver(Lines(fresh, may_miss))

    def ended(self, code: str, message: str) -> None:
        """Deliver that there is no more."""
        self._deliver(FollowEnded(code, message))

    def interrupted(self) -> None:
        """Deliver that it pauses."""
        self._overlap.interrupted()
        self._deliver(Interrupted())


class Backlog(Generic[E]):
    """Events on their way from the reading task to one that takes its time.

    Full, it lets nothing be read from the connection at all: for a connection that serves this one purpose.
    A hub that is kept waiting for very long closes it; what follows then begins anew.
    """

    def __init__(self, size: Callable[[E], int], limit: int = HELD_BYTES) -> None:
        """Begin empty.

        Args:
            size: What an event counts, in bytes.
            limit: At how many bytes it is full; the last event may pass it.
        """
        self._size = size
        self._limit = limit
        self._events: deque[E] = deque()
        self._held = 0
        self._news = asyncio.Event()
        self._taken = asyncio.Event()

    @property
    def size(self) -> int:
        """Bytes that wait to be taken."""
        return self._held

    def put(self, event: E) -> None:
        """Add an event, also to a full one."""
        self._events.append(event)
        self._held += self._size(event)
        self._news.set()

    async def room(self) -> None:
        """Return when it is not full."""
        while self._held > self._limit:
            self._taken.clear()
            await self._taken.wait()

    async def get(self) -> E:
        """Return the next event."""
        while not self._events:
            self._news.clear()
            await self._news.wait()
        event = self._events.popleft()
        self._held -= self._size(event)
        self._taken.set()
        return event


@contextmanager
def run_events(feed: Subscriptions, command_id: str) -> Iterator[Backlog[RunEvent]]:
    """Follow a command meanwhile; the last event is CommandFinished or FollowEnded."""
    backlog = Backlog(_weight_of_run)
    interest = feed.follow(command(command_id), RunFollower(backlog.put, backlog.room))
    try:
        yield backlog
    finally:
        feed.unfollow(interest)


@contextmanager
def log_events(feed: Subscriptions, server_id: str, source: LogSource) -> Iterator[Backlog[LogEvent]]:
    """Follow a log meanwhile; the last event, if there is one, is FollowEnded."""
    backlog = Backlog(_weight_of_log)
    interest = feed.follow(logs(server_id, source), LogFollower(backlog.put, source.tail, backlog.room))
    try:
        yield backlog
    finally:
        feed.unfollow(interest)


async def _at_once() -> None:
    """Whoever delivers into memory always has room."""


def _weight_of_run(event: RunEvent) -> int:
    return _EVENT_COSTS + (len(event.data) if isinstance(event, CommandOutput) else 0)


def _weight_of_log(event: LogEvent) -> int:
    lines = event.lines if isinstance(event, Lines) else ()
    return _EVENT_COSTS + sum(_EVENT_COSTS + len(line.line) for line in lines)
