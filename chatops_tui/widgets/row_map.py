"""Where each line stands when long ones go on in the rows below: lines to rows and back."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, Protocol

import msgspec
from rich.cells import cell_len

from chatops_tui.widgets.output_paint import Piece

# Every picture measures them, 15 ms for this many. Older lines take one row each.
MEASURED_LINES: Final = 5000


class Lines(Protocol):
    """Whoever has the lines."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def pieces(self, index: int) -> Sequence[Piece]:
        """Return one line."""
        ...


class RowMap(msgspec.Struct, frozen=True):
    """Lines that take one row each, but for those from `first` on, which may take more."""

    count: int
    first: int = 0
    ends: Sequence[int] = ()
    """For each line from `first` on, how many rows it and those from `first` to it take."""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.first + self.ends[-1] if self.ends else self.count

    def row_of(self, line: int) -> int:
        """Return the first row of a line; of one behind the last the row behind the last."""
        at = line - self.first
        if not self.ends or at <= 0:
            return line
        return self.first + self.ends[min(at, len(self.ends)) - 1]

    def line_at(self, row: int) -> tuple[int, int]:
        """Return which line stands at a row, and its how manieth row that is, from 0."""
        if not self.ends or row < self.first:
            return row, 0
        at = bisect_right(self.ends, row - self.first)
        return self.first + at, row - self.row_of(self.first + at)


def one_each(lines: Lines) -> RowMap:
    """Return the map of lines that are cut at the edge."""
    return RowMap(len(lines))


def wrapped(lines: Lines, width: int) -> RowMap:
    """Return the map of lines that go on in the next row, for rows of `width` cells, at least 1."""
    first = max(0, len(lines) - MEASURED_LINES)
    heights = (max(1, -(-_cells(lines.pieces(at)) // width)) for at in range(first, len(lines)))
    return RowMap(len(lines), first, list(accumulate(heights)))


def _cells(pieces: Sequence[Piece]) -> int:
    return sum(cell_len(text) for text, _look in pieces)
