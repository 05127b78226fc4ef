"""A file system that fills up: a small tmpfs. Needs the right to mount."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


class CannotMountError(Exception):
    """Nothing may be mounted here."""


@asynccontextmanager
async def mounted(folder: Path, megabytes: int) -> AsyncIterator[Path]:
    """Mount a file system of that size on a new folder."""
    folder.mkdir()  # noqa: ASYNC240 - a moment
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(folder)]
    done = await asyncio.to_thread(subprocess.run, mounting, capture_output=True, check=False)
    if done.returncode:
        raise CannotMountError("may not mount a file system here")
    try:
        yield folder
    finally:
        await asyncio.to_thread(subprocess.run, ["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Write a file that takes all the room there is."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for piece in (1 << 16, 1 << 12, 1):
            try:
                while file.write(b"\0" * piece) == piece:
                    pass
            except OSError:
                continue
    return ballast
