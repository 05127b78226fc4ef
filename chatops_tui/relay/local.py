"""This terminal while it is lent to a remote shell: raw, never waited for, and given back as it was."""

import asyncio
import os
import select
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from chatops_tui.client.terminals import Size

# As much as a terminal's input queue holds.
_READ_BYTES: Final = 4096
# What the last words wait for a terminal that is stuck (a dead connection); then it goes without them.
_LAST_WORDS_S: Final = 0.5
# Of a terminal that does not know its own size, such as a serial line.
_USUAL: Final = Size(80, 24)


class NoTerminalError(Exception):
    """Standard input is no terminal."""


class LocalTerminal:
    """The terminal of standard input, opened once more for this use.

    What is set for an open file, such as not to wait, is set for every program that has inherited it, and the
    shell this one was started from is not to find it so.
    """

    def __init__(self) -> None:
        """Open it.

        Raises:
            NoTerminalError: There is none.
        """
        try:
            path = os.ttyname(sys.__stdin__.fileno() if sys.__stdin__ is not None else -1)
        except OSError as exc:
            raise NoTerminalError("a shell needs a terminal to be shown in") from exc
        self._fd = _opened(path)
        self._before = termios.tcgetattr(self._fd)

    @property
    def size(self) -> Size:
        """Its size now."""
        with suppress(OSError):
            size = os.get_terminal_size(self._fd)
            if size.columns and size.lines:
                return Size(size.columns, size.lines)
        return _USUAL

    @contextmanager
    def lent(self, last_words: Callable[[], bytes]) -> Iterator[None]:
        """Have it raw meanwhile: every key is a byte to read, ctrl+c too.

        Args:
            last_words: Asked at the end for what is written before it is given back.
        """
        self.make_raw()
        try:
            yield
        finally:
            self._give_back(last_words())

    def make_raw(self) -> None:
        """Make it raw, again after somebody else has had it."""
        with suppress(termios.error):
            tty.setraw(self._fd, termios.TCSANOW)

    async def read(self) -> bytes:
        """Return what was typed; nothing: the terminal is gone."""
        while True:
            try:
                return os.read(self._fd, _READ_BYTES)
            except BlockingIOError:
                loop = asyncio.get_running_loop()
                await _ready(self._fd, loop.add_reader, loop.remove_reader)
            except OSError:
                return b""

    async def write(self, data: bytes) -> None:
        """Write all of it, as fast as it is taken; OSError: the terminal is gone."""
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(self._fd, left) :]
            except BlockingIOError:
                loop = asyncio.get_running_loop()
                await _ready(self._fd, loop.add_writer, loop.remove_writer)

    def close(self) -> None:
        """Let go of it."""
        os.close(self._fd)

    def _give_back(self, last_words: bytes) -> None:
        with suppress(OSError):
            while last_words:
                try:
                    last_words = last_words[os.write(self._fd, last_words) :]
                except BlockingIOError:
                    if not select.select([], [self._fd], [], _LAST_WORDS_S)[1]:
                        break
        # At once: to wait until everything is written could take for ever.
        with suppress(termios.error):
            termios.tcsetattr(self._fd, termios.TCSANOW, self._before)
            # What the terminal answers to the remote program's questions is nothing for the next shell.
            termios.tcflush(self._fd, termios.TCIFLUSH)


def _opened(path: str) -> int:
    flags = os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return os.open(path, flags)
    except OSError:
        pass
    try:
        # In some containers the device has no name that could be opened.
        return os.open("/dev/tty", flags)
    except OSError as exc:
        raise NoTerminalError(f"the terminal cannot be opened: {exc.strerror}") from exc


async def _ready(
    fd: int, add: Callable[[int, Callable[[], None]], object], remove: Callable[[int], object]
) -> None:
    ready = asyncio.Event()
    add(fd, ready.set)
    try:
        await ready.wait()
    finally:
        remove(fd)
