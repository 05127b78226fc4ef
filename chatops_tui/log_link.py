"""Logs between hub and screens: what is followed fills the memory of whoever looks at it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from chatops_tui.requests import RequestFailedError
from chatops_tui.store.log_memory import LogSink
from chatops_wire.streams import LogSource

if TYPE_CHECKING:
    from chatops_tui.client.feed import Feed
    from chatops_tui.client.following import LogEvent


class Desk(Protocol):
    """The link, as far as logs need it."""

    @property
    def feed(self) -> "Feed":
        """What the hub tells; RequestFailedError while there is no hub."""
        ...


class LogLink:
    """`requests.Logs`."""

    def __init__(self, desk: Desk, changed: Callable[[], None]) -> None:
        """Follow nothing yet; `changed` is called after each change of a memory."""
        self._desk = desk
        self._changed = changed

    def follow(self, server_id: str, source: LogSource, memory: LogSink) -> Callable[[], None]:
        """Fill `memory` until what is returned is called; RequestFailedError."""
        from chatops_tui.client.following import LogFollower  # noqa: PLC0415 - see hub_link: aiohttp is slow
        from chatops_tui.client.interests import logs  # noqa: PLC0415 - likewise

        feed = self._desk.feed
        follower = LogFollower(lambda event: self._deliver(event, memory), source.tail)
        try:
            interest = feed.follow(logs(server_id, source), follower)
        except ValueError as exc:
            raise RequestFailedError("This log is followed already.") from exc
        return lambda: feed.unfollow(interest)

    def _deliver(self, event: "LogEvent", memory: LogSink) -> None:
        from chatops_tui.client.following import FollowEnded, Interrupted, Lines  # noqa: PLC0415 - likewise

        match event:
            case Lines():
                memory.take(event.lines, may_miss=event.may_miss)
            case Interrupted():
                memory.interrupt()
            case FollowEnded():
                memory.end(event.message or event.code)
        self._changed()
