"""A pseudo terminal: its size, and the bytes on our side of it."""

import asyncio
import fcntl
import os
import struct
import termios
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chatops_agent.actions.processes.inlet import Inlet
from chatops_agent.actions.processes.outlet import Outlet

# Below two columns nothing can be drawn; above these no program has been tried.
_COLS: Final = (2, 1000)
_ROWS: Final = (2, 500)
# Bytes typed or pasted that the program has not read.
INPUT_LIMIT: Final = 1024 * 1024
# Unread output; the kernel holds some 70 KB of it, then whoever writes waits.
LEFT_IN_TERMINAL: Final = 256 * 1024
# Dragging a window's edge sends dozens of sizes a second, and programs redraw for each.
_SETTLE_S: Final = 0.05
# From <linux/termios.h>; erasing in line mode then erases characters, not bytes.
_IUTF8: Final = 0o40000
_IFLAG: Final = 0


@dataclass(frozen=True, slots=True)
class Size:
    """In characters, within what can be drawn on."""

    cols: int
    rows: int

    @classmethod
    def within(cls, cols: int, rows: int) -> "Size":
        """Return the nearest size that can be drawn on."""
        return cls(_clamped(cols, *_COLS), _clamped(rows, *_ROWS))


class PseudoTerminal:
    """Both ends until the program has been started, then ours."""

    def __init__(self, size: Size, deliver: Callable[[bytes], None]) -> None:
        """Open it; reading begins with `output.resume()`.

        Args:
            size: To begin with.
            deliver: Takes what the program writes.

        Raises:
            OSError: There are no more of them, or no more file descriptors.
        """
        master, self.program_side = os.openpty()
        """Both ends: this one is closed by `started`."""
        self.name = os.ttyname(self.program_side)
        """The path that its session opens to make it its controlling terminal."""
        self._control = master
        self.size = size
        self._settling: asyncio.TimerHandle | None = None
        self._wanted: Size | None = None
        attributes = termios.tcgetattr(master)
        attributes[_IFLAG] |= _IUTF8
        termios.tcsetattr(master, termios.TCSANOW, attributes)
        self._apply(size)
        # Descriptors of their own, so that each can end in its own time.
        self.output = Inlet(os.dup(master), deliver)
        self.input = Outlet(os.dup(master), INPUT_LIMIT)

    def started(self) -> None:
        """The program has its end: let go of it."""
        os.close(self.program_side)

    def resize(self, size: Size) -> None:
        """Have this size, at the latest in a moment; of several in between only the last."""
        self._wanted = size
        if self._settling is None and self._control >= 0:
            self._settle()

    def nudge(self, size: Size) -> None:
        """Have this size now, and have a full-screen program draw everything even if it is the same."""
        if self._control < 0:
            return
        if size == self.size:
            # A row less for a moment: a signal without a change is ignored by most programs.
            self._apply(Size.within(size.cols, size.rows - 1 if size.rows > _ROWS[0] else size.rows + 1))
            self._wanted = size
        else:
            self._apply(size)
            self._wanted = None
        self._wait_for_settling()

    def close(self) -> None:
        """Hang up; who has it open gets SIGHUP and errors. Once more is no error."""
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
        self.output.close()
        self.input.close()
        if self._control >= 0:
            os.close(self._control)
            self._control = -1

    def _settle(self) -> None:
        self._settling = None
        if self._wanted is not None:
            self._apply(self._wanted)
            self._wanted = None
            self._wait_for_settling()

    def _wait_for_settling(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
        self._settling = asyncio.get_running_loop().call_later(_SETTLE_S, self._settle)

    def _apply(self, size: Size) -> None:
        fcntl.ioctl(self._control, termios.TIOCSWINSZ, struct.pack("HHHH", size.rows, size.cols, 0, 0))
        self.size = size


def _clamped(value: int, least: int, most: int) -> int:
    return max(least, min(most, value))
