"""Who on this side is told what comes for one topic or terminal only, and how the hub is asked."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Protocol, TypeAlias, TypeVar

import msgspec

from chatops_tui.client.interests import Interest, Key, command, logs
from chatops_wire.client import LogLines, Result, SubscriptionEnded
from chatops_wire.commands import CommandFinished, CommandOutput
from chatops_wire.terminals import TerminalClose, TerminalData

T = TypeVar("T")

Followed: TypeAlias = CommandOutput | CommandFinished | LogLines
OfTerminal: TypeAlias = TerminalData | TerminalClose


class Follower(Protocol):
    """Whoever follows one topic by itself. Called by the task that reads, so nothing but `room` may wait."""

    def take(self, message: Followed) -> None:
        """Hear the next message."""
        ...

    def ended(self, code: str, message: str) -> None:
        """Hear that the hub will not, or no longer, tell this."""
        ...

    def interrupted(self) -> None:
        """Hear that the connection broke; the topic begins anew with the next one."""
        ...

    @property
    def room(self) -> Callable[[], Awaitable[None]]:
        """Returns when more can be taken; until then nothing at all is read."""
        ...


class Viewer(Protocol):
    """Whoever views one terminal. Called by the task that reads, so it may not wait."""

    def take(self, message: OfTerminal) -> None:
        """Hear the next message."""
        ...

    def interrupted(self) -> None:
        """Hear that the connection broke, and with it this view."""
        ...


class Speaker(Protocol):
    """The open connection."""

    async def request(self, build: Callable[[int], msgspec.Struct], accept: Callable[[Result], T]) -> T:
        """Send what `build` makes of a request id; return what `accept` makes of the answer, at once.

        Raises:
            HubRefusedError: By kind.
            LinkLostError: The connection ended before the answer.
        """
        ...

    async def say(self, message: msgspec.Struct) -> None:
        """Send a message that has no answer; nobody learns here whether it arrived."""
        ...


class Switchboard:
    """Outlives connections. For the event loop's thread only."""

    def __init__(self) -> None:
        self._followers: dict[Key, tuple[Interest, Follower]] = {}
        self._viewers: dict[str, Viewer] = {}
        self._speaker: Speaker | None = None
        self._is_open = asyncio.Event()

    @property
    def interests(self) -> frozenset[Interest]:
        """What the followers want."""
        return frozenset(interest for interest, _follower in self._followers.values())

    def follow(self, interest: Interest, follower: Follower) -> None:
        """Tell `follower` what comes for a topic; ValueError when somebody else follows it already."""
        if interest.key in self._followers:
            raise ValueError(f"followed already: {interest.topic}")
        self._followers[interest.key] = (interest, follower)

    def unfollow(self, interest: Interest) -> None:
        """Tell nobody any more."""
        if self._followers.get(interest.key, (None,))[0] == interest:
            del self._followers[interest.key]

    def view(self, terminal_id: str, viewer: Viewer) -> None:
        """Tell `viewer` what comes from a terminal, in place of whoever viewed it."""
        self._viewers[terminal_id] = viewer

    def look_away(self, terminal_id: str, viewer: Viewer) -> None:
        """Tell this viewer nothing any more."""
        if self._viewers.get(terminal_id) is viewer:
            del self._viewers[terminal_id]

    async def pass_on(self, message: Followed, *, stale: Collection[Key]) -> bool:
        """Tell whoever follows this, and wait until they can take more; False when nobody does.

        Args:
            message: What came.
            stale: What was unsubscribed a moment ago, so that this is not for a new follower of the same.
        """
        key = _key(message)
        found = self._followers.get(key)
        if found is None:
            return False
        if key not in stale:
            found[1].take(message)
            await found[1].room()
        return True

    def show(self, message: OfTerminal) -> None:
        """Tell whoever views this terminal."""
        viewer = self._viewers.get(message.terminal_id)
        if viewer is not None:
            viewer.take(message)

    def end(self, ended: SubscriptionEnded) -> bool:
        """Tell whoever follows it that the hub ended a topic; False when nobody does."""
        is_command = ended.topic == "command"
        server_id = None if is_command else ended.server_id
        interest = Interest(ended.topic, server_id, ended.command_id, ended.source)
        return self._end(interest.key, ended.code, ended.message)

    def refuse(self, interest: Interest, code: str, message: str) -> bool:
        """Tell whoever wants it that the hub will not tell this; False when nobody does."""
        return self._end(interest.key, code, message)

    def opened(self, speaker: Speaker) -> None:
        """Ask and say over this connection from now on."""
        self._speaker = speaker
        self._is_open.set()

    def closed(self) -> None:
        """Tell everybody that the connection is gone."""
        self._is_open.clear()
        self._speaker = None
        viewers, self._viewers = self._viewers, {}
        for viewer in viewers.values():
            viewer.interrupted()
        for _interest, follower in tuple(self._followers.values()):
            follower.interrupted()

    async def request(self, build: Callable[[int], msgspec.Struct], accept: Callable[[Result], T]) -> T:
        """Ask over the open connection, or the next one; the deadline is the caller's."""
        while self._speaker is None:
            await self._is_open.wait()
        return await self._speaker.request(build, accept)

    async def say(self, message: msgspec.Struct) -> None:
        """Say something; without a connection it is lost."""
        if self._speaker is not None:
            await self._speaker.say(message)

    def _end(self, key: Key, code: str, message: str) -> bool:
        found = self._followers.pop(key, None)
        if found is not None:
            found[1].ended(code, message)
        return found is not None


def _key(message: Followed) -> Key:
    if isinstance(message, LogLines):
        return logs(message.server_id, message.source).key
    return command(message.command_id).key
