"""What a remote program has changed about the terminal, and how that is undone. Pure.

Only what was changed is undone: leaving the alternate screen where nobody entered it would move the cursor.
"""

import re
from typing import Final

# DEC private modes that programs set and that a shell does not expect: cursor keys, reversed colours, origin,
# wrapping, mouse tracking of every kind, focus reports, pasting in brackets, synchronised frames and others.
_OFF: Final = frozenset(
    {
        1,
        5,
        6,
        9,
        45,
        66,
        67,
        69,
        1000,
        1001,
        1002,
        1003,
        1004,
        1005,
        1006,
        1015,
        1016,
        2004,
        2026,
        2027,
        2031,
        2048,
    }
)
_ON: Final = frozenset({7, 25})
# In the order of undoing: with 1049 the cursor returns to where it was.
_SCREENS: Final = (47, 1047, 1049)
_KNOWN: Final = _OFF | _ON | frozenset(_SCREENS)

_CHANGE: Final = re.compile(
    rb"\x1b(?:\[(?P<mark>[<=>?]?)(?P<parameters>[0-9;:]*)(?P<final>[ !]?[@-~])|(?P<short>[=>c]))"
)
_UNFINISHED: Final = re.compile(rb"\x1b(?:\[[<=>?]?[0-9;:]*[ !]?)?\Z")
# Longer than any of the sequences that count.
_LONGEST: Final = 64
_MOST_PUSHED: Final = 64


class Modes:
    """Reads what goes to the terminal; a chunk may end anywhere."""

    def __init__(self) -> None:
        self._pending = b""
        self._forget()

    def feed(self, data: bytes) -> None:
        """Notice what these bytes change."""
        stream = self._pending + data
        for change in _CHANGE.finditer(stream):
            if change["short"] is not None:
                self._hear_short(change["short"])
            else:
                self._hear(change["mark"], change["final"], change["parameters"])
        unfinished = _UNFINISHED.search(stream, max(0, len(stream) - _LONGEST))
        self._pending = unfinished[0] if unfinished else b""

    def undo(self) -> bytes:
        """Return what makes the terminal as it was, colours and character sets too, and begin anew."""
        parts = [b"\x1b[<%du" % self._pushed if self._pushed else b""]
        parts += [
            b"\x1b[=0;1u" if self._has_key_flags else b"",
            b"\x1b[>4m" if self._has_modified_keys else b"",
        ]
        parts += [b"\x1b[?%dl" % mode for mode in sorted(self._changed & _OFF)]
        parts += [b"\x1b[?%dl" % mode for mode in _SCREENS if mode in self._changed]
        parts += [b"\x1b[?%dh" % mode for mode in sorted(self._changed & _ON)]
        # Setting the margins moves the cursor.
        parts += [b"\x1b7\x1b[r\x1b8" if self._has_margins else b"", b"\x1b>" if self._has_keypad else b""]
        parts += [b"\x1b[0 q" if self._has_cursor else b"", b"\x1b(B\x0f\x1b[m"]
        self._forget()
        return b"".join(parts)

    def _forget(self) -> None:
        self._changed: set[int] = set()
        self._pushed = 0
        self._has_key_flags = self._has_modified_keys = False
        self._has_margins = self._has_keypad = self._has_cursor = False

    def _hear_short(self, final: bytes) -> None:
        if final == b"c":
            self._forget()
        else:
            self._has_keypad = final == b"="

    def _hear(self, mark: bytes, final: bytes, parameters: bytes) -> None:
        match mark, final:
            case b"?", b"h" | b"l":
                self._switch(parameters, is_on=final == b"h")
            case (b">" | b"<" | b"=", b"u"):
                self._hear_keys(mark, parameters)
            case b">", b"m":
                self._has_modified_keys = parameters.startswith(b"4;") and parameters != b"4;0"
            case b"", b" q":
                self._has_cursor = parameters not in {b"", b"0"}
            case b"", b"r":
                self._has_margins = bool(parameters)
            case b"", b"!p":
                self._has_margins = self._has_keypad = False
            case _:
                pass

    def _switch(self, parameters: bytes, *, is_on: bool) -> None:
        for text in parameters.split(b";"):
            mode = int(text) if text.isdigit() and len(text) <= 5 else 0  # noqa: PLR2004 - none is longer
            if mode in _KNOWN and is_on is (mode not in _ON):
                self._changed.add(mode)
            else:
                self._changed.discard(mode)

    def _hear_keys(self, mark: bytes, parameters: bytes) -> None:
        """Count the levels of kitty's keyboard protocol."""
        if mark == b"=":
            self._has_key_flags = not parameters.startswith(b"0")
            return
        count = int(parameters) if parameters.isdigit() and len(parameters) <= 2 else 1  # noqa: PLR2004 - see below
        change = 1 if mark == b">" else -count
        self._pushed = min(max(self._pushed + change, 0), _MOST_PUSHED)
