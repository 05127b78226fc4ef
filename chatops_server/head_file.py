"""The newest audit entry, noted beside the database in a file of its owner: what is cut off later shows."""

import os
import re
from pathlib import Path
from typing import Final

from chatops_server.storage.sql.audit import Head
from chatops_wire.settings import SettingError

_NAME: Final = "audit-head"
_HEAD: Final = re.compile(r"(\d{1,18}):([0-9a-f]{64})", re.ASCII)


def parsed(text: str) -> Head:
    """Return `ID:HASH`, as the log and the file tell it.

    Raises:
        SettingError: It is no such thing.
    """
    found = _HEAD.fullmatch(text.strip())
    if not found:
        raise SettingError("--head: expected ID:HASH, as the hub's log tells it")
    return Head(int(found[1]), found[2])


def shown(head: Head) -> str:
    """Return what `parsed` takes."""
    return f"{head.id}:{head.hash}"


class HeadFile:
    """The file of one data directory."""

    def __init__(self, data_dir: Path) -> None:
        """Touch nothing yet."""
        self._path = data_dir / _NAME

    def noted(self) -> Head | None:
        """Return what was noted last; None where nothing was.

        Raises:
            SettingError: The file cannot be read, or holds something else.
        """
        try:
            return parsed(self._path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeError, SettingError) as exc:
            raise SettingError(f"--data-dir: {str(self._path)!r} is no note of an audit entry") from exc

    def note(self, head: Head) -> None:
        """Replace what was noted, in one step.

        Raises:
            OSError: It cannot be written; the note before is still there.
        """
        beside = self._path.with_suffix(".new")
        beside.unlink(missing_ok=True)
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "w", encoding="ascii") as out:
            out.write(shown(head) + "\n")
        beside.replace(self._path)
