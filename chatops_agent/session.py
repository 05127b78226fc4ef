"""One live connection to the hub: the key, then samples one way and orders the other."""

import asyncio
import logging
import socket
from contextlib import suppress
from typing import Final, Protocol

from aiohttp import ClientError, ClientWebSocketResponse, WSMsgType

from chatops_agent.frames import encode_frame
from chatops_agent.key_desk import KeyDesk
from chatops_agent.outbox import Batch, Frame, Outbox
from chatops_agent.pace import Pace
from chatops_wire.agent import (
    AUTH_TIMEOUT_S,
    Ack,
    ActionRequest,
    Auth,
    AuthSuccess,
    Configure,
    Error,
    Narrow,
    Pause,
    ToAgent,
)
from chatops_wire.codec import MalformedFrameError, UnknownMessage, encode, to_agent
from chatops_wire.codes import CloseCode
from chatops_wire.rotation import KeyAccepted, KeyOffer

log = logging.getLogger(__name__)

# A hub that has not read for this long is gone, or so busy that calling again later is kinder.
_SEND_TIMEOUT_S: Final = 15.0
# Without any progress for this long what is on its way is sent again; a hub that refuses a hole says so,
# one that lost a frame in a crash of its own cannot.
_STALLED_AFTER_S: Final = 60.0
# However long a hub wants to be left alone, it may have forgotten to say that it is well.
_LONGEST_PAUSE_MS: Final = 600_000
_MAX_TOLD: Final = 200
# All but what is said of keys.
Said = AuthSuccess | Ack | Pause | Configure | Narrow | Error | ActionRequest
# The program has 5 s to end; a hub that does not answer the close frame shall not take them all.
CLOSE_TIMEOUT_S: Final = 2.0


class Orders(Protocol):
    """Who carries out what the hub orders."""

    async def welcomed(self, server_id: str) -> None:
        """Hear what the hub calls this machine, before it asks for anything."""

    def configure(self, interval_s: float | None) -> None:
        """Sample this often from now on; None: as often as the agent's own setting says."""

    def narrow(self, allowed: tuple[str, ...] | None) -> None:
        """Of what this machine allows do no more than this; None: all of it."""

    def handle(self, request: ActionRequest) -> None:
        """Do what is asked of this machine, or begin to."""

    def next_frame(self) -> bytes | None:
        """Return what is to be told about that now, and count it as told; None: nothing."""

    def disconnected(self) -> None:
        """Go on without this connection."""


