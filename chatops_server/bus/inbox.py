"""Messages of one subscription, handled one after the other."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Final

from chatops_server.bus.base import Handler

log = logging.getLogger(__name__)

# Some seconds of a busy fleet. Whoever is further behind is told by the next whole picture, not by these.
MAX_WAITING: Final = 4_096
MAX_WAITING_BYTES: Final = 16 * 1024 * 1024

Answer = Callable[[bytes | None], None]
"""Takes the answer of a question; None: the handler failed."""


class Inbox:
    """A queue in order with a task of its own. Beyond either bound the newest message is dropped."""

    def __init__(self, subject: str, handler: Handler) -> None:
        """Begin; the running loop gets the task."""
        self.subject = subject
        self._handler = handler
        self._waiting: deque[tuple[bytes, Answer | None]] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._is_behind = False
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"bus-{subject}")

    def put(self, payload: bytes, answer: Answer | None = None) -> bool:
        """Queue a message; return whether there was room."""
        if len(self._waiting) >= MAX_WAITING or self._bytes + len(payload) > MAX_WAITING_BYTES:
            if not self._is_behind:
                log.warning("messages of the bus are dropped", extra={"subject": self.subject})
            self._is_behind = True
            return False
        self._waiting.append((payload, answer))
        self._bytes += len(payload)
        self._wake.set()
        return True

    def end(self) -> asyncio.Task[None]:
        """Stop handling; return the task that ends with it."""
        self._task.cancel()
        return self._task

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                payload, answer = self._waiting.popleft()
                self._bytes -= len(payload)
                await self._handle(payload, answer)
            self._is_behind = False

    async def _handle(self, payload: bytes, answer: Answer | None) -> None:
        said: bytes | None = None
        try:
            said = await self._handler(payload) or b""
        except Exception:
            # As in every supervised loop: a defect met by one message costs that message.
            log.exception("a message of the bus was not handled", extra={"subject": self.subject})
        if answer is not None:
            answer(said)
