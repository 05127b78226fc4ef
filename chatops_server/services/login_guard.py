"""Keeps password guessing slow without locking anybody out.

Three things, each by what an attacker has much of: wrong tries for one name from one address are refused
beyond a number; wrong tries for one name from many addresses, or for many names from one, are slowed down;
and one address never holds more than a few of the places where passwords are checked, whatever the names.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
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
# Of one address, all names together: twice the threads, of a hundred places in line for these.
_AT_ONCE_FROM_ONE: Final = 4
_MAX_IN_LINE_FROM_ONE: Final = 400
# Nobody mistypes so often, and no team behind one address either.
_SLOW_FROM: Final = 20
_FIRST_DELAY_S: Final = 0.25
_LONGEST_DELAY_S: Final = 4.0
_COUNTED: Final = 400
_MAX_KNOWN: Final = 10_000

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

    def __init__(
        self,
        now_ms: Callable[[], int],
        window: FailureWindow | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Start without failures; `now_ms` is monotonic: a clock set back must not lock anybody out."""
        self._now_ms = now_ms
        self._window = FailureWindow() if window is None else window
        self._sleep = sleep
        self._of_name = FailureWindow(limit=_COUNTED)
        self._of_network = FailureWindow(limit=_COUNTED)
        # Where each name logged in from: whoever guesses it elsewhere does not slow its user down.
        self._known: OrderedDict[_Key, None] = OrderedDict()
        self._lines: dict[_Key, _Line] = {}
        self._crowds: dict[str, _Line] = {}

    @asynccontextmanager
    async def attempt(self, username: str, address: str | None) -> AsyncIterator[Attempt]:
        """Wait for this try's turn and hold it.

        Raises:
            TooManyRequestsError: Too many wrong ones within the last minute, or too many in line.
        """
        key = (username.casefold(), network_of(address))
        delay_s = self._delay_s(key)
        if delay_s:
            await self._sleep(delay_s)
        async with self._turn(key), self._place(key[1]):
            attempt = Attempt()
            try:
                yield attempt
                if not attempt.wrong:
                    self._remember(key)
            finally:
                if attempt.wrong:
                    self._count(key)

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

    @asynccontextmanager
    async def _place(self, network: str) -> AsyncIterator[None]:
        """Wait for one of the places that one address may take at once."""
        crowd = self._crowds.setdefault(network, _Line())
        if crowd.length >= _MAX_IN_LINE_FROM_ONE:
            raise TooManyRequestsError("too many logins at once", _RETRY_AFTER_S)
        crowd.length += 1
        try:
            while crowd.in_work >= _AT_ONCE_FROM_ONE:
                await crowd.wait()
            crowd.in_work += 1
            try:
                yield
            finally:
                crowd.in_work -= 1
                crowd.wake()
        finally:
            crowd.length -= 1
            if crowd.length == 0:
                self._crowds.pop(network, None)

    def _delay_s(self, key: _Key) -> float:
        name, network = key
        now_ms = self._now_ms()
        elsewhere = 0 if key in self._known else _COUNTED - self._of_name.left(name, now_ms)
        return delay_s(max(elsewhere, _COUNTED - self._of_network.left(network, now_ms)))

    def _count(self, key: _Key) -> None:
        now_ms = self._now_ms()
        self._window.failed(key, now_ms)
        self._of_name.failed(key[0], now_ms)
        self._of_network.failed(key[1], now_ms)

    def _remember(self, key: _Key) -> None:
        self._known[key] = None
        self._known.move_to_end(key)
        while len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)

    def _is_next(self, key: _Key, line: _Line) -> bool:
        left = self._window.left(key, self._now_ms())
        return left <= 0 or line.in_work < min(_AT_ONCE, left)

    def _refuse_beyond_limit(self, key: _Key) -> None:
        wait_ms = self._window.wait_ms(key, self._now_ms())
        if wait_ms:
            raise TooManyRequestsError("too many wrong logins, wait a moment", ceil(wait_ms / 1000))


def delay_s(failures: int) -> float:
    """Return how long a try waits after so many wrong ones within the window: 0, then 0.25 to 4 s."""
    if failures <= _SLOW_FROM:
        return 0.0
    return min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2.0 ** ((failures - _SLOW_FROM) // _SLOW_FROM))
