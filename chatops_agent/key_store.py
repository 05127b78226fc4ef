"""The key this agent shows, and the next one that a hub gave it: on disk before it is used.

What was configured (CHATOPS_API_KEY or --api-key-file) stands first; a key that a hub gave in its place is
kept in the data directory, with a hash of the configured one, so that another configured one goes before it.
Where the configured one came from a file that may be written, the next one takes its place there once the
hub has taken it up. The key before it is shown again where the new one is refused: a hub that was set back to
an older state knows only that.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from chatops_agent.private_file import write_private
from chatops_wire.keys import parse

log = logging.getLogger(__name__)

NAME: Final = "api_key.json"
_MAX_BYTES: Final = 4096


class Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What is on disk."""

    configured: str
    """SHA-256 of the configured key that it goes before, hex; empty: there was none."""
    key: str
    before: str = ""
    """The key it follows, until the hub has taken it up."""


@dataclass(frozen=True, slots=True)
class Configured:
    """The key that a person gave."""

    # Not in the representation, so that no log or traceback ever shows it.
    key: str = field(repr=False)
    """Empty: none, as this machine has enrolled."""
    path: Path | None = None
    """The file it is in; None: the environment."""


class CannotKeepError(Exception):
    """The next key is not on disk; the text says why."""


class KeyStore:
    """The keys of this agent; methods block for one small file."""

    def __init__(self, configured: Configured, data_dir: Path) -> None:
        self._configured = configured
        self._path = data_dir / NAME
        self._kept = kept_key(data_dir)
        if self._kept is not None and self._kept.configured != _digest(configured.key):
            # Whoever configured another key since then wants that.
            self._kept = None
        self._shown = 0

    @property
    def current(self) -> str:
        """The key to show."""
        keys = self._keys()
        return keys[self._shown % len(keys)]

    @property
    def source(self) -> str:
        """Where the key to show is kept, in words for the log."""
        if self._kept is not None and self.current == self._kept.key:
            return str(self._path)
        return str(self._configured.path or "environment")

    def refused(self) -> bool:
        """Go on to another key; return whether there is one that was not refused in this round."""
        self._shown = (self._shown + 1) % len(self._keys())
        return self._shown != 0

    def keep(self, key: str) -> str:
        """Write the next key to disk and return it as it can be read there; the present one stays beside it.

        Raises:
            CannotKeepError: It is no key, or not on disk.
        """
        if parse(key) is None:
            raise CannotKeepError("it is no API key")
        kept = Kept(configured=_digest(self._configured.key), key=key, before=self.current)
        try:
            write_private(self._path, msgspec.json.encode(kept))
        except OSError as exc:
            raise CannotKeepError(exc.strerror or str(exc)) from exc
        read = kept_key(self._path.parent)
        if read is None or read.key != key:
            raise CannotKeepError("it cannot be read back")
        self._kept, self._shown = read, 0
        return read.key

    def accepted(self) -> None:
        """Note that a hub took up the present key: the one before it is forgotten."""
        kept = self._kept
        if kept is None or not kept.before or self.current != kept.key:
            return
        if self._moved_into_file(kept.key):
            self._configured, self._kept = Configured(kept.key, self._configured.path), None
            with suppress(OSError):
                self._path.unlink()
        else:
            self._kept = Kept(configured=kept.configured, key=kept.key)
            with suppress(OSError):
                write_private(self._path, msgspec.json.encode(self._kept))
        self._shown = 0

    def _moved_into_file(self, key: str) -> bool:
        path = self._configured.path
        # A link leads to what somebody else keeps, as a store of secrets does.
        if path is None or path.is_symlink():
            return False
        try:
            write_private(path, f"{key}\n".encode(), owner_of=path)
        except OSError as exc:
            log.info("the key file cannot be changed", extra={"file": str(path), "reason": exc.strerror})
            return False
        return True

    def _keys(self) -> list[str]:
        kept = self._kept
        found = [kept.key, kept.before, self._configured.key] if kept else [self._configured.key]
        return list(dict.fromkeys(key for key in found if key)) or [""]


def kept_key(data_dir: Path) -> Kept | None:
    """Return what a hub gave this agent, None where nothing is kept that can be read."""
    path = data_dir / NAME
    try:
        with path.open("rb") as file:
            kept = msgspec.json.decode(file.read(_MAX_BYTES), type=Kept)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeError) as exc:
        log.warning("the kept key cannot be read", extra={"file": str(path), "reason": type(exc).__name__})
        return None
    return kept if parse(kept.key) else None


def prefix_of(key: str) -> str:
    """Return what of a key may be shown."""
    parts = parse(key)
    return parts.prefix if parts else "(no key of ours)"


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest() if key else ""
