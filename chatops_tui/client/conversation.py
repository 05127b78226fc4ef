"""One open client WebSocket: sign in, ask for topics, stay signed in, measure, and tell what comes."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol, TypedDict, TypeVar, assert_never

import aiohttp
import msgspec

from chatops_tui.client.errors import HubError, LinkLostError, SignInNeededError, refused_by_code
from chatops_tui.client.interests import Interest, Key, changes
from chatops_tui.client.link import Ended, LinkState, closed
from chatops_tui.client.switchboard import Switchboard
from chatops_tui.client.wire import Socket
from chatops_wire.agent import AUTH_TIMEOUT_S
from chatops_wire.client import (
    AlertMessage,
    Authenticated,
    AuthToken,
    ClientError,
    ContainerMessage,
    EventMessage,
    Fleet,
    FleetUpdate,
    Lagged,
    LogLines,
    MetricsEvent,
    Ping,
    Pong,
    PullFinished,
    PullProgress,
    Result,
    Subscribe,
    SubscriptionEnded,
    ToClient,
    Unsubscribe,
)
from chatops_wire.codec import MalformedFrameError, UnknownMessage, encode, to_client
from chatops_wire.codes import ErrorCode
from chatops_wire.commands import CommandFinished, CommandOutput
from chatops_wire.streams import LogSource
from chatops_wire.terminals import TerminalClose, TerminalData

T = TypeVar("T")

log = logging.getLogger(__name__)

# The status bar calls a link stale after 3 s without a frame, so a quiet hub must be heard that often.
PING_EVERY_S: Final = 2.5
SEND_WITHIN_S: Final = 10.0
# When a due token cannot be renewed the old one still holds for a while (session.RENEW_AHEAD_S).
RENEW_AGAIN_S: Final = 5.0


class InterestRefused(msgspec.Struct, frozen=True):
    """The hub will not tell this, e.g. because the server is gone; not asked again on this connection."""

    interest: Interest
    code: str
    message: str


FeedEvent = (
    LinkState
    | InterestRefused
    | Authenticated
    | Fleet
    | FleetUpdate
    | MetricsEvent
    | EventMessage
    | AlertMessage
    | ContainerMessage
    | PullProgress
    | PullFinished
    | CommandOutput
    | CommandFinished
    | LogLines
    | SubscriptionEnded
    | Lagged
)


class TokenSource(Protocol):
    """Whoever keeps the session."""

    @property
    def renew_in_s(self) -> float:
        """Seconds until the current token should be replaced."""
        ...

    async def token(self, *, rejected: str = "") -> str:
        """Return a token that is good for a while and is not `rejected`; SignInNeededError, HubError."""
        ...


class Talk(msgspec.Struct, frozen=True):
    """What a conversation is about, and how it is told."""

    wanted: Callable[[], frozenset[Interest]]
    """Asked again whenever `changed` is set."""
    changed: asyncio.Event
    deliver: Callable[[FeedEvent], None]
    board: Switchboard
    """Who is told what somebody follows by itself, and what terminals send."""
    silent_after_s: float


class Conversation:
    """Reads in one task and speaks in three more; a failed sending is left to the reader to notice."""

    def __init__(self, ws: Socket, session: TokenSource, talk: Talk) -> None:
        self._ws = ws
        self._session = session
        self._talk = talk
        self._deliver = talk.deliver
        self._decoder = to_client()
        self._asked: dict[int, Interest] = {}
        """Subscriptions not yet answered, by request id: at most one an interest."""
        self._leaving: dict[int, Key] = {}
        """What has been unsubscribed, by request id, until that is answered: what still comes is stale."""
        self._waiting: dict[int, Callable[[Result | ClientError | None], None]] = {}
        """Who waits for the answer to a request, by its id; None: the connection has ended."""
        self._last_id = 0
        self._said = ""
        self._incompatible = False
        self._pinged_at: float | None = None
        self._accepted_at: float | None = None

    async def hold(self, token: str) -> Ended:
        """Return how it ended, once it has."""
        ended = await self._sign_in(token)
        if ended is not None:
            return ended
        self._talk.board.opened(self)
        try:
            return await self._converse(token)
        finally:
            self._talk.board.closed()
            for settle in tuple(self._waiting.values()):
                settle(None)

    async def request(self, build: Callable[[int], msgspec.Struct], accept: Callable[[Result], T]) -> T:
        """Do what `switchboard.Speaker` says."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def settle(message: Result | ClientError | None) -> None:
            if answer.done():
                return
            match message:
                case Result():
                    # Now, and not when the waiting task has its turn: what follows may belong to it.
                    answer.set_result(accept(message))
                case ClientError():
                    answer.set_exception(refused_by_code(message.code, message.message))
                case None:
                    answer.set_exception(LinkLostError())

        request_id = self._new_id()
        self._waiting[request_id] = settle
        try:
            await self.say(build(request_id))
            return await answer
        finally:
            del self._waiting[request_id]

    async def say(self, message: msgspec.Struct) -> None:
        """Send a frame; a failure is left to the reader to notice."""
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                await self._ws.send_str(encode(message).decode())
        except (aiohttp.ClientError, ConnectionError, TimeoutError):
            log.debug("frame not sent", extra={"type": type(message).__name__})

    async def _converse(self, token: str) -> Ended:
        async with asyncio.TaskGroup() as tasks:
            speakers = [
                tasks.create_task(self._ask(), name="feed-interests"),
                tasks.create_task(self._measure(), name="feed-ping"),
                tasks.create_task(self._stay_signed_in(token), name="feed-token"),
            ]
            ended = await self._listen()
            for speaker in speakers:
                speaker.cancel()
        return ended

    async def _sign_in(self, token: str) -> Ended | None:
        await self.say(AuthToken(token=token))
        while True:
            message = await self._next(AUTH_TIMEOUT_S)
            if isinstance(message, Ended):
                return message
            if isinstance(message, Authenticated):
                self._accepted_at = asyncio.get_running_loop().time()
                self._deliver(message)
                self._deliver(LinkState("live"))
                return None
            await self._take(message)

    async def _listen(self) -> Ended:
        while True:
            message = await self._next(self._talk.silent_after_s)
            if isinstance(message, Ended):
                return message
            await self._take(message)

    async def _next(self, within_s: float) -> ToClient | UnknownMessage | Ended:
        try:
            async with asyncio.timeout(within_s):
                frame = await self._ws.receive()
        except TimeoutError:
            return Ended("lost", f"the hub has been silent for {within_s:.0f} s", self._lasted_s())
        if frame.type is not aiohttp.WSMsgType.TEXT:
            return self._closed()
        try:
            return self._decoder.decode(frame.data)
        except MalformedFrameError as exc:
            log.warning("frame not understood", extra={"error": str(exc)[:200]})
            return Ended(
                "incompatible", "the hub sends what this version does not understand", self._lasted_s()
            )

    def _closed(self) -> Ended:
        ended = closed(self._ws.close_code, self._said, self._lasted_s())
        return Ended("incompatible", ended.reason, ended.lasted_s) if self._incompatible else ended

    async def _take(self, message: ToClient | UnknownMessage) -> None:
        match message:
            case CommandOutput() | CommandFinished() | LogLines():
                if not await self._talk.board.pass_on(message, stale=self._leaving.values()):
                    self._deliver(message)
            case TerminalData() | TerminalClose():
                self._talk.board.show(message)
            case UnknownMessage():
                log.debug("message of a newer hub ignored", extra={"type": message.type[:50]})
            case Pong() | Result() | ClientError() | SubscriptionEnded():
                self._heard(message)
            case (
                Authenticated()
                | Fleet()
                | FleetUpdate()
                | MetricsEvent()
                | EventMessage()
                | AlertMessage()
                | ContainerMessage()
                | PullProgress()
                | PullFinished()
                | Lagged()
            ):
                self._deliver(message)
            case _:
                assert_never(message)

    def _heard(self, message: Pong | Result | ClientError | SubscriptionEnded) -> None:
        match message:
            case Pong():
                self._heard_pong()
            case Result():
                self._heard_result(message)
            case ClientError():
                self._heard_error(message)
            case SubscriptionEnded():
                if not self._talk.board.end(message):
                    self._deliver(message)
            case _:
                assert_never(message)

    def _heard_pong(self) -> None:
        if self._pinged_at is not None:
            rtt_s = asyncio.get_running_loop().time() - self._pinged_at
            self._pinged_at = None
            self._deliver(LinkState("live", rtt_ms=rtt_s * 1000))

    def _heard_result(self, result: Result) -> None:
        request_id = _number(result.id)
        self._asked.pop(request_id, None)
        self._leaving.pop(request_id, None)
        if request_id in self._waiting:
            self._waiting[request_id](result)

    def _heard_error(self, error: ClientError) -> None:
        request_id = _number(error.id)
        self._leaving.pop(request_id, None)
        interest = self._asked.pop(request_id, None)
        if request_id in self._waiting:
            self._waiting[request_id](error)
        elif interest is not None:
            if not self._talk.board.refuse(interest, error.code, error.message):
                self._deliver(InterestRefused(interest, error.code, error.message))
        elif error.id is msgspec.UNSET:
            # The hub is about to close, and says why.
            self._said = error.message
            self._incompatible = error.code == ErrorCode.UNSUPPORTED_PROTOCOL

    async def _ask(self) -> None:
        asked: frozenset[Interest] = frozenset()
        while True:
            self._talk.changed.clear()
            target = self._talk.wanted()
            difference = changes(asked, target)
            for interest in difference.unsubscribe:
                request_id = self._new_id()
                self._leaving[request_id] = interest.key
                await self.say(Unsubscribe(id=request_id, **_words(interest)))
            for interest in difference.subscribe:
                request_id = self._new_id()
                self._asked[request_id] = interest
                await self.say(Subscribe(id=request_id, **_words(interest)))
            asked = target
            await self._talk.changed.wait()

    async def _measure(self) -> None:
        while True:
            if self._pinged_at is None:
                self._pinged_at = asyncio.get_running_loop().time()
            await self.say(Ping(id=self._new_id()))
            await asyncio.sleep(PING_EVERY_S)

    async def _stay_signed_in(self, sent: str) -> None:
        wait_s = self._session.renew_in_s
        while True:
            await asyncio.sleep(wait_s)
            try:
                token = await self._session.token()
            except SignInNeededError:
                # The hub ends the connection when the token expires; until then there is something to see.
                return
            except HubError:
                token = sent
            if token != sent:
                await self.say(AuthToken(token=token))
                sent = token
            wait_s = max(self._session.renew_in_s, RENEW_AGAIN_S)

    def _new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _lasted_s(self) -> float | None:
        if self._accepted_at is None:
            return None
        return asyncio.get_running_loop().time() - self._accepted_at


class _Words(TypedDict):
    topic: str
    server_id: str | None
    command_id: str | None
    source: LogSource | None


def _words(interest: Interest) -> _Words:
    return {
        "topic": interest.topic,
        "server_id": interest.server_id,
        "command_id": interest.command_id,
        "source": interest.source,
    }


def _number(request_id: object) -> int:
    return request_id if isinstance(request_id, int) else 0
