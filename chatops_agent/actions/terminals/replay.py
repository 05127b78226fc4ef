"""The last output of a terminal, in a form that a newcomer's terminal can begin with. Pure."""

import re
from typing import Final

from chatops_wire.terminals import REPLAY_BYTES

# Trimmed in steps, so that not every read moves a quarter of a megabyte.
_SLACK: Final = 64 * 1024
# Where an unknown stretch may be cut: where an escape sequence begins, or after a line.
_BOUNDARY: Final = re.compile(rb"\x1b|(?<=\n)")
# The bytes of a character after its first.
_INSIDE_CHARACTER: Final = range(0x80, 0xC0)
# How far to look for one; text without a line end or a colour for this long is cut between characters.
_LOOK_BYTES: Final = 32 * 1024
_MODES: Final = re.compile(rb"\x1b\[\?([0-9;]{1,32})([hl])|\x1b([=>c])|\x1b\[!p")
# Modes that draw or ask nothing when they are set again; 3 (132 columns) clears the screen.
_RESTORED: Final = frozenset({1, 7, 25, 47, 1000, 1002, 1003, 1004, 1005, 1006, 1007, 1015, 1047, 1049, 2004})
# Those that are on in a terminal nobody has told anything.
_ON_BY_DEFAULT: Final = frozenset({7, 25})


class Replay:
    """Keeps the last 256 KiB, and of what came before only which modes it left the terminal in."""

    def __init__(self, size: int = REPLAY_BYTES) -> None:
        self._size = size
        self._kept = bytearray()
        self._cut = False
        self._modes: dict[int, bool] = {}
        self._keypad = False

    def add(self, data: bytes) -> None:
        """Take what the terminal's program wrote."""
        self._kept += data
        excess = len(self._kept) - self._size
        if excess >= min(_SLACK, self._size):
            self._trim(excess)

    def snapshot(self) -> bytes:
        """Return what to write to a newcomer's terminal: it begins with no half sequence or character."""
        excess = len(self._kept) - self._size
        if excess > 0:
            self._trim(excess)
        return self._restoration() + bytes(self._kept) if self._cut else bytes(self._kept)

    def _trim(self, excess: int) -> None:
        end = self._boundary(excess)
        self._note_modes(bytes(self._kept[:end]))
        del self._kept[:end]
        self._cut = True

    def _boundary(self, start: int) -> int:
        found = _BOUNDARY.search(self._kept, start, min(len(self._kept), start + _LOOK_BYTES))
        if found is not None:
            return found.start()
        # Not between the bytes of a character, of which it has at most four.
        end = start
        while end < min(len(self._kept), start + 4) and self._kept[end] in _INSIDE_CHARACTER:
            end += 1
        return end

    def _note_modes(self, gone: bytes) -> None:
        for found in _MODES.finditer(gone):
            numbers, switch, keypad = found.groups()
            if numbers is not None:
                for number in numbers.split(b";"):
                    if number and int(number) in _RESTORED:
                        self._modes[int(number)] = switch == b"h"
            elif keypad in {b"=", b">"}:
                self._keypad = keypad == b"="
            else:
                # A reset: as if nobody had told it anything.
                self._modes.clear()
                self._keypad = False

    def _restoration(self) -> bytes:
        modes = [
            b"\x1b[?%d%b" % (number, b"h" if on else b"l")
            for number, on in self._modes.items()
            if on != (number in _ON_BY_DEFAULT)
        ]
        return b"\x1b[0m" + b"".join(modes) + (b"\x1b=" if self._keypad else b"")
