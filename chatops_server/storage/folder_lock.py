"""Keeps a second hub out of a data folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from chatops_server.storage.base import CannotOpenError

LOCK_FILE: Final = "hub.lock"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep every hub from the database of this path, making its folder (0700) where there is none.

    Raises:
        CannotOpenError: A hub runs on it.
        OSError: The folder cannot be made.
    """
    lock = FolderLock(path.parent / LOCK_FILE)
    lock.take()
    try:
        yield
    finally:
        lock.release()


class FolderLock:
    """An exclusive lock on the data folder; the system drops it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self) -> None:
        """Take it, making its folder (0700) where there is none; does not wait.

        Raises:
            CannotOpenError: Another process has it.
            OSError: The folder cannot be made or written.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            holder = os.pread(file, 32, 0).decode("ascii", "replace").strip()
            os.close(file)
            raise CannotOpenError(
                f"another hub (process {holder or 'unknown'}) is using {self._path.parent}"
            ) from exc
        os.truncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        self._file = file

    def release(self) -> None:
        """Give it back. The file stays: removing it would let two processes lock two files of one name."""
        if self._file is not None:
            with suppress(OSError):
                os.close(self._file)
            self._file = None
