"""Keeps a remote program from writing this machine's clipboard (OSC 52 and its kin). Pure.

In a relay everything else goes to the user's own terminal as it is; a clipboard that changed unseen is pasted
into the next shell. What is dropped leaves a string terminator behind (it means nothing by itself), so that
what stands before it and what follows cannot join into what was to be kept out. Wrapped for tmux or screen to
pass it on, it is found all the same.
"""

import re
from enum import Enum
from typing import Final

# OSC 52 is everybody's, 5522 kitty's; iTerm2's 1337 has many uses of which only copying is kept out.
_NUMBERS: Final = frozenset({52, 5522})
_ITERM: Final = 1337
_ITERM_COPY: Final = b";copy"
# No sequence that means well begins with more digits, padding and controls than this.
_LONGEST_BEGINNING: Final = 64
# Of many escape characters in a row only the last counts; tmux doubles them.
_MOST_ESCAPES: Final = 8

_ESC: Final = 0x1B
# Controls that terminals pass over within a sequence: all but BEL, CAN, SUB and ESC, which end it.
_SKIPPED: Final = frozenset({*range(0x20), 0x7F} - {0x07, 0x18, 0x1A, _ESC})


class _Verdict(Enum):
    KEEP = "keep"
    DROP = "drop"
    OPEN = "more of it is needed"


class ClipboardFilter:
    """One stream; a chunk may end anywhere. Keeps back less than a hundred bytes, and only while in doubt."""

    def __init__(self, *, is_utf8: bool = True) -> None:
        """Begin before the first byte.

        Args:
            is_utf8: How the terminal reads C1 controls: as UTF-8, or as single bytes.
        """
        one = (rb"\xc2\x9d", rb"\xc2\x9c") if is_utf8 else (rb"\x9d", rb"\x9c")
        unfinished = rb"|\xc2\Z" if is_utf8 else b""
        self._beginning = re.compile(rb"\x1b+\]|\x1b+\Z|" + one[0] + unfinished)
        self._ending = re.compile(rb"[\x07\x18\x1a]|\x1b+\Z|\x1b+\\|\x1b+(?=[^\\])|" + one[1] + unfinished)
        self._held = b""
        self._is_dropping = False

    def feed(self, data: bytes) -> bytes:
        """Return what of the stream may go on to the terminal now."""
        stream, self._held = self._held + data, b""
        kept: list[bytes] = []
        place = 0
        while place < len(stream):
            place = self._drop(stream, place) if self._is_dropping else self._keep(stream, place, kept)
        return b"".join(kept)

    def finish(self) -> bytes:
        """Return what was kept back, if it is harmless; nothing more comes."""
        held, self._held = self._held, b""
        return b"" if self._is_dropping or b"]" in held or b"\x9d" in held else held

    def _keep(self, stream: bytes, place: int, kept: list[bytes]) -> int:
        """Keep what stands before the next sequence, and that if it may pass; return where to go on."""
        found = self._beginning.search(stream, place)
        if found is None:
            kept.append(stream[place:])
            return len(stream)
        kept.append(stream[place : found.start()])
        if found.end() == len(stream):
            return self._hold(_shortened(found[0]), stream)
        verdict = _verdict(stream[found.end() : found.end() + _LONGEST_BEGINNING + 1])
        if verdict is _Verdict.OPEN:
            return self._hold(_shortened(found[0]) + stream[found.end() :], stream)
        if verdict is _Verdict.DROP:
            self._is_dropping = True
            kept.append(b"\x1b\\")
        else:
            kept.append(_shortened(found[0]))
        return found.end()

    def _drop(self, stream: bytes, place: int) -> int:
        """Return where the sequence ends, if it does."""
        found = self._ending.search(stream, place)
        if found is None:
            return len(stream)
        if found.end() == len(stream) and found[0][-1:] in b"\x1b\xc2":
            return self._hold(found[0][-1:], stream)
        self._is_dropping = False
        is_aborted = found[0][-1] == _ESC
        return found.end() - 1 if is_aborted else found.end()

    def _hold(self, held: bytes, stream: bytes) -> int:
        self._held = held
        return len(stream)


def _verdict(body: bytes) -> _Verdict:
    """Judge an operating system command by what follows its introducer."""
    verdict = _judged(bytes(byte for byte in body if byte not in _SKIPPED))
    # Whoever pads the beginning so far wants it not to be recognised.
    is_padded = verdict is _Verdict.OPEN and len(body) > _LONGEST_BEGINNING
    return _Verdict.DROP if is_padded else verdict


def _judged(body: bytes) -> _Verdict:
    digits = body[: len(body) - len(body.lstrip(b"0123456789"))]
    rest = body[len(digits) :]
    if not rest:
        return _Verdict.OPEN
    number = int(digits or b"0")
    if number in _NUMBERS:
        return _Verdict.DROP
    if number != _ITERM:
        return _Verdict.KEEP
    beginning = rest[: len(_ITERM_COPY)].lower()
    if beginning == _ITERM_COPY:
        return _Verdict.DROP
    return _Verdict.OPEN if _ITERM_COPY.startswith(beginning) else _Verdict.KEEP


def _shortened(beginning: bytes) -> bytes:
    return beginning[-_MOST_ESCAPES - 1 :]
