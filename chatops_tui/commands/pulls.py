"""A pull of an image, followed to its end."""

import asyncio
import sys

from chatops_tui.client.connect import Hub
from chatops_tui.client.conversation import FeedEvent
from chatops_tui.client.errors import HubRefusedError, HubUnreachableError, SignInNeededError
from chatops_tui.client.link import LinkState
from chatops_tui.commands.grid import say
from chatops_tui.commands.say import complain, say_json
from chatops_tui.config import Settings
from chatops_tui.render.numbers import size
from chatops_tui.render.text import clean
from chatops_wire.client import PullFinished, PullProgress, Subscribe
from chatops_wire.rest_docker import PullBegun


async def pull_one(hub: Hub, settings: Settings, server_id: str, image: str, *, as_json: bool) -> bool:
    """Pull an image, tell how it goes, and return whether it succeeded.

    Raises:
        HubUnreachableError, SignInNeededError: The live connection cannot be had, or broke.
    """
    watch = _Watch(hub.feed.url, settings, as_json=as_json)
    feed = asyncio.create_task(hub.feed.run(watch.heard), name="feed")
    pull = asyncio.create_task(_followed(hub, watch, server_id, image), name="pull")
    try:
        await asyncio.wait((feed, pull), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (feed, pull):
            task.cancel()
        await asyncio.gather(feed, pull, return_exceptions=True)
    if pull.cancelled():
        # Only because the feed has ended; it never does without an error.
        feed.result()
    return pull.result()


async def _followed(hub: Hub, watch: "_Watch", server_id: str, image: str) -> bool:
    def subscribe(number: int) -> Subscribe:
        return Subscribe(id=number, topic="containers", server_id=server_id)

    try:
        # First, so that the end of a pull that fails at once is heard.
        await hub.feed.request(subscribe, lambda _result: None)
        watch.follow(await hub.rest.docker.pull(server_id, image))
    except HubRefusedError as exc:
        complain(f"{image}: {exc}")
        return False
    await watch.over.wait()
    return watch.succeeded


class _Watch:
    """Hears the feed. What came before the pull had a name is kept, as it may have ended at once."""

    def __init__(self, url: str, settings: Settings, *, as_json: bool) -> None:
        self.over = asyncio.Event()
        self.succeeded = False
        self._url = url
        self._settings = settings
        self._as_json = as_json
        self._command_id = ""
        self._early: list[PullProgress | PullFinished] = []

    def follow(self, begun: PullBegun) -> None:
        """Take this pull for the one that is meant."""
        self._command_id = begun.command_id
        for message in self._early:
            self._take(message)
        self._early.clear()

    def heard(self, event: FeedEvent) -> None:
        """Take what the feed tells; raises what ends it."""
        match event:
            case LinkState(kind="sign_in", reason=reason):
                raise SignInNeededError(reason)
            case LinkState(kind="reconnecting" | "offline" | "update_needed", reason=reason):
                # A pull that goes on unheard cannot be told from one that ended.
                raise HubUnreachableError(self._url, reason)
            case PullProgress() | PullFinished():
                self._take(event)
            case _:
                pass

    def _take(self, message: PullProgress | PullFinished) -> None:
        if not self._command_id:
            self._early.append(message)
        elif message.command_id != self._command_id:
            pass
        elif isinstance(message, PullProgress):
            self._tell_progress(message)
        else:
            self._tell_end(message)

    def _tell_progress(self, progress: PullProgress) -> None:
        if not sys.stderr.isatty():
            return
        of = f" of {size(progress.total)}" if progress.total else ""
        amount = "" if progress.current is None else f" {size(progress.current)}{of}"
        sys.stderr.write(f"\r\x1b[K{clean(progress.image, 60)}: {clean(progress.text, 60)}{amount}")
        sys.stderr.flush()

    def _tell_end(self, finished: PullFinished) -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
        self.succeeded = finished.success
        if self._as_json:
            say_json(finished)
        elif finished.success:
            say(self._settings, f"{finished.image}: pulled")
        if not finished.success:
            complain(f"{finished.image}: {finished.message or finished.code or 'it failed'}")
        self.over.set()
