"""The bus within one process: of one hub, which then has nobody to talk to, or of several in a test."""

import asyncio
from collections.abc import Callable, Iterator

from chatops_server.bus.base import (
    MAX_PAYLOAD_BYTES,
    AnswerFailedError,
    BusAwayError,
    Handler,
    NoRespondersError,
)
from chatops_server.bus.inbox import Inbox
from chatops_server.bus.subjects import hears


class Exchange:
    """Where buses of one process meet."""

    def __init__(self) -> None:
        self.members: list[InProcessBus] = []


class InProcessBus:
    """A member of an exchange; by itself it carries nothing anywhere."""

    def __init__(self, exchange: Exchange | None = None) -> None:
        self._exchange = exchange or Exchange()
        self._exchange.members.append(self)
        self._inboxes: list[Inbox] = []
        self._ending: set[asyncio.Task[None]] = set()
        self._asked: set[asyncio.Future[bytes]] = set()
        self._is_closed = False

    @property
    def is_connected(self) -> bool:
        """Whether it is open."""
        return not self._is_closed

    @property
    def trouble(self) -> str:
        """Why nothing goes out: it was closed."""
        return "closed" if self._is_closed else ""

    def publish(self, subject: str, payload: bytes) -> bool:
        """Hand a hint to the other members."""
        if self._is_closed or len(payload) > MAX_PAYLOAD_BYTES:
            return False
        for inbox in self._others(subject):
            inbox.put(payload)
        return True

    def subscribe(self, subject: str, handler: Handler) -> Callable[[], None]:
        """Hear a subject."""
        inbox = Inbox(subject, handler)
        self._inboxes.append(inbox)

        def end() -> None:
            if inbox in self._inboxes:
                self._inboxes.remove(inbox)
                self._end(inbox)

        return end

    async def request(self, subject: str, payload: bytes) -> bytes:
        """Ask the other members; the first one that answers does."""
        if self._is_closed:
            raise BusAwayError("closed")
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def answer(said: bytes | None) -> None:
            if future.done():
                return
            if said is None:
                future.set_exception(AnswerFailedError(subject))
            else:
                future.set_result(said)

        if not [inbox for inbox in list(self._others(subject)) if inbox.put(payload, answer)]:
            raise NoRespondersError(subject)
        self._asked.add(future)
        try:
            return await future
        finally:
            self._asked.discard(future)

    async def close(self) -> None:
        """Leave the exchange."""
        self._is_closed = True
        if self in self._exchange.members:
            self._exchange.members.remove(self)
        for future in self._asked:
            if not future.done():
                future.set_exception(BusAwayError("closed"))
        while self._inboxes:
            self._end(self._inboxes.pop())
        await asyncio.gather(*self._ending, return_exceptions=True)

    def _others(self, subject: str) -> Iterator[Inbox]:
        for member in self._exchange.members:
            if member is not self:
                yield from (inbox for inbox in member._inboxes if hears(inbox.subject, subject))  # noqa: SLF001 - of its own kind

    def _end(self, inbox: Inbox) -> None:
        task = inbox.end()
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
