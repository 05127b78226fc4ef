"""One visit over ssh: a session at the hub, and the UI that has it, for as long as the connection lasts."""

import asyncio
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from chatops_server.services.accounts import Accounts
from chatops_server.ssh.terminal import TerminalProcess
from chatops_server.storage.sql.users import UserRow

MOST_VISITS: Final = 64
"""At once; each is a process of some 50 MB."""
MOST_VISITS_OF_ONE: Final = 8

# What a terminal is called, and what a user's own environment may say about it.
_TERM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]{0,63}")
_TOLD: Final = ("COLORTERM", "NO_COLOR", "COLORFGBG", "TERM_PROGRAM")
_VALUE: Final = re.compile(r"[A-Za-z0-9;:+._-]{0,64}")
_HANDED_ON: Final = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "TZ")


class TooManyVisitsError(Exception):
    """As many people as may be look at the UI."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What the visitor's terminal is."""

    term: str
    columns: int
    rows: int
    told: Mapping[str, str]
    """What their ssh sent along of its environment."""


@dataclass(frozen=True, slots=True)
class HubAt:
    """Where the hub's own address is, for a program on this machine."""

    url: str
    pin: str = ""
    """Of its certificate; empty: plain http."""


class Visits:
    """Opens visits and counts them."""

    def __init__(self, accounts: Accounts, at: HubAt, state_dir: Path) -> None:
        """Take where what visitors chose to look at is remembered."""
        self._accounts = accounts
        self._at = at
        self._state_dir = state_dir
        self._open: dict[str, int] = {}

    async def open(self, user: UserRow, address: str, screen: Screen) -> "Visit":
        """Begin a session and the UI in it.

        Raises:
            TooManyVisitsError: See there.
            StorageError: The database does not answer.
            OSError: No process can be started.
        """
        mine = self._open.get(user.id, 0)
        if mine >= MOST_VISITS_OF_ONE or sum(self._open.values()) >= MOST_VISITS:
            raise TooManyVisitsError
        # Counted before the first await, so that many at once are too many.
        self._open[user.id] = mine + 1
        visit = Visit(self, user, address)
        try:
            await visit.begin(screen)
        except BaseException:
            await visit.close()
            raise
        return visit

    def make_state_dir(self) -> None:
        """Make the folder, for nobody else to read, of what visitors chose to look at."""
        self._state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._state_dir.chmod(0o700)

    def environment(self, user: UserRow, folder: Path, address: str, screen: Screen) -> dict[str, str]:
        """Return the environment of a visitor's UI: nothing of the hub's own."""
        told = {
            name: value for name, value in screen.told.items() if name in _TOLD and _VALUE.fullmatch(value)
        }
        state = self._state_dir / user.id
        return {
            **{name: os.environ[name] for name in _HANDED_ON if name in os.environ},
            **told,
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_STATE_HOME": str(state),
            "LC_ALL": "C.UTF-8",
            "TERM": screen.term if _TERM.fullmatch(screen.term) else "xterm",
            # The UI sends less where it knows that a line is in between.
            "SSH_CONNECTION": f"{address} 0 0 0",
        }

    def command(self, user: UserRow, tokens_fd: int) -> list[str]:
        """Return how the UI is called."""
        words = [sys.executable, "-m", "chatops_tui.hosted", f"--tokens-fd={tokens_fd}"]
        words += [f"--url={self._at.url}", f"--username={user.username}"]
        return [*words, f"--tls-pin={self._at.pin}"] if self._at.pin else words

    async def begin_session(self, user: UserRow, address: str) -> tuple[str, bytes]:
        """Return the session's id, and the tokens as the UI reads them."""
        tokens, session_id = await self._accounts.login_by_key(user, address)
        return session_id, msgspec.json.encode(tokens)

    async def end_session(self, user: UserRow, session_id: str, address: str) -> None:
        """End the session at once."""
        await self._accounts.end_by_key(user, session_id, address)

    def closed(self, user: UserRow) -> None:
        """One visit of theirs less."""
        left = self._open.get(user.id, 1) - 1
        if left:
            self._open[user.id] = left
        else:
            self._open.pop(user.id, None)


class Visit:
    """One UI of one visitor; `close` after use."""

    def __init__(self, visits: Visits, user: UserRow, address: str) -> None:
        self._visits = visits
        self._user = user
        self._address = address
        self._session_id = ""
        self._folder: Path | None = None
        self._process: TerminalProcess | None = None
        self._is_closed = False

    @property
    def terminal(self) -> TerminalProcess:
        """Where the UI draws; LookupError before it has begun."""
        if self._process is None:
            raise LookupError("the visit has not begun")
        return self._process

    async def begin(self, screen: Screen) -> None:
        """See `Visits.open`."""
        self._session_id, tokens = await self._visits.begin_session(self._user, self._address)
        await asyncio.to_thread(self._visits.make_state_dir)
        folder = self._folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="chatops-ssh-"))
        # Over a pipe: arguments and environment can be read by others, and a file outlives a crash.
        reading, writing = os.pipe()
        try:
            os.write(writing, tokens)  # some 700 bytes: a pipe takes them at once
            os.close(writing)
            environment = self._visits.environment(self._user, folder, self._address, screen)
            process = TerminalProcess(self._visits.command(self._user, reading), environment, reading)
            self._process = process
            await process.open(screen.columns, screen.rows)
        finally:
            os.close(reading)

    async def close(self) -> int:
        """End the UI and its session; return the UI's status. Idempotent."""
        status = await self._process.close() if self._process is not None else 0
        if self._folder is not None:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
            self._folder = None
        if self._session_id:
            session_id, self._session_id = self._session_id, ""
            await self._visits.end_session(self._user, session_id, self._address)
        if not self._is_closed:
            self._is_closed = True
            self._visits.closed(self._user)
        return status
