"""Short-lived files of this hub alone, for what is too much for memory and not worth the database."""

import asyncio
import os
import shutil
from contextlib import suppress
from pathlib import Path


class Spool:
    """A folder (0700) of files (0600) that are written and read whole. Nothing in it outlives the hub.

    Methods raise OSError where the disk cannot do it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def open(self) -> None:
        """Make the folder; what an earlier hub left in it goes."""
        await asyncio.to_thread(self._open)

    async def put(self, name: str, body: bytes) -> None:
        """Write a file. Cancelling may leave it written."""
        await asyncio.to_thread(self._put, name, body)

    async def get(self, name: str) -> bytes:
        """Return a file's content."""
        return await asyncio.to_thread((self._folder / name).read_bytes)

    async def drop(self, *names: str) -> None:
        """Remove files; one that is not there is no error."""
        if names:
            await asyncio.to_thread(self._drop, names)

    def _open(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _put(self, name: str, body: bytes) -> None:
        path = self._folder / name
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(file, "wb", buffering=0) as out:
                view = memoryview(body)
                while view:
                    view = view[out.write(view) :]
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def _drop(self, names: tuple[str, ...]) -> None:
        for name in names:
            with suppress(OSError):
                (self._folder / name).unlink(missing_ok=True)
