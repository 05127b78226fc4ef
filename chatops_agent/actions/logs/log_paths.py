"""Opens log files, and nothing but regular files below the folders that are allowed.

All of this may hang on a dead mount: call it where waiting is allowed.
"""

import os
import stat
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from chatops_wire.codes import Refusal

_MAX_TOLD: Final = 500
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: a named pipe must not hold us up before we can see that it is one.
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class LogRefusedError(Exception):
    """It is not followed; the message says why."""

    def __init__(self, code: Refusal, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message[:_MAX_TOLD]


def open_log(path: str, folders: Iterable[Path]) -> int:
    """Return a file descriptor of this file, which is then the caller's.

    Links are followed first; where they lead must lie in an allowed folder, links of those followed too. It
    is then opened step by step from that folder without following any, so that swapping a part of the path
    for a link meanwhile leads nowhere.

    Raises:
        LogRefusedError: Outside the folders, not there, not a regular file, or not readable.
    """
    if "\0" in path:
        raise LogRefusedError(Refusal.INVALID_REQUEST, "a path holds no NUL")
    if not path.startswith("/"):
        raise LogRefusedError(Refusal.INVALID_REQUEST, "a path must be absolute")
    target = Path(os.path.realpath(path))
    folder = next((real for each in folders if target.is_relative_to(real := _real(each))), None)
    if folder is None or target == folder:
        allowed = ", ".join(str(each) for each in folders) or "none"
        text = f"only files below --log-path ({allowed}) may be followed, not {path!r}"
        raise LogRefusedError(Refusal.NOT_ALLOWED, text)
    try:
        return _regular(_opened(folder, target.relative_to(folder).parts), path)
    except OSError as exc:
        missing = isinstance(exc, FileNotFoundError | NotADirectoryError)
        code = Refusal.NOT_FOUND if missing else Refusal.UNAVAILABLE
        raise LogRefusedError(code, f"{path!r}: {exc.strerror}") from exc


def _real(folder: Path) -> Path:
    return Path(os.path.realpath(folder))


def _opened(folder: Path, parts: tuple[str, ...]) -> int:
    with ExitStack() as folders:
        place = os.open(folder, _FOLDER)
        folders.callback(os.close, place)
        for part in parts[:-1]:
            place = os.open(part, _FOLDER, dir_fd=place)
            folders.callback(os.close, place)
        return os.open(parts[-1], _FILE, dir_fd=place)


def _regular(file: int, path: str) -> int:
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise LogRefusedError(Refusal.INVALID_REQUEST, f"{path!r} is not a regular file")
    return file
