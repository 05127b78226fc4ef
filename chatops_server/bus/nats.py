"""The bus over NATS core: at most once, nothing kept there. The driver is loaded with this module."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from chatops_server.bus.address import NatsAddress
from chatops_server.bus.base import MAX_PAYLOAD_BYTES, BusAwayError, Handler
from chatops_server.bus.envelope import Envelope, EnvelopeError
from chatops_server.bus.inbox import Inbox
from chatops_server.bus.questions import Questions, answer

if TYPE_CHECKING:
    from nats.aio.subscription import Subscription

log = logging.getLogger(__name__)

# What may wait for the socket: beyond it messages are refused, and whoever sends them knows at once.
_MAX_OUTGOING: Final = 8_192
_MAX_OUTGOING_BYTES: Final = 8 * 1024 * 1024
# A server that is away is called once a second, each of several in turn.
_CALL_EVERY_S: Final = 1
_CONNECT_WITHIN_S: Final = 3
# A line that died silently is noticed after three of these.
_PING_EVERY_S: Final = 4
_CLOSE_WITHIN_S: Final = 0.5
# Answers of the server itself come with this, where nobody listens.
_STATUS: Final = "Status"
_NOBODY: Final = "503"


@dataclass(frozen=True, slots=True)
class _Letter:
    """What waits for the socket."""

    subject: str
    sealed: bytes
    reply: str = ""


class NatsBus:
    """A connection that one task keeps. Nobody waits for it: what is sent while it is away is refused."""

    def __init__(self, address: NatsAddress, envelope: Envelope, name: str) -> None:
        """Prepare; `start` connects. The server's monitoring shows the connection by `name`."""
        self._address = address
        self._envelope = envelope
        self._name = name
        self._inboxes: dict[Inbox, Subscription | None] = {}
        self._ended: list[Subscription] = []
        self._ending: set[asyncio.Task[None]] = set()
        self._questions = Questions()
        self._outgoing: deque[_Letter] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._is_up = False
        self._is_closed = False
        self._trouble = "not connected yet"
        self._is_told = False
        self._is_foreign = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to connect, in the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="bus-connection")

    @property
    def is_connected(self) -> bool:
        """Whether messages go out now."""
        return self._is_up

    @property
    def trouble(self) -> str:
        """Why they do not."""
        return "" if self._is_up else self._trouble

    def publish(self, subject: str, payload: bytes) -> bool:
        """Queue a hint."""
        return self._post(self._wire(subject), payload)

    def subscribe(self, subject: str, handler: Handler) -> Callable[[], None]:
        """Hear a subject."""
        inbox = Inbox(self._wire(subject), handler)
        self._inboxes[inbox] = None
        self._wake.set()

        def end() -> None:
            if inbox in self._inboxes:
                self._end(inbox)
                self._wake.set()

        return end

    async def request(self, subject: str, payload: bytes) -> bytes:
        """Ask; as in Bus."""
        with self._questions.ask() as (reply, future):
            if not self._post(self._wire(subject), payload, reply):
                raise BusAwayError(self.trouble or "too much waits for it")
            return await future

    async def close(self) -> None:
        """Send what was taken and end."""
        self._is_closed = True
        self._wake.set()
        if self._task is not None:
            # What is queued goes out first; a connection that is being made is given up.
            await asyncio.wait([self._task], timeout=_CLOSE_WITHIN_S if self._is_up else 0)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        for inbox in list(self._inboxes):
            self._end(inbox)
        await asyncio.gather(*self._ending, return_exceptions=True)

    def _wire(self, subject: str) -> str:
        return f"{self._address.space}.{subject}"

    def _post(self, subject: str, payload: bytes, reply: str = "") -> bool:
        if not self._is_up or self._is_closed or len(payload) > MAX_PAYLOAD_BYTES:
            return False
        if len(self._outgoing) >= _MAX_OUTGOING or self._bytes + len(payload) > _MAX_OUTGOING_BYTES:
            return False
        letter = _Letter(subject, self._envelope.seal(subject, payload), reply)
        self._outgoing.append(letter)
        self._bytes += len(letter.sealed)
        self._wake.set()
        return True

    async def _run(self) -> None:
        while not self._is_closed:
            client, has_ended = Client(), asyncio.Event()
            try:
                await self._connect(client, has_ended)
                await self._serve(client, has_ended)
            except (NatsError, OSError, TimeoutError) as exc:
                self._trouble = str(exc)
            finally:
                self._went_away("closed" if self._is_closed else self._trouble)
                await _closed(client)
            if not self._is_closed:
                # The driver gives up where it is not let in, for one.
                await asyncio.sleep(_CALL_EVERY_S)

    async def _connect(self, client: Client, has_ended: asyncio.Event) -> None:
        async def ended() -> None:
            has_ended.set()
            self._wake.set()

        async def down() -> None:
            self._went_away(self._trouble or "the connection broke")

        async def up() -> None:
            self._came_back()

        async def failed(exc: Exception) -> None:
            self._trouble = str(exc) or type(exc).__name__
            if not self._is_up:
                self._went_away(self._trouble)

        await client.connect(
            list(self._address.urls),
            name=self._name,
            no_echo=True,
            max_reconnect_attempts=-1,
            reconnect_time_wait=_CALL_EVERY_S,
            connect_timeout=_CONNECT_WITHIN_S,
            ping_interval=_PING_EVERY_S,
            error_cb=failed,
            disconnected_cb=down,
            reconnected_cb=up,
            closed_cb=ended,
        )

    async def _serve(self, client: Client, has_ended: asyncio.Event) -> None:
        await client.subscribe(f"{self._questions.inbox}.*", cb=self._answered)
        self._inboxes = dict.fromkeys(self._inboxes)
        self._ended.clear()
        self._came_back()
        while not has_ended.is_set():
            await self._agree_on_subjects(client)
            while self._outgoing:
                letter = self._outgoing.popleft()
                self._bytes -= len(letter.sealed)
                await _sent(client, letter)
            if self._is_closed:
                return
            await self._wake.wait()
            self._wake.clear()

    async def _agree_on_subjects(self, client: Client) -> None:
        for inbox in [inbox for inbox, subscription in self._inboxes.items() if subscription is None]:
            subscription = await client.subscribe(inbox.subject, cb=partial(self._heard, inbox))
            if inbox in self._inboxes:
                self._inboxes[inbox] = subscription
            else:
                self._ended.append(subscription)
        while self._ended:
            with suppress(NatsError):
                await self._ended.pop().unsubscribe()

    async def _heard(self, inbox: Inbox, message: Msg) -> None:
        payload = self._opened(message)
        if payload is None:
            return
        if not message.reply:
            inbox.put(payload)
            return

        def answered(said: bytes | None) -> None:
            self._post(message.reply, answer(said))

        inbox.put(payload, answered)

    async def _answered(self, message: Msg) -> None:
        if message.headers and message.headers.get(_STATUS) == _NOBODY:
            self._questions.nobody(message.subject)
            return
        said = self._opened(message)
        if said is not None:
            self._questions.answered(message.subject, said)

    def _opened(self, message: Msg) -> bytes | None:
        try:
            return self._envelope.open(message.subject, message.data)
        except EnvelopeError as exc:
            if not self._is_foreign:
                log.warning("a message of the bus is not read; hubs share CHATOPS_SECRET", extra=_why(exc))
            self._is_foreign = True
            return None

    def _came_back(self) -> None:
        if self._is_told:
            log.info("the bus is back")
        self._is_up, self._is_told, self._trouble = True, False, ""

    def _went_away(self, reason: str) -> None:
        self._is_up, self._trouble = False, reason or "not connected"
        self._outgoing.clear()
        self._bytes = 0
        self._questions.away()
        if not self._is_told and not self._is_closed:
            log.warning("the bus is away", extra={"reason": self._trouble, "bus": str(self._address)})
            self._is_told = True

    def _end(self, inbox: Inbox) -> None:
        subscription = self._inboxes.pop(inbox)
        if subscription is not None:
            self._ended.append(subscription)
        task = inbox.end()
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


async def _sent(client: Client, letter: _Letter) -> None:
    # Too large for this server, or the connection broke a moment ago: hints may be lost.
    with suppress(NatsError, OSError):
        await client.publish(letter.subject, letter.sealed, reply=letter.reply)


async def _closed(client: Client) -> None:
    with suppress(NatsError, OSError, TimeoutError):
        async with asyncio.timeout(_CLOSE_WITHIN_S):
            if client.is_connected:
                await client.flush()
    with suppress(NatsError, OSError, TimeoutError):
        async with asyncio.timeout(_CLOSE_WITHIN_S):
            await client.close()


def _why(exc: EnvelopeError) -> dict[str, str]:
    return {"reason": str(exc)}
