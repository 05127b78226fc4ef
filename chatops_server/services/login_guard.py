"""Keeps password guessing slow without locking anybody out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from chatops_server.domain.login_limits import FailureWindow, network_of
from chatops_server.errors import TooManyRequestsError

# One user name from one address: more at once is no person. Each takes a quarter of a second.
_MAX_IN_LINE: Final = 32

_Key = tuple[str, str]


@dataclass(slots=True)
class Attempt:
    """One try; call `failed` when the password was wrong."""

    wrong: bool = False

    def failed(self) -> None:
        """Count this try against the limit."""
        self.wrong = True


@dataclass(slots=True)
class _Line:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    length: int = 0


class LoginGuard:
    """Lets the tries for one user name from one address through one by one, and only so many wrong ones.

    One by one, so that a volley cannot pass the limit before its first answer is known, and one guesser
    occupies one thread. Only failures count. At most _MAX_IN_LINE tries of one key wait; one more is refused.
    """

    def __init__(self, now_ms: Callable[[], int], window: FailureWindow | None = None) -> None:
        self._now_ms = now_ms
        self._window = window or FailureWindow()
        self._lines: dict[_Key, _Line] = {}

    @asynccontextmanager
    async def attempt(self, username: str, address: str | None) -> AsyncIterator[Attempt]:
        """Wait for this try's turn and hold it.

        Raises:
            TooManyRequestsError: Too many wrong ones within the last minute, or too many in line.
        """
        key = (username.casefold(), network_of(address))
        async with self._turn(key):
            self._refuse_beyond_limit(key)
            attempt = Attempt()
            try:
                yield attempt
            finally:
                if attempt.wrong:
                    self._window.failed(key, self._now_ms())

    @asynccontextmanager
    async def _turn(self, key: _Key) -> AsyncIterator[None]:
        line = self._lines.setdefault(key, _Line())
        if line.length >= _MAX_IN_LINE:
            raise TooManyRequestsError("too many logins at once", 5)
        line.length += 1
        try:
            async with line.lock:
                yield
        finally:
            line.length -= 1
            if line.length == 0:
                self._lines.pop(key, None)

    def _refuse_beyond_limit(self, key: _Key) -> None:
        wait_ms = self._window.wait_ms(key, self._now_ms())
        if wait_ms:
            raise TooManyRequestsError("too many wrong logins, wait a moment", ceil(wait_ms / 1000))
