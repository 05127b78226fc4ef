"""What a terminal showed, made fit to be shown in another one: it may draw, and nothing else. Pure.

A list of what may pass, not of what may not: moving, erasing, scrolling, colours, the other screen. Titles,
clipboard, hyperlinks, downloads, questions that the terminal would answer, modes that change what its keys
and its mouse send, printing and unknown ones are dropped.
"""

import re
from collections.abc import Iterator
from typing import Final

from chatops_tui.render.sequences import CONTROL, LONGEST, SEQUENCE, STRING_END, UNFINISHED

# What makes a screen as it is at first, for a program that resets the terminal too.
BLANK: Final = "\x1b[r\x1b[?6l\x1b[?7h\x1b[4l\x1b[m\x1b(B\x0f\x1b[?25h\x1b[2J\x1b[H"

_DRAWING: Final = frozenset("@ABCDEFGHIJKLMPSTXZ`abdefgmr")
_CONTROLS: Final = frozenset("\b\t\n\v\f\r\x0e\x0f")
_SHORT: Final = frozenset({"7", "8", "D", "E", "H", "M", "(0", "(A", "(B", ")0", ")A", ")B"})
# Origin, wrapping, cursor, margins, the other screen.
_PRIVATE_MODES: Final = frozenset({"6", "7", "25", "47", "69", "1047", "1048", "1049"})
_INSERT: Final = "4"
# To erase what lies above the screen would take the viewer's own lines.
_ERASABLE: Final = frozenset({"", "0", "1", "2"})
_PARAMETERS: Final = re.compile(r"[0-9;:]{0,120}\Z")
# Larger than any screen; repeated a billion times a character would keep the terminal busy for hours.
_LARGE: Final = re.compile(r"[0-9]{4,}")
_LARGEST: Final = "999"
_C1: Final = re.compile("[\x80-\x9f]")


class Replay:
    """One recording's output; a piece may end within a sequence."""

    def __init__(self) -> None:
        self._pending = ""
        self._in_string = False

    def feed(self, text: str) -> str:
        """Return what of the next piece may be written to a terminal."""
        return "".join(self._read(self._pending + text))

    def _read(self, text: str) -> Iterator[str]:
        self._pending = ""
        place = 0
        while place < len(text):
            if self._in_string:
                place = self._skip(text, place)
                continue
            control = CONTROL.search(text, place)
            end = control.start() if control else len(text)
            yield _C1.sub("\ufffd", text[place:end])
            if control is None:
                return
            if text[end] != "\x1b":
                yield text[end] if text[end] in _CONTROLS else ""
                place = end + 1
                continue
            if len(text) - end < LONGEST and UNFINISHED.match(text, end):
                self._pending = text[end:]
                return
            sequence = SEQUENCE.match(text, end)
            if sequence is None:
                place = end + 1
                continue
            self._in_string = sequence["string"] is not None
            yield _passed(sequence)
            place = sequence.end()

    def _skip(self, text: str, place: int) -> int:
        found = STRING_END.search(text, place)
        if found is not None:
            self._in_string = False
            return found.end()
        # Its terminator may have been cut in two.
        self._pending = "\x1b" if text.endswith("\x1b") else ""
        return len(text)


def _passed(sequence: "re.Match[str]") -> str:
    """Return the sequence as it may pass, mostly as it is, or nothing."""
    short, final, parameters = sequence["short"], sequence["final"], sequence["parameters"] or ""
    if short is not None:
        if short == "c":
            return BLANK
        return sequence[0] if short in _SHORT else ""
    if final is None:
        return ""
    if sequence["between"]:
        return ""
    if final in "hl":
        return _switched(parameters, final)
    return _drawn(parameters, final)


def _drawn(parameters: str, final: str) -> str:
    is_kept = final in _DRAWING or (final in "su" and not parameters)
    if not is_kept or not _PARAMETERS.match(parameters):
        return ""
    if final in "JK" and parameters not in _ERASABLE:
        return ""
    # A colour's figures have three digits at most.
    return f"\x1b[{_LARGE.sub(_LARGEST, parameters)}{final}"


def _switched(parameters: str, final: str) -> str:
    if parameters == _INSERT:
        return f"\x1b[{_INSERT}{final}"
    if not parameters.startswith("?"):
        return ""
    kept = [mode for mode in parameters[1:].split(";") if mode in _PRIVATE_MODES]
    return f"\x1b[?{';'.join(kept)}{final}" if kept else ""
