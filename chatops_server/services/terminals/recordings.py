"""What terminals showed, kept as asciicast v2: output only, since passwords are input.

https://docs.asciinema.org/manual/asciicast/v2/
"""

import asyncio
import logging
import os
from codecs import getincrementaldecoder
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from chatops_server.services.errands import Errands

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/x-asciicast"
# An hour of a busy full-screen program takes a few megabytes.
MAX_RECORDING_BYTES: Final = 64 * 1024 * 1024
FLUSH_EVERY_S: Final = 1.0
# Not yet on disk; a disk that takes nothing for so long ends the recording, not the terminal.
MAX_BUFFERED_BYTES: Final = 4 * 1024 * 1024
_PIECE_BYTES: Final = 256 * 1024


class Recordings:
    """A folder (0700) with a file (0600) for each recorded terminal."""

    def __init__(self, folder: Path, errands: Errands, now: Callable[[], float]) -> None:
        """Take Unix seconds as `now`."""
        self._folder = folder
        self._errands = errands
        self._now = now

    def begin(self, terminal_id: str, size: tuple[int, int]) -> "Recording":
        """Begin to record a terminal of this many columns and rows."""
        return self._started(terminal_id, Recording(self._path(terminal_id), size, self._now, self._now()))

    def go_on(self, terminal_id: str, size: tuple[int, int], began: float) -> "Recording":
        """Go on with the recording of a terminal that began at this Unix time; there may be none yet."""
        return self._started(terminal_id, Recording(self._path(terminal_id), size, self._now, began))

    async def read(self, terminal_id: str) -> AsyncGenerator[bytes, None]:
        """Yield a recording, piece by piece; raises OSError."""
        file = await asyncio.to_thread(self._path(terminal_id).open, "rb")
        try:
            while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
                yield piece
        finally:
            await asyncio.to_thread(file.close)

    async def drop(self, terminal_ids: Iterable[str]) -> None:
        """Remove recordings; those that are not there are no error."""
        paths = [self._path(terminal_id) for terminal_id in terminal_ids]
        await asyncio.to_thread(_unlink, paths)

    def _started(self, terminal_id: str, recording: "Recording") -> "Recording":
        task = self._errands.start(recording.run(), f"recording-{terminal_id}")
        # One that is cancelled before its first step, or never begun, cannot say so itself.
        if task is None:
            recording.ended()
        else:
            task.add_done_callback(lambda _task: recording.ended())
        return recording

    def _path(self, terminal_id: str) -> Path:
        return self._folder / f"{terminal_id}.cast"


class Recording:
    """One terminal's recording; what it is told is on disk a second later."""

    def __init__(self, path: Path, size: tuple[int, int], now: Callable[[], float], began: float) -> None:
        """Take Unix seconds as `now` and `began`."""
        self._path = path
        self._size = size
        self._now = now
        self._began = began
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._lines: list[bytes] = []
        self._buffered = 0
        self._written: int | None = None
        self._is_full = False
        self._has_failed = False
        self._is_closing = asyncio.Event()
        self._is_closed = asyncio.Event()

    def wrote(self, data: bytes) -> None:
        """Take output; beyond MAX_RECORDING_BYTES, or what the disk does not take, the recording ends."""
        self._event("o", self._decoder.decode(data))

    def resized(self, cols: int, rows: int) -> None:
        """Take a new size."""
        self._event("r", f"{cols}x{rows}")

    async def run(self) -> None:
        """Write until the recording is closed; cancelling ends it too. Whoever runs it calls `ended`."""
        while not self._is_closing.is_set():
            await self._flush()
            with suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_EVERY_S):
                    await self._is_closing.wait()
        self._event("o", self._decoder.decode(b"", final=True))
        await self._flush()

    def ended(self) -> None:
        """Take nothing any more, since nobody writes it."""
        self._is_full = True
        self._is_closed.set()

    async def close(self) -> int | None:
        """End it and return its size in bytes; None when it could not be written."""
        self._is_closing.set()
        await self._is_closed.wait()
        return None if self._has_failed else self._written

    def _header(self) -> bytes:
        header = {
            "version": 2,
            "width": self._size[0],
            "height": self._size[1],
            "timestamp": int(self._began),
            "env": {"TERM": "xterm-256color"},
        }
        return msgspec.json.encode(header) + b"\n"

    def _event(self, kind: str, text: str) -> None:
        if self._is_full or not text:
            return
        line = self._line(kind, text)
        if (self._written or 0) + self._buffered + len(line) > MAX_RECORDING_BYTES:
            line, self._is_full = self._line("m", "the recording ends here: it is as long as may be"), True
        elif self._buffered > MAX_BUFFERED_BYTES:
            line, self._is_full = self._line("m", "the recording ends here: the disk is too slow"), True
        self._lines.append(line)
        self._buffered += len(line)

    def _line(self, kind: str, text: str) -> bytes:
        event: tuple[Any, ...] = (round(self._now() - self._began, 6), kind, text)
        return msgspec.json.encode(event) + b"\n"

    async def _flush(self) -> None:
        lines, self._lines = self._lines, []
        body = b"".join(lines)
        if self._has_failed or (not body and self._written is not None):
            return
        try:
            self._written = await asyncio.to_thread(_append, self._path, body, self._header())
        except OSError as exc:
            log.warning("a recording cannot be written", extra={"reason": exc.strerror})
            self._has_failed = self._is_full = True
        self._buffered -= len(body)


def _append(path: Path, body: bytes, header: bytes) -> int:
    """Append to a recording, which begins with the header, and return its size."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "ab") as out:
        if os.fstat(file).st_size == 0:
            out.write(header)
        out.write(body)
        out.flush()
        return os.fstat(file).st_size


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink(missing_ok=True)
