"""Keeps password guessing slow without locking anybody out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from chatops_server.domain.addresses import network_of
from chatops_server.domain.login_limits import FailureWindow
from chatops_server.errors import TooManyRequestsError

# As many as there are threads to check passwords: one name alone is served as fast as can be, and makes
# others wait for two checks at most.
_AT_ONCE: Final = 2
# What would wait longer than about half a minute is refused; a wait costs a connection and little memory.
_MAX_IN_LINE: Final = 200
_RETRY_AFTER_S: Final = 5

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
    in_work: int = 0
    waiting: list[asyncio.Future[None]] = field(default_factory=list)
    length: int = 0
    """Those in work and those that wait."""

    async def wait(self) -> None:
        """Return when one in work has ended."""
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(ended)
        await ended

    def wake(self) -> None:
        """Let all that wait look again. Not a Condition: that would have to wait for its lock here."""
        woken, self.waiting = self.waiting, []
        for ended in woken:
            if not ended.done():
                ended.set_result(None)


class LoginGuard:
    """Lets only so many wrong tries for one user name from one address through in a minute.

    Only failures count. No more tries are in work at once than may still fail, so that a volley cannot
    pass the limit before its first answers are known; the others wait, at most _MAX_IN_LINE of one key,
    one more is refused.
    """

    def __init__(self, now_ms: Callable[[], int], window: FailureWindow | None = None) -> None:
        """Start without failures; `now_ms` is monotonic: a clock set back must not lock anybody out."""
        self._now_ms = now_ms
        self._window = FailureWindow() if window is None else window
        self._lines: dict[_Key, _Line] = {}

    @asynccontextmanager
    async def attempt(self, username: str, address: str | None) -> AsyncIterator[Attempt]:
        """Wait for this try's turn and hold it.

        Raises:
            TooManyRequestsError: Too many wrong ones within the last minute, or too many in line.
        """
        key = (username.casefold(), network_of(address))
        async with self._turn(key):
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
            raise TooManyRequestsError("too many logins at once", _RETRY_AFTER_S)
        line.length += 1
        try:
            while not self._is_next(key, line):
                await line.wait()
            # No `await` since it was its turn.
            self._refuse_beyond_limit(key)
            line.in_work += 1
            try:
                yield
            finally:
                line.in_work -= 1
                line.wake()
        finally:
            line.length -= 1
            if line.length == 0:
                self._lines.pop(key, None)

    def _is_next(self, key: _Key, line: _Line) -> bool:
        left = self._window.left(key, self._now_ms())
        return left <= 0 or line.in_work < min(_AT_ONCE, left)

    def _refuse_beyond_limit(self, key: _Key) -> None:
        wait_ms = self._window.wait_ms(key, self._now_ms())
        if wait_ms:
            raise TooManyRequestsError("too many wrong logins, wait a moment", ceil(wait_ms / 1000))
