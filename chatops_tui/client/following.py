"""One command's output or one log's lines as events, through lost connections: each once, and in order."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from msgspec.structs import replace

from chatops_tui.client.backlog import Backlog, Weights
from chatops_tui.client.interests import Interest, command, logs
from chatops_tui.client.overlap import Overlap
from chatops_tui.client.switchboard import Followed, Follower
from chatops_wire.client import LogLines
from chatops_wire.commands import CommandFinished, CommandOutput
from chatops_wire.streams import LogLine, LogSource

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


@asynccontextmanager
async def run_events(feed: Subscriptions, command_id: str) -> AsyncIterator[Backlog[RunEvent]]:
    """Follow a command meanwhile; the last event is CommandFinished or FollowEnded."""
    backlog: Backlog[RunEvent] = Backlog(_OF_RUNS)
    interest = feed.follow(command(command_id), RunFollower(backlog.put, backlog.room))
    try:
        yield backlog
    finally:
        feed.unfollow(interest)
        await backlog.close()


@asynccontextmanager
async def log_events(
    feed: Subscriptions, server_id: str, source: LogSource
) -> AsyncIterator[Backlog[LogEvent]]:
    """Follow a log meanwhile; the last event, if there is one, is FollowEnded."""
    backlog: Backlog[LogEvent] = Backlog(_OF_LOGS)
    interest = feed.follow(logs(server_id, source), LogFollower(backlog.put, source.tail, backlog.room))
    try:
        yield backlog
    finally:
        feed.unfollow(interest)
        await backlog.close()


async def _at_once() -> None:
    """Whoever delivers into memory always has room."""


def _size_of_run(event: RunEvent) -> int:
    return _EVENT_COSTS + len(_output_of(event))


def _output_of(event: RunEvent) -> bytes:
    return event.data if isinstance(event, CommandOutput) else b""


def _with_output(event: RunEvent, data: bytes) -> RunEvent:
    return replace(event, data=data) if isinstance(event, CommandOutput) else event


def _size_of_log(event: LogEvent) -> int:
    lines = event.lines if isinstance(event, Lines) else ()
    return _EVENT_COSTS + sum(_EVENT_COSTS + len(line.line) for line in lines)


_OF_RUNS: Final[Weights[RunEvent]] = Weights(_size_of_run, _output_of, _with_output)
# Lines come as fast as a person or a program reads them; more of them are missed, and said to be.
_OF_LOGS: Final[Weights[LogEvent]] = Weights(_size_of_log, lambda _event: b"", lambda event, _data: event)
