"""The signing secret in the data directory: made once, readable by the hub's user only."""

import os
from pathlib import Path
from secrets import token_urlsafe
from typing import Final

from chatops_server.config import checked_secret
from chatops_wire.settings import SettingError

_NAME: Final = "secret"
_BYTES: Final = 48


def kept_secret(data_dir: Path) -> str:
    """Return the secret, making it where there is none. Only for the process that holds the data directory.

    Raises:
        SettingError: The file cannot be read or written, or holds no secret.
    """
    path = data_dir / _NAME
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        # Copied about, it may have become readable to others.
        path.chmod(0o600)
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "no text"
        raise SettingError(f"--data-dir: {str(path)!r}: {reason}") from exc
    return checked_secret(f"--data-dir: {str(path)!r}", text)


def _make(path: Path) -> None:
    # Written beside and renamed: a start that is cut off leaves no half secret.
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "w", encoding="ascii") as out:
        out.write(token_urlsafe(_BYTES) + "\n")
        out.flush()
        os.fsync(out.fileno())
    beside.replace(path)