class Session:
    """Speaks the protocol over one WebSocket; whoever opened it closes it."""

    def __init__(
        self,
        ws: "ClientWebSocketResponse[bool]",
        outbox: Outbox,
        wake: asyncio.Event,
        orders: Orders,
        keys: KeyDesk,
    ) -> None:
        """Take over an open WebSocket.

        Args:
            ws: Not spoken on yet.
            outbox: What to send, and where acknowledgements go.
            wake: Set whenever the outbox may have something to send.
            orders: Carries out the hub's orders.
            keys: Takes the next key.
        """
        self._ws = ws
        self._outbox = outbox
        self._wake = wake
        self._orders = orders
        self._keys = keys
        self._decoder = to_agent()
        self._paused_until = 0.0
        self._progress_at = 0.0
        self._pace = Pace()
        self.ignored = 0
        """Frames that were no message this version knows."""
        self.complaint = ""
        """What the hub said last in an `error` frame."""

    async def greet(self, auth: Auth) -> AuthSuccess | None:
        """Send the key and return the hub's welcome; None if it closed the connection instead.

        Raises:
            TimeoutError: No answer within 10 s.
            ClientError, OSError: The connection broke.
        """
        async with asyncio.timeout(AUTH_TIMEOUT_S):
            await self._ws.send_frame(encode(auth), WSMsgType.TEXT)
            while (message := await self._next_message()) is not None:
                if isinstance(message, AuthSuccess):
                    return message
                if isinstance(message, Error):
                    self._note(message)
        return None

    async def converse(self, welcome: AuthSuccess) -> None:
        """Exchange messages until the connection ends; however it ends, this returns."""
        self._outbox.resume(welcome.last_seq)
        per_s = welcome.backlog_per_s
        self._pace = Pace(per_s if isinstance(per_s, int) else None)
        self._orders.configure(welcome.interval_s)
        self._progress_at = _now()
        try:
            async with asyncio.TaskGroup() as tasks:
                sender = tasks.create_task(self._send_all(), name="agent-sender")
                while (message := await self._next_message()) is not None:
                    if isinstance(message, KeyOffer | KeyAccepted):
                        # A disk is not waited for here: pings are answered meanwhile.
                        tasks.create_task(self._hear_of_key(message), name="agent-key")
                    else:
                        self._obey(message)
                sender.cancel()
        finally:
            # Nobody watches over a connection that is gone.
            self._orders.configure(None)
            self._orders.disconnected()

    async def _hear_of_key(self, message: KeyOffer | KeyAccepted) -> None:
        if isinstance(message, KeyOffer):
            await self._keys.offered(message.api_key)
        else:
            await self._keys.accepted()

    async def _next_message(self) -> ToAgent | None:
        """Return the next message this version knows; None when the connection has ended."""
        # Answering a ping fails when the connection breaks meanwhile; every other end is told by the loop.
        with suppress(ConnectionError, ClientError):
            async for frame in self._ws:
                message = self._decoded(frame.type, frame.data)
                if message is not None:
                    return message
        return None

    def _decoded(self, kind: WSMsgType, data: str | bytes) -> ToAgent | None:
        if kind is not WSMsgType.TEXT:
            self._ignore("not a text frame")
            return None
        try:
            message = self._decoder.decode(data)
        except MalformedFrameError as exc:
            self._ignore(str(exc))
            return None
        if isinstance(message, UnknownMessage):
            self._ignore(message.type)
            return None
        return message

    def _obey(self, message: Said) -> None:
        match message:
            case Ack():
                self._acknowledged(message)
            case Narrow(allowed=allowed):
                self._orders.narrow(allowed)
            case Configure(interval_s=interval_s):
                self._orders.configure(interval_s)
            case Pause():
                self._pause(message)
            case Error():
                self._note(message)
            case AuthSuccess():
                self._ignore("a second auth_success")
            case _:
                self._orders.handle(message)

    def _acknowledged(self, ack: Ack) -> None:
        if self._outbox.ack(ack.seq):
            self._progress_at = _now()
        if isinstance(ack.backlog_per_s, int):
            self._pace.change(ack.backlog_per_s, _now())
        # A wider window, or a hole to fill: either way there may be something to send.
        self._wake.set()

    async def _send_all(self) -> None:
        try:
            while True:
                if (left_s := self._paused_until - _now()) > 0:
                    await asyncio.sleep(left_s)
                    self._progress_at = _now()
                    continue
                self._resend_if_stalled()
                # No await between clearing, looking and waiting, so that no wake-up is lost.
                self._wake.clear()
                sample = self._next_sample()
                # Samples first: no output of a command ever delays one by more than a frame.
                if sample is not None:
                    frame: bytes | None = encode_frame(sample)
                else:
                    frame = self._keys.next_frame() or self._orders.next_frame()
                if frame is None:
                    await self._woken()
                    continue
                await self._send(frame)
                # A socket that takes everything at once would keep all others from their turn.
                await asyncio.sleep(0)
        except (OSError, ClientError):
            # The connection broke, which ends the receiving side too.
            return

    def _next_sample(self) -> Frame | None:
        frame = self._outbox.next_frame(self._pace.allowance(_now()))
        if isinstance(frame, Batch):
            self._pace.spend(len(frame.samples))
        return frame

    async def _woken(self) -> None:
        loop = asyncio.get_running_loop()
        # The rest of a backlog waits for its pace, which nobody else would tell.
        left_s = self._pace.ready_in_s(_now()) if self._outbox.has_backlog else 0.0
        timer = loop.call_later(left_s, self._wake.set) if left_s else None
        try:
            await self._wake.wait()
        finally:
            if timer is not None:
                timer.cancel()

    async def _send(self, frame: bytes) -> None:
        # No asyncio.timeout here: aiohttp lets all senders wait on one future, so that cancelling this wait
        # would raise CancelledError in the receiving task, which answers pings. Cutting the line ends all.
        loop = asyncio.get_running_loop()
        watchdog = loop.call_later(_SEND_TIMEOUT_S, self._cut)
        try:
            await self._ws.send_frame(frame, WSMsgType.TEXT)
        finally:
            watchdog.cancel()

    def _cut(self) -> None:
        log.debug("the hub does not read; connection cut")
        with suppress(OSError, AttributeError):
            self._ws.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def _resend_if_stalled(self) -> None:
        now = _now()
        if not self._outbox.in_flight:
            self._progress_at = now
        elif now - self._progress_at > _STALLED_AFTER_S:
            log.warning("nothing acknowledged for long; sending again")
            self._outbox.rewind()
            self._progress_at = now

    def _pause(self, pause: Pause) -> None:
        # Bounded before it becomes a float: a number in JSON may be longer than any float.
        length_s = min(max(0, pause.ms), _LONGEST_PAUSE_MS) / 1000
        self._paused_until = _now() + length_s
        log.info("the hub asked to wait", extra={"seconds": length_s, "reason": pause.reason[:_MAX_TOLD]})

    def _note(self, error: Error) -> None:
        self.complaint = f"{error.code}: {error.message}"[:_MAX_TOLD]

    def _ignore(self, what: str) -> None:
        self.ignored += 1
        log.debug("message ignored", extra={"what": what[:_MAX_TOLD], "ignored": self.ignored})


async def hang_up(ws: "ClientWebSocketResponse[bool]") -> None:
    """Close the connection; a hub that does not even read the close frame is left after 2 s."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await ws.close(code=CloseCode.GOING_AWAY)


def _now() -> float:
    return asyncio.get_running_loop().time()
