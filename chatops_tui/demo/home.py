"""Where the demo keeps what a second start needs: one private folder, used by one demo at a time."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from chatops_tui.demo.errors import DemoError

# 96 random bits as 16 characters: out of reach of guessing, short enough to type into another terminal.
_PASSWORD_BYTES: Final = 12


class Home:
    """The demo's folder; its files are 0600."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hub_data = folder / "hub"
        self.agent_data = folder / "agent"
        self.agent_key = folder / "agent-key"
        self._password = folder / "admin-password"
        self._server_id = folder / "server-id"

    def password(self) -> str:
        """Return the admin's password, made at the first call ever."""
        kept = _read(self._password)
        if not kept:
            kept = secrets.token_urlsafe(_PASSWORD_BYTES)
            _write(self._password, kept)
        return kept

    def key(self) -> str:
        """Return the agent's API key, empty before the first `remember`."""
        return _read(self.agent_key)

    def server_id(self) -> str:
        """Return the id of this machine's server, empty before the first `remember`."""
        return _read(self._server_id)

    def remember(self, server_id: str, key: str) -> None:
        """Keep which server this machine is and the key that proves it."""
        _write(self._server_id, server_id)
        _write(self.agent_key, key)

    def log(self, program: str) -> Path:
        """Return where this program's log goes; each start begins it anew."""
        return self.folder / f"{program}.log"


@contextmanager
def opened(folder: Path) -> Iterator[Home]:
    """Yield the folder, made if need be, with every other demo kept out of it.

    Raises:
        DemoError: Another demo runs in it, or it cannot be used.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / "demo.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise DemoError(f"the folder {folder} cannot be used: {exc.strerror}") from exc
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield Home(folder)
    except BlockingIOError as exc:
        raise DemoError(
            f"a demo is already running in {folder}; another one needs another --data-dir"
        ) from exc
    finally:
        os.close(lock)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""


def _write(path: Path, text: str) -> None:
    # Beside it and then in its place, so that a demo that is killed never leaves half a key.
    beside = path.with_name(f".{path.name}")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{text}\n")
    beside.replace(path)
