"""A job that needs the live connection: it is kept up meanwhile, and given up when it stays away."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from chatops_tui.client.connect import Hub
from chatops_tui.client.conversation import FeedEvent
from chatops_tui.client.errors import HubAnswerError, HubUnreachableError, SignInNeededError
from chatops_tui.client.link import LinkState
from chatops_tui.commands.say import complain

T = TypeVar("T")

# A hub that is restarted or updated is back sooner; a script should not hang for longer.
GIVE_UP_AFTER_S: Final = 60.0


async def over_feed(hub: Hub, job: Coroutine[Any, Any, T], *, is_quiet: bool = False) -> T:
    """Return what a job returns that listens to the hub's feed.

    Args:
        hub: Whose.
        job: Is cancelled when the feed is given up.
        is_quiet: Whether the job says itself that the connection broke.

    Raises:
        HubUnreachableError: It could not be connected at once, or has been away for GIVE_UP_AFTER_S.
        SignInNeededError, HubAnswerError: The hub ended the session, or is none of this version.
        Whatever the job raises.
    """
    tell = _say_nothing if is_quiet else complain
    watch = _Watch(hub.feed.url, asyncio.get_running_loop().time, tell)
    feed = asyncio.create_task(hub.feed.run(watch.heard), name="feed")
    work = asyncio.create_task(job, name="job")
    try:
        await asyncio.wait((feed, work), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (work, feed):
            task.cancel()
        await asyncio.gather(work, feed, return_exceptions=True)
    if work.cancelled():
        # Only because the feed has ended; it never does without an error.
        feed.result()
    return work.result()


class _Watch:
    """Ends the feed, by raising from its delivery, when there is no use in waiting."""

    def __init__(self, url: str, now: Callable[[], float], tell: Callable[[str], None]) -> None:
        self._url = url
        self._now = now
        self._tell = tell
        self._was_live = False
        self._lost_at: float | None = None

    def heard(self, event: FeedEvent) -> None:
        if not isinstance(event, LinkState):
            return
        match event.kind:
            case "live":
                self._found()
            case "sign_in":
                raise SignInNeededError(event.reason)
            case "update_needed":
                raise HubAnswerError(self._url, event.reason)
            case "reconnecting" | "offline":
                self._missed(event.reason)
            case "connecting":
                pass

    def _found(self) -> None:
        if self._lost_at is not None:
            self._tell("connected again")
        self._was_live, self._lost_at = True, None

    def _missed(self, reason: str) -> None:
        if not self._was_live:
            raise HubUnreachableError(self._url, reason)
        if self._lost_at is None:
            self._lost_at = self._now()
            self._tell(f"{reason}; waiting for the hub")
        elif self._now() - self._lost_at > GIVE_UP_AFTER_S:
            raise HubUnreachableError(self._url, reason)


def _say_nothing(_sentence: str) -> None:
    """Leave it to the job."""
