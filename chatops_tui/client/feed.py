"""The live feed: one connection to the hub's client WebSocket, kept up for as long as somebody listens."""

import asyncio
import contextlib
import itertools
import logging
import random
import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from chatops_tui.client.conversation import Conversation, FeedEvent, Talk, TokenSource
from chatops_tui.client.errors import (
    HubAnswerError,
    HubError,
    HubUnreachableError,
    LinkLostError,
    SignInNeededError,
)
from chatops_tui.client.interests import Interest
from chatops_tui.client.link import Ended, LinkState, after
from chatops_tui.client.switchboard import Follower, Switchboard
from chatops_tui.client.wire import Wire
from chatops_wire.backoff import Backoff
from chatops_wire.client import Result

T = TypeVar("T")

log = logging.getLogger(__name__)

PATH: Final = "/ws"


class Feed:
    """What the hub tells, as frozen events in order, through restarts and lost networks.

    Nothing is buffered here: `deliver` is called from the reading task and must return at once (fold into a
    store). Whoever is too slow leaves the frames in the socket, and the hub then sends the newest state only
    and `Lagged`. After each reconnection every interest is subscribed anew, so `fleet` comes whole again;
    what the charts missed is asked for by REST.
    """

    def __init__(
        self,
        wire: Wire,
        session: TokenSource,
        *,
        now: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._wire = wire
        self._session = session
        self._now = now
        self._chance = chance
        self._wanted: frozenset[Interest] = frozenset()
        self._turns = itertools.count(1)
        self._changed = asyncio.Event()
        self._retry = asyncio.Event()
        self.board = Switchboard()
        """For terminals: what they send and are sent goes over this connection."""

    @property
    def url(self) -> str:
        """The hub's address."""
        return self._wire.url

    def follow(self, interest: Interest, follower: Follower) -> Interest:
        """Tell `follower` all that comes for a topic, from its beginning and again after each reconnection.

        Returns:
            What `unfollow` takes.

        Raises:
            ValueError: Somebody else follows it already.
        """
        mine = replace(interest, turn=next(self._turns))
        self.board.follow(mine, follower)
        self._changed.set()
        return mine

    def unfollow(self, interest: Interest) -> None:
        """Want this no longer; what `follow` returned."""
        self.board.unfollow(interest)
        self._changed.set()

    async def request(self, build: Callable[[int], msgspec.Struct], accept: Callable[[Result], T]) -> T:
        """Ask something of the hub over the live connection, waiting for one if there is none.

        Args:
            build: Makes the message of a request id.
            accept: Makes of the answer what is returned, before anything else that comes is looked at.

        Raises:
            HubUnreachableError: No answer within `limits.answer_within_s`, or the connection broke.
            HubRefusedError: The hub said no.
        """
        try:
            async with asyncio.timeout(self._wire.limits.answer_within_s):
                return await self.board.request(build, accept)
        except TimeoutError as exc:
            raise HubUnreachableError(self._wire.url, "no answer in time") from exc
        except LinkLostError as exc:
            raise HubUnreachableError(self._wire.url, "the connection broke") from exc

    def set_interests(self, wanted: AbstractSet[Interest]) -> None:
        """Want exactly these from now on; only the difference is sent. May be called at any time."""
        if self._wanted != wanted:
            self._wanted = frozenset(wanted)
            self._changed.set()

    def reconnect_now(self) -> None:
        """Cut a wait for the next attempt short: somebody pressed a key, or has signed in."""
        self._retry.set()

    async def run(self, deliver: Callable[[FeedEvent], None]) -> None:
        """Deliver events until cancelled; run it once at a time. What `deliver` raises ends it."""
        backoff = Backoff()
        rejected = ""
        while True:
            deliver(LinkState("connecting", attempt=backoff.attempt))
            token, ended = await self._connect(rejected, deliver)
            if ended.cause == "token_refused" and not rejected:
                # Expired, or the hub has a new secret: a fresh token decides, and without a wait.
                rejected = token
                continue
            following = after(_settled(ended), backoff, now_s=self._now(), chance=self._chance())
            backoff, rejected = following.backoff, ""
            log.info("feed ended", extra={"cause": ended.cause, "attempt": backoff.attempt})
            self._retry.clear()
            deliver(following.state)
            await self._wait(following.wait_s)

    async def _connect(self, rejected: str, deliver: Callable[[FeedEvent], None]) -> tuple[str, Ended]:
        """Return the token that was used, and how it ended."""
        token = ""
        try:
            token = await self._session.token(rejected=rejected)
            async with self._wire.socket(PATH) as ws:
                silent_after_s = self._wire.limits.silent_after_s
                talk = Talk(self._all_wanted, self._changed, deliver, self.board, silent_after_s)
                return token, await Conversation(ws, self._session, talk).hold(token)
        except SignInNeededError as exc:
            return token, Ended("sign_in_needed", exc.reason)
        except (HubUnreachableError, HubAnswerError) as exc:
            return token, Ended("lost", exc.reason)
        except HubError as exc:
            return token, Ended("lost", str(exc))

    def _all_wanted(self) -> frozenset[Interest]:
        return self._wanted | self.board.interests

    async def _wait(self, wait_s: float | None) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._retry.wait()


def _settled(ended: Ended) -> Ended:
    """Return what a second refusal in a row means: of a token that was never accepted, that none will be."""
    if ended.cause != "token_refused":
        return ended
    return replace(ended, cause="sign_in_needed" if ended.lasted_s is None else "lost")
