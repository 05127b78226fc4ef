"""Who on this side is told what comes for one topic only."""

from collections.abc import Awaitable, Callable, Collection
from typing import Protocol, TypeAlias

from chatops_tui.client.interests import Interest, Key, command, logs
from chatops_wire.client import LogLines, SubscriptionEnded
from chatops_wire.commands import CommandFinished, CommandOutput

Followed: TypeAlias = CommandOutput | CommandFinished | LogLines


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


class Switchboard:
    """Outlives connections. For the event loop's thread only."""

    def __init__(self) -> None:
        self._followers: dict[Key, tuple[Interest, Follower]] = {}

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

    def end(self, ended: SubscriptionEnded) -> bool:
        """Tell whoever follows it that the hub ended a topic; False when nobody does."""
        is_command = ended.topic == "command"
        server_id = None if is_command else ended.server_id
        interest = Interest(ended.topic, server_id, ended.command_id, ended.source)
        return self._end(interest.key, ended.code, ended.message)

    def refuse(self, interest: Interest, code: str, message: str) -> bool:
        """Tell whoever wants it that the hub will not tell this; False when nobody does."""
        return self._end(interest.key, code, message)

    def interrupted(self) -> None:
        """Tell everybody that the connection is gone."""
        for _interest, follower in tuple(self._followers.values()):
            follower.interrupted()

    def _end(self, key: Key, code: str, message: str) -> bool:
        found = self._followers.pop(key, None)
        if found is not None:
            found[1].ended(code, message)
        return found is not None


def _key(message: Followed) -> Key:
    if isinstance(message, LogLines):
        return logs(message.server_id, message.source).key
    return command(message.command_id).key
