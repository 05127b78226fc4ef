"""A program's output made harmless as it comes: bytes to text in styles, and edits within a line.

Of all escape sequences only colours and attributes (SGR) survive. Those that erase within the line or go back
to its beginning become edits, so that progress bars look as they should; every other one is dropped, with the
whole of its text: titles, clipboard writes, hyperlinks, questions to the terminal. Controls are shown as
pictures (U+2400), C1 controls, direction overrides and what else draws nothing as U+FFFD.
"""

import codecs
from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from chatops_tui.render.sequences import CONTROL, LONGEST, SEQUENCE, STRING_END, UNFINISHED
from chatops_tui.render.sgr import PLAIN, Styled, styled
from chatops_tui.render.text import bounded_marks, visible

if TYPE_CHECKING:
    import re


class Edit(Enum):
    """What happens to the line under way, apart from text."""

    NEW_LINE = "new line"
    TAB = "on to the next multiple of 8"
    RETURN = "back to the beginning; what follows overwrites"
    BACK = "one cell back; what follows overwrites"
    ERASE_REST = "from here to the end of the line nothing"
    ERASE_LINE = "nothing on the whole line"


Piece: TypeAlias = Styled | Edit

_PICTURES: Final = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}
_EDITS: Final = {"\n": Edit.NEW_LINE, "\r": Edit.RETURN, "\b": Edit.BACK, "\t": Edit.TAB}
_ERASERS: Final = {"": Edit.ERASE_REST, "0": Edit.ERASE_REST, "2": Edit.ERASE_LINE}


class Neutraliser:
    """Reads one stream; a chunk may end anywhere, within a character or a sequence too.

    Keeps at most `LONGEST` characters back; a longer sequence is shown. The pieces do not depend on how the
    stream was cut, but for the place where one piece of text ends and the next of the same style begins.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""
        self._in_string = False
        self._style = PLAIN
        self._marks = 0
        """How many characters without a width end what has been returned."""

    def feed(self, data: bytes) -> list[Piece]:
        """Return what the next chunk adds."""
        return list(self._read(self._pending + self._decoder.decode(data), is_end=False))

    def finish(self) -> list[Piece]:
        """Return what was kept back; nothing more comes."""
        return list(self._read(self._pending + self._decoder.decode(b"", final=True), is_end=True))

    def _read(self, text: str, *, is_end: bool) -> Iterator[Piece]:
        self._pending = ""
        place = 0
        while place < len(text):
            if self._in_string:
                place = self._skip(text, place)
                continue
            control = CONTROL.search(text, place)
            end = control.start() if control else len(text)
            if end > place and (shown := self._shown(text[place:end]))[0]:
                yield shown
            if control is None:
                return
            if text[end] == "\x1b" and not is_end and self._keep_back(text, end):
                return
            place, piece = self._control(text, end)
            if piece is not None:
                yield piece

    def _skip(self, text: str, place: int) -> int:
        """Return where the string ends, or the end of the text."""
        found = STRING_END.search(text, place)
        if found is not None:
            self._in_string = False
            return found.end()
        # Its terminator may have been cut in two.
        self._pending = "\x1b" if text.endswith("\x1b") else ""
        return len(text)

    def _keep_back(self, text: str, place: int) -> bool:
        is_open = len(text) - place < LONGEST and UNFINISHED.match(text, place) is not None
        self._pending = text[place:] if is_open else ""
        return is_open

    def _control(self, text: str, place: int) -> tuple[int, Piece | None]:
        """Return where it goes on after the control at `place`, and what that control is."""
        character = text[place]
        if character != "\x1b":
            edit = _EDITS.get(character)
            return place + 1, edit or self._shown(_PICTURES[ord(character)])
        sequence = SEQUENCE.match(text, place)
        if sequence is None or sequence.end() - place > LONGEST:
            return place + 1, self._shown(_PICTURES[ord(character)])
        self._in_string = sequence["string"] is not None
        return sequence.end(), self._obeyed(sequence)

    def _obeyed(self, sequence: "re.Match[str]") -> Edit | None:
        parameters = sequence["parameters"]
        if sequence["between"]:
            return None
        match sequence["final"]:
            case "m" if parameters[:1] not in {"<", "=", ">", "?"}:
                self._style = styled(self._style, parameters)
            case "K":
                return _ERASERS.get(parameters)
            case "G" if parameters in {"", "0", "1"}:
                return Edit.RETURN
            case _:
                pass
        return None

    def _shown(self, text: str) -> Styled:
        if text.isascii():
            self._marks = 0
            return text, self._style
        harmless, self._marks = bounded_marks(visible(text), self._marks)
        return harmless, self._style
