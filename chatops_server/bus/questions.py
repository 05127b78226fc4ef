"""Questions of one hub that wait for their answers."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from chatops_server.bus.base import AnswerFailedError, BusAwayError, NoRespondersError

_ANSWER = b"+"
_FAILED = b"-"


class Questions:
    """Knows by which word of the hub's own inbox each answer comes."""

    def __init__(self) -> None:
        # By these words answers are told from those to an earlier process, or to somebody's guess.
        self.inbox = f"_INBOX.{secrets.token_hex(11)}"
        self._numbers = count(1)
        self._waiting: dict[str, asyncio.Future[bytes]] = {}

    @contextmanager
    def ask(self) -> Iterator[tuple[str, asyncio.Future[bytes]]]:
        """Yield where the answer to a new question is to be sent, and what becomes of it."""
        reply = f"{self.inbox}.{next(self._numbers)}"
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[reply] = future
        try:
            yield reply, future
        finally:
            del self._waiting[reply]

    def answered(self, reply: str, said: bytes) -> None:
        """Take an answer, as `answer` wrote it; one that nobody waits for is ignored."""
        future = self._waiting.get(reply)
        if future is None or future.done():
            return
        if said[:1] == _ANSWER:
            future.set_result(said[1:])
        else:
            future.set_exception(AnswerFailedError("the hub that was asked failed"))

    def nobody(self, reply: str) -> None:
        """Take that nobody listens."""
        future = self._waiting.get(reply)
        if future is not None and not future.done():
            future.set_exception(NoRespondersError("nobody listens"))

    def away(self) -> None:
        """End them all: the bus went away."""
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(BusAwayError("the bus went away"))


def answer(said: bytes | None) -> bytes:
    """Return an answer as it travels; None: the handler failed."""
    return _FAILED if said is None else _ANSWER + said
