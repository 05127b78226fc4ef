"""Bytes from a pipe or a terminal, as they come and only while they are wanted."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress

from chatops_wire.commands import CHUNK_BYTES


class Inlet:
    """Reads one file descriptor, which it owns; whoever writes to the other end waits while it is paused."""

    def __init__(
        self, fd: int, deliver: Callable[[bytes], None], on_end: Callable[[], None] | None = None
    ) -> None:
        """Begin paused.

        Args:
            fd: Of a pipe or a pseudo terminal; made non-blocking, and closed at the end.
            deliver: Takes what was read, at most 32 KiB at a time.
            on_end: Called when nothing more comes.
        """
        os.set_blocking(fd, False)
        self._fd = fd
        self._deliver = deliver
        self._on_end = on_end
        self._reading = False
        self.ended = asyncio.Event()
        """Nothing more comes: every process has closed the other end, or this one was closed."""

    def resume(self) -> None:
        """Read whatever comes; once more, or after the end, changes nothing."""
        if not self._reading and not self.ended.is_set():
            asyncio.get_running_loop().add_reader(self._fd, self._read)
            self._reading = True

    def pause(self) -> None:
        """Read no more until resumed."""
        if self._reading:
            asyncio.get_running_loop().remove_reader(self._fd)
            self._reading = False

    def identity(self) -> str:
        """Return what links in /proc/PID/fd call the pipe."""
        return f"pipe:[{os.fstat(self._fd).st_ino}]"

    def drain(self, most: int) -> None:
        """Read what is there already, about so many bytes at most, without waiting for more."""
        while most > 0 and not self.ended.is_set():
            size = self._read()
            if not size:
                return
            most -= size

    def close(self) -> None:
        """Read no more at all; whoever still writes gets an error. Once more is no error."""
        if not self.ended.is_set():
            self.pause()
            os.close(self._fd)
            self.ended.set()
            if self._on_end is not None:
                self._on_end()

    def _read(self) -> int:
        """Deliver one read and return its size; 0: nothing there, or the end."""
        data = b""
        # EIO is how the end of a terminal looks: no process has it open any more.
        with suppress(OSError):
            try:
                data = os.read(self._fd, CHUNK_BYTES)
            except BlockingIOError:
                return 0
        if data:
            self._deliver(data)
        else:
            self.close()
        return len(data)
