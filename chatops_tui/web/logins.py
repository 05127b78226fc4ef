"""Who is signed in from a browser: each login has a folder of its own with the session of its windows."""

import asyncio
import hashlib
import secrets
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from chatops_tui.client.connect import Tls, open_hub
from chatops_tui.client.errors import HubError
from chatops_tui.client.session_file import SessionFile

LASTS_S: Final = 12 * 3600.0
"""A working day; then somebody signs in again."""
MOST_LOGINS: Final = 100
MOST_LOGINS_OF_ONE: Final = 8
"""One user in so many browsers; the next one ends the oldest, so that nobody takes all the room there is."""
MOST_WINDOWS: Final = 8
"""Of one user, in all their browsers; each is a process of some 50 MB."""
_TOKEN_BYTES: Final = 32


class TooManyLoginsError(Exception):
    """As many people as may be are signed in."""


@dataclass(frozen=True, slots=True)
class HubAddress:
    """Where the hub is, and how it is believed."""

    url: str
    tls: Tls


@dataclass(slots=True)
class Login:
    """One person in one browser."""

    username: str
    folder: Path
    """For configuration and state of the windows' processes; only its owner may read it."""
    until_s: float
    closers: set[Callable[[], Awaitable[object]]] = field(default_factory=set)
    """What closes its windows; they end with it."""
    is_over: bool = False


class Logins:
    """Keeps them by a hash of what is in the browser's cookie."""

    def __init__(self, hub: HubAddress, now: Callable[[], float] = time.monotonic) -> None:
        self._hub = hub
        self._now = now
        self._logins: dict[str, Login] = {}

    async def open(self, username: str, password: str, otp: str) -> str:
        """Sign in at the hub and return what the cookie shall hold.

        Raises:
            TooManyLoginsError: See there.
            HubError: The hub said no or cannot be reached; by kind.
        """
        await self.close_old()
        if len(self._logins) >= MOST_LOGINS:
            raise TooManyLoginsError
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="chatops-web-"))  # 0700
        try:
            async with open_hub(self._hub.url, _sessions(folder), tls=self._hub.tls) as hub:
                await hub.session.login(username, password, otp)
                known = hub.session.username
        except BaseException:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            raise
        theirs = [key for key, login in self._logins.items() if login.username == known]
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._logins[_hash(token)] = Login(known, folder, self._now() + LASTS_S)
        too_many = max(0, len(theirs) + 1 - MOST_LOGINS_OF_ONE)
        await asyncio.gather(*(self._end(self._logins.pop(key)) for key in theirs[:too_many]))
        return token

    def find(self, token: str) -> Login | None:
        """Return the login of a cookie; None where there is none any more."""
        login = self._logins.get(_hash(token))
        return login if login is not None and self._now() < login.until_s else None

    def left_s(self, login: Login) -> float:
        """Return for how long a login still lasts."""
        return max(0.0, login.until_s - self._now())

    async def close(self, token: str) -> None:
        """End a login with its windows, at the hub too. Idempotent."""
        login = self._logins.pop(_hash(token), None)
        if login is not None:
            await self._end(login)

    async def close_all(self) -> None:
        """End all of them, at the same time."""
        logins, self._logins = list(self._logins.values()), {}
        await asyncio.gather(*(self._end(login) for login in logins))

    async def close_old(self) -> None:
        """End those whose time is over."""
        old = [key for key, login in self._logins.items() if not self.left_s(login)]
        await asyncio.gather(*(self._end(self._logins.pop(key)) for key in old))

    async def _end(self, login: Login) -> None:
        login.is_over = True
        await asyncio.gather(*(close() for close in list(login.closers)))
        with suppress(HubError):  # a hub that is away forgets the session by itself
            async with open_hub(self._hub.url, _sessions(login.folder), tls=self._hub.tls) as hub:
                if await hub.session.resume(login.username):
                    await hub.session.logout()
        await asyncio.to_thread(shutil.rmtree, login.folder, ignore_errors=True)


def environment_of(folder: Path) -> dict[str, str]:
    """Return where a window's process keeps everything."""
    return {
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_STATE_HOME": str(folder / "state"),
    }


def _sessions(folder: Path) -> SessionFile:
    return SessionFile(folder / "config" / "chatops")


def _hash(token: str) -> str:
    # What is guessed never meets what is compared: the dictionary looks for the hash.
    return hashlib.sha256(token.encode()).hexdigest()
