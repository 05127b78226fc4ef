"""Which columns of a table are shown in how many cells, and how wide each becomes."""

from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from chatops_tui.render.spans import Align

GAP: Final = 1
"""Empty cells between two columns."""


class Column(msgspec.Struct, frozen=True):
    """One column of a table."""

    key: str
    title: str
    width: int
    """Cells it takes at least."""
    flex: int = 0
    """Its share of what is left over; 0 keeps it at `width`."""
    max_width: int | None = None
    """What a flexible column never grows beyond."""
    align: Align = "left"
    priority: int = 0
    """Columns with a larger number go first when it gets narrow; those with 0 stay."""
    sortable: bool = True


class Placed(msgspec.Struct, frozen=True):
    """A column that is shown."""

    column: Column
    index: int
    """Its place among all columns, and so among the cells of a row."""
    x: int
    width: int


def place(columns: Sequence[Column], available: int, hidden: Collection[str] = frozenset()) -> list[Placed]:
    """Return the columns that fit in `available` cells, from left to right, without the hidden ones.

    Columns of the largest priority are dropped first, of equal ones the last. Those that must stay are cut at
    the right edge when even they do not fit.
    """
    kept = [(index, column) for index, column in enumerate(columns) if column.key not in hidden]
    while _needed(kept) > available and (droppable := [at for at in kept if at[1].priority > 0]):
        kept.remove(max(droppable, key=lambda at: (at[1].priority, at[0])))
    widths = _grown([column for _index, column in kept], available - _needed(kept))
    placed: list[Placed] = []
    x = 0
    for (index, column), width in zip(kept, widths, strict=True):
        shown = min(width, available - x)
        if shown <= 0:
            break
        placed.append(Placed(column, index, x, shown))
        x += width + GAP
    return placed


def _needed(kept: Sequence[tuple[int, Column]]) -> int:
    return sum(column.width for _index, column in kept) + GAP * max(0, len(kept) - 1)


def _grown(columns: Sequence[Column], spare: int) -> list[int]:
    """Return the widths after `spare` cells went to the flexible columns, by their shares."""
    widths = [column.width for column in columns]
    while spare > 0:
        hungry = [i for i, column in enumerate(columns) if column.flex and widths[i] < _limit(column)]
        if not hungry:
            break
        total = sum(columns[i].flex for i in hungry)
        # At least one cell a round, so that this ends; the leftmost take what does not divide.
        for i in hungry:
            share = max(1, spare * columns[i].flex // total)
            grant = min(share, spare, _limit(columns[i]) - widths[i])
            widths[i] += grant
            spare -= grant
    return widths


def _limit(column: Column) -> int:
    return column.max_width if column.max_width is not None else 10_000
