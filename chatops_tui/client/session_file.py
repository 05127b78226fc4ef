"""The remembered sessions on disk: one 0600 file, replaced as a whole, changed under a lock."""

import asyncio
import contextlib
import fcntl
import logging
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from chatops_tui.client.errors import HubError
from chatops_tui.client.session import Remembered

log = logging.getLogger(__name__)

FILE: Final = "sessions.json"
LOCK: Final = "sessions.lock"
# The holder may be waiting for a hub's answer (wire.Limits, 15 s), and others before us likewise.
LOCK_WITHIN_S: Final = 40.0
# flock() has no event to await; a thread blocked in it could not be cancelled and would hold up the exit.
_LOCK_LOOK_S: Final = 0.02
# Hubs a person uses, with room to spare; the file does not grow for ever.
_MOST_SESSIONS: Final = 50


class SessionsBusyError(HubError):
    """Another program has held the remembered sessions for too long, perhaps because it is stopped."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"another chatops program is holding {path}")
        self.path = path


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    sessions: tuple[Remembered, ...] = ()
    """Used longest ago first."""


class SessionFile:
    """Sessions in a folder; a broken file is ignored with a warning, and replaced by the next change.

    A folder that cannot be written costs the memory, not the session, and one that cannot be locked the
    order among several programs: those are warnings too.
    """

    def __init__(self, folder: Path, lock_within_s: float = LOCK_WITHIN_S) -> None:
        self._folder = folder
        self._lock_within_s = lock_within_s

    async def find(self, url: str, username: str = "") -> Remembered | None:
        """Return the session of this user, or with an empty name the one used last at this hub.

        Needs no lock, because the file is only ever replaced as a whole.
        """
        return await HeldSessions(self._folder / FILE).find(url, username)

    def hubs(self) -> tuple[str, ...]:
        """Return the addresses of the hubs there are sessions of, used last first; blocks the caller."""
        return tuple(dict.fromkeys(session.url for session in reversed(_read(self._folder / FILE))))

    @asynccontextmanager
    async def hold(self) -> AsyncIterator["HeldSessions"]:
        """Hold the lock; SessionsBusyError when it cannot be had within `lock_within_s`."""
        lock = await self._open_lock()
        try:
            if lock is not None:
                await self._lock(lock)
            yield HeldSessions(self._folder / FILE)
        finally:
            if lock is not None:
                # Closing lets go of the lock.
                os.close(lock)

    async def _lock(self, lock: int) -> None:
        try:
            async with asyncio.timeout(self._lock_within_s):
                while not _try_lock(lock):  # noqa: ASYNC110 - see _LOCK_LOOK_S
                    await asyncio.sleep(_LOCK_LOOK_S)
        except TimeoutError as exc:
            raise SessionsBusyError(self._folder / LOCK) from exc
        except OSError as exc:  # a home on a file system without locks
            log.warning("sessions cannot be locked", extra={"path": str(self._folder), "error": str(exc)})

    async def _open_lock(self) -> int | None:
        try:
            await asyncio.to_thread(self._folder.mkdir, mode=0o700, parents=True, exist_ok=True)
            # Here and not in the thread: a cancelled wait for a thread would lose the descriptor.
            return os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            log.warning("sessions cannot be remembered", extra={"path": str(self._folder), "error": str(exc)})
            return None


class HeldSessions:
    """The sessions of one file, whose lock the caller holds."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def find(self, url: str, username: str = "") -> Remembered | None:
        """Return the session of this user, or with an empty name the one used last at this hub."""
        for session in reversed(await self._load()):
            if session.url == url and username in {"", session.username}:
                return session
        return None

    async def put(self, session: Remembered) -> None:
        """Keep a session in place of an older one of the same user at the same hub."""
        others = [kept for kept in await self._load() if not _is_same_user(kept, session)]
        await self._save((*others, session))

    async def remove(self, session: Remembered) -> None:
        """Forget it, unless a newer one has taken its place."""
        kept = await self._load()
        if session in kept:
            await self._save(tuple(other for other in kept if other != session))

    async def _load(self) -> tuple[Remembered, ...]:
        return await asyncio.to_thread(_read, self._path)

    async def _save(self, sessions: tuple[Remembered, ...]) -> None:
        try:
            await asyncio.to_thread(_replace, self._path, _Document(sessions=sessions[-_MOST_SESSIONS:]))
        except OSError as exc:
            log.warning("session not remembered", extra={"path": str(self._path), "error": str(exc)})


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_same_user(one: Remembered, other: Remembered) -> bool:
    return (one.url, one.username) == (other.url, other.username)


def _read(path: Path) -> tuple[Remembered, ...]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Document).sessions
    except FileNotFoundError:
        return ()
    except (OSError, msgspec.DecodeError, UnicodeError) as exc:
        log.warning("remembered sessions ignored", extra={"path": str(path), "error": str(exc)})
        return ()


def _replace(path: Path, document: _Document) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes it 0600 from the start.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(document), indent=1))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
