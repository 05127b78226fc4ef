"""Bytes to a pipe or a terminal, at the pace of whoever reads them."""

import asyncio
import os
from typing import Final

# A pipe takes 64 KiB at once, a terminal some 4.
_STEP: Final = 64 * 1024


class Outlet:
    """Writes to one file descriptor, which it owns; what cannot be written yet waits here.

    Full, `write` refuses. A reader that has gone away makes it drop everything: its end is told elsewhere.
    """

    def __init__(self, fd: int, limit: int) -> None:
        """Begin with nothing to write.

        Args:
            fd: Of a pipe or a pseudo terminal; made non-blocking, and closed at the end.
            limit: Bytes that may wait here.
        """
        os.set_blocking(fd, False)
        self._fd: int | None = fd
        self._limit = limit
        self._waiting = bytearray()
        self._writing = False
        self._finished = False

    @property
    def waiting(self) -> int:
        """Bytes not written yet."""
        return len(self._waiting)

    def write(self, data: bytes) -> bool:
        """Take all of this, or nothing if there is no room for it; say which. Closed, it takes and drops."""
        if self._fd is None:
            return True
        if len(self._waiting) + len(data) > self._limit:
            return False
        self._waiting += data
        self._write()
        return True

    def finish(self) -> None:
        """Close once everything has been written."""
        self._finished = True
        self._write()

    def close(self) -> None:
        """Drop what waits and close now; once more is no error."""
        if self._fd is not None:
            self._stop_writing()
            os.close(self._fd)
            self._fd = None
        self._waiting.clear()

    def _write(self) -> None:
        if self._fd is None:
            return
        try:
            while self._waiting:
                written = os.write(self._fd, self._waiting[:_STEP])
                del self._waiting[:written]
        except BlockingIOError:
            self._start_writing()
        except OSError:
            self.close()
        else:
            self._stop_writing()
            if self._finished:
                self.close()

    def _start_writing(self) -> None:
        if self._fd is not None and not self._writing:
            asyncio.get_running_loop().add_writer(self._fd, self._write)
            self._writing = True

    def _stop_writing(self) -> None:
        if self._fd is not None and self._writing:
            asyncio.get_running_loop().remove_writer(self._fd)
            self._writing = False
