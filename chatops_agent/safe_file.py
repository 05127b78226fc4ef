"""Reads files that decide what may be done here: nobody but root and this user may write them."""

import os
import stat
from pathlib import Path
from typing import Final

from chatops_wire.settings import SettingError

_MAX_BYTES: Final = 256 * 1024
_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH


def read_safe(name: str, path: str) -> str:
    """Return the text of a file, at most 256 KiB.

    It and every folder above it must be root's or this user's. The file and its folder may be writable to
    nobody else; folders further up may where nobody can replace what is another's there (`/tmp`).

    Raises:
        SettingError: One line that begins with `name`: it cannot be read, or others could have written it.
    """
    try:
        # The folder of a link as well as where it leads: whoever may change either decides what is read.
        for folder in dict.fromkeys((Path(path).absolute().parent, Path(path).resolve().parent)):
            _check_folders(name, folder)
        with Path(path).open("rb") as file:
            _check(name, path, os.fstat(file.fileno()))
            content = file.read(_MAX_BYTES + 1)
    except OSError as exc:
        raise SettingError(f"{name}: {path!r}: {exc.strerror or exc}") from exc
    if len(content) > _MAX_BYTES:
        raise SettingError(f"{name}: {path!r} is longer than {_MAX_BYTES} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeError as exc:
        raise SettingError(f"{name}: {path!r}: no text") from exc


def _check_folders(name: str, folder: Path) -> None:
    _check(name, str(folder), folder.stat())
    for above in folder.parents:
        found = above.stat()
        if not found.st_mode & stat.S_ISVTX:
            _check(name, str(above), found)


def _check(name: str, path: str, found: os.stat_result) -> None:
    if found.st_uid not in (0, os.geteuid()) or found.st_mode & _OTHERS:
        # Else whoever may write it lets themselves in.
        raise SettingError(f"{name}: {path!r} must be root's or this user's, and writable to nobody else")
