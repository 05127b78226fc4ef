"""A program's output as lines in styles: done ones scroll by, the one under way may still be rewritten."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from rich.cells import cell_len

from chatops_tui.render.ansi import Edit, Neutraliser, Piece
from chatops_tui.render.sgr import PLAIN, Style, Styled
from chatops_tui.render.text import MAX_LINE, MAX_MARKS, head

_TAB: Final = 8
_BLANK: Final = (" ", PLAIN)
# The second half of a wide character.
_HALF: Final = ("", PLAIN)


class Line(msgspec.Struct, frozen=True):
    """One line, ready to be drawn."""

    spans: tuple[Styled, ...]
    ends: bool = True
    """False: it goes on in the next one, because it was longer than the limit."""

    @property
    def text(self) -> str:
        """What stands there, without styles."""
        return "".join(text for text, _style in self.spans)


class OutputLines:
    """One stream of one program. Nothing is lost: a line longer than the limit goes on in the next.

    Keeps the line under way only; whoever shows more keeps what `feed` returns, in a ring.
    """

    def __init__(self, limit: int = MAX_LINE) -> None:
        """Begin with nothing.

        Args:
            limit: Terminal cells in one line; at least 2, so that a wide character fits.
        """
        self._limit = limit
        self._input = Neutraliser()
        self._row = _Row()

    @property
    def open(self) -> Line:
        """The line under way, as it stands."""
        return Line(self._row.spans(), ends=False)

    @property
    def is_empty(self) -> bool:
        """Nothing stands on the line under way."""
        return self._row.size == 0

    def feed(self, data: bytes) -> list[Line]:
        """Return the lines that are complete now."""
        return list(self._fold(self._input.feed(data)))

    def finish(self) -> list[Line]:
        """Return the rest, the line under way included if anything stands on it; nothing more comes."""
        lines = list(self._fold(self._input.finish()))
        if not self.is_empty:
            lines.append(self.open)
            self._row = _Row()
        return lines

    def _fold(self, pieces: Iterable[Piece]) -> Iterator[Line]:
        for piece in pieces:
            if piece is Edit.NEW_LINE:
                yield Line(self._row.spans())
                self._row = _Row()
            elif isinstance(piece, Edit):
                if piece is Edit.TAB and self._row.column >= self._limit:
                    yield self._broken()
                self._row.edit(piece)
            else:
                yield from self._write(*piece)

    def _write(self, text: str, style: Style) -> Iterator[Line]:
        while text:
            part = _fitting(text, self._limit - self._row.column)
            if part:
                self._row.write(part, style)
                text = text[len(part) :]
            if text:
                yield self._broken()

    def _broken(self) -> Line:
        line, self._row = self.open, _Row()
        return line


class _Row:
    """The line under way. Pieces while it only grows, cells from the first time something is overwritten."""

    def __init__(self) -> None:
        self.column = 0
        """Where the next character goes."""
        self.size = 0
        """Cells that are taken."""
        self._grown: list[Styled] = []
        self._cells: list[tuple[str, Style]] | None = None

    def write(self, text: str, style: Style) -> None:
        if self._cells is None and self.column == self.size:
            self._grow(text, style)
            return
        self._overwrite(text, style, self._as_cells())

    def edit(self, edit: Edit) -> None:
        match edit:
            case Edit.RETURN:
                self.column = 0
            case Edit.BACK:
                self.column = max(0, self.column - 1)
            case Edit.TAB:
                self._tab()
            case Edit.ERASE_REST:
                self._erase(self.column)
            case Edit.ERASE_LINE:
                self._erase(0)
            case Edit.NEW_LINE:
                raise AssertionError("ends this row, so is its owner's")

    def spans(self) -> tuple[Styled, ...]:
        """Return what stands here, one span a style."""
        joined: list[tuple[list[str], Style]] = []
        for text, style in self._grown if self._cells is None else self._cells:
            if joined and (joined[-1][1] == style or not text):
                joined[-1][0].append(text)
            else:
                joined.append(([text], style))
        return tuple(("".join(texts), style) for texts, style in joined)

    def _grow(self, text: str, style: Style) -> None:
        self._grown.append((text, style))
        self.size += cell_len(text)
        self.column = self.size

    def _tab(self) -> None:
        width = _TAB - self.column % _TAB
        if self.column + width > self.size:
            self._as_cells_if_behind()
            self._fill(self.column + width)
        self.column += width

    def _erase(self, column: int) -> None:
        if column >= self.size:
            return
        cells = self._as_cells()
        if cells[column] == _HALF and column:
            cells[column - 1] = _BLANK
        del cells[column:]
        self.size = column

    def _overwrite(self, text: str, style: Style, cells: list[tuple[str, Style]]) -> None:
        self._fill(self.column)
        for character in text:
            width = cell_len(character)
            if width == 0:
                self._mark(cells, character)
                continue
            self._part_wide(cells, self.column)
            self._part_wide(cells, self.column + width)
            cells[self.column : self.column + width] = [(character, style), _HALF][:width]
            self.column += width
        self.size = len(cells)

    def _mark(self, cells: list[tuple[str, Style]], mark: str) -> None:
        """Put a character without a width onto the one before the cursor; at the beginning it is dropped."""
        place = self.column - 1
        if place > 0 and cells[place] == _HALF:
            place -= 1
        if place >= 0 and len(cells[place][0]) <= MAX_MARKS:
            cells[place] = (cells[place][0] + mark, cells[place][1])

    @staticmethod
    def _part_wide(cells: list[tuple[str, Style]], column: int) -> None:
        """Leave a blank where only half of a wide character will remain at either side of this column."""
        if 0 < column < len(cells) and cells[column] == _HALF:
            cells[column - 1] = cells[column] = _BLANK

    def _fill(self, column: int) -> None:
        """Have at least so many cells."""
        if column <= self.size:
            return
        missing = column - self.size
        if self._cells is None:
            self._grown.append((" " * missing, PLAIN))
        else:
            self._cells += [_BLANK] * missing
        self.size = column

    def _as_cells_if_behind(self) -> None:
        if self.column != self.size:
            self._as_cells()

    def _as_cells(self) -> list[tuple[str, Style]]:
        if self._cells is None:
            self._cells = []
            for text, style in self._grown:
                for character in text:
                    width = cell_len(character)
                    if width == 0 and self._cells:
                        place = -2 if self._cells[-1] == _HALF else -1
                        self._cells[place] = (self._cells[place][0] + character, self._cells[place][1])
                    else:
                        self._cells += [(character, style), _HALF][:width]
        return self._cells


def _fitting(text: str, room: int) -> str:
    """Return the longest beginning of `text` that takes at most `room` cells."""
    if text.isascii():
        return text[: max(0, room)]
    # No character takes more than two.
    return text if len(text) * 2 <= room else head(text, room)
