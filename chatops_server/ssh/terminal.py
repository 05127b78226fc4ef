"""The UI as a process in a pseudo-terminal, whose other end is somebody's ssh."""

import asyncio
import fcntl
import os
import signal
import struct
import sys
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

# One picture at 200x50 in colours is less.
_READ_BYTES: Final = 64 * 1024
# Keys and pastes that the UI has not read yet; beyond it they are dropped, like in a terminal.
_MOST_TYPED: Final = 256 * 1024
_ENDS_WITHIN_S: Final = 3.0
_MOST_SIZE: Final = 1_000


class TerminalProcess:
    """A program in a terminal of its own; `close` after use."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], pass_fd: int) -> None:
        """Prepare; the program also gets `pass_fd`."""
        self._command = command
        self._environment = environment
        self._pass_fd = pass_fd
        self._ours = -1
        self._process: asyncio.subprocess.Process | None = None
        self._typed = bytearray()
        self._is_readable = asyncio.Event()

    async def open(self, columns: int, rows: int) -> None:
        """Start the program; OSError where it cannot be."""
        self._ours, theirs = os.openpty()
        try:
            os.set_blocking(self._ours, False)
            self.resize(columns, rows)
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "chatops_server.ssh.in_terminal", *self._command),
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                env=dict(self._environment),
                start_new_session=True,
                pass_fds=(self._pass_fd,),
            )
        finally:
            os.close(theirs)
        asyncio.get_running_loop().add_reader(self._ours, self._is_readable.set)

    async def read(self) -> bytes:
        """Return what was drawn; empty when the program has ended. Safe to cancel."""
        while True:
            try:
                return os.read(self._ours, _READ_BYTES)
            except BlockingIOError:
                self._is_readable.clear()
                await self._is_readable.wait()
            except OSError:  # the last one at the other end has gone
                return b""

    def write(self, typed: bytes) -> None:
        """Type; what the program does not read is kept, up to a limit."""
        waiting = bool(self._typed)
        self._typed += typed[: max(0, _MOST_TYPED - len(self._typed))]
        if not waiting:
            self._pass_on()

    def resize(self, columns: int, rows: int) -> None:
        """Tell the program how large the terminal is."""
        size = struct.pack("HHHH", _bounded(rows), _bounded(columns), 0, 0)
        with suppress(OSError):
            fcntl.ioctl(self._ours, termios.TIOCSWINSZ, size)

    async def close(self) -> int:
        """End the program, by force if it must be, and return its status. Idempotent."""
        if self._ours >= 0:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._ours)
            loop.remove_writer(self._ours)
            # The program is told by a hang-up, as by any terminal that goes away.
            os.close(self._ours)
            self._ours = -1
        process = self._process
        if process is None:
            return 0
        try:
            async with asyncio.timeout(_ENDS_WITHIN_S):
                return await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            return await process.wait()

    def _pass_on(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            del self._typed[: os.write(self._ours, self._typed)]
        except BlockingIOError:
            pass
        except OSError:
            self._typed.clear()
        if self._typed:
            loop.add_writer(self._ours, self._pass_on)
        else:
            loop.remove_writer(self._ours)


def _bounded(size: int) -> int:
    return min(max(size, 1), _MOST_SIZE)
