"""Sorting and filtering for lists without a language of their own: by what stands in their cells."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from chatops_tui.render.columns import Column
from chatops_tui.render.spans import Cell
from chatops_tui.store.filters import Language, compiled
from chatops_tui.store.selectors import Order, SortKey, known_order, ordered
from chatops_tui.view_file import Kept, KeptList

AS_IT_COMES: Final = Order("as-it-comes", descending=False)
"""The order of a list that has one of its own: what fires first, the newest first."""

Cells = Sequence[Cell]
Key = float | str

# As `render.numbers` writes them: sizes with capitals, durations with small letters.
_FIGURE: Final = re.compile(r"[↓↑●○▲✖ ]*(-?[0-9]+(?:[.,][0-9]+)?)\s?([KMGTP]|[smhdwy]|%|ms)?(?:/s|B)?\b.*")
_SCALES: Final[Mapping[str, float]] = {
    "K": 1024.0,
    "M": 1024.0**2,
    "G": 1024.0**3,
    "T": 1024.0**4,
    "P": 1024.0**5,
    "ms": 0.001,
    "m": 60.0,
    "h": 3600.0,
    "d": 86_400.0,
    "w": 604_800.0,
    "y": 31_536_000.0,
}


def plain_sorts(columns: Sequence[Column]) -> tuple[SortKey[Any], ...]:
    """Return `sorts_of` and, first, the order in which the rows come."""
    return (SortKey(AS_IT_COMES.key, "As it comes", lambda _cells: 0.0, descending=False), *sorts_of(columns))


def kept_plain_order(kept: Kept, name: str, columns: Sequence[Column]) -> Order:
    """Return how a plain list was sorted last time."""
    last = kept.view.lists.get(name, KeptList())
    return known_order(plain_sorts(columns), last.sort, AS_IT_COMES.key, descending=last.descending)


def arrow(order: Order) -> str | None:
    """Return the column that shows the arrow, None for none."""
    return None if order.key == AS_IT_COMES.key else order.key


def sorts_of(columns: Sequence[Column]) -> tuple[SortKey[Cells], ...]:
    """Return one way to sort for each column with a title: figures by their size, words by the alphabet."""
    return tuple(
        SortKey(column.key, column.title.capitalize(), _reader(at), descending=column.align == "right")
        for at, column in enumerate(columns)
        if column.title
    )


def arranged(
    rows: Mapping[str, Cells], columns: Sequence[Column], order: Order | None, text: str = ""
) -> list[str]:
    """Return the ids of the rows that match the filter `text`, sorted; without an order as they come."""
    matches = compiled(text, _language(columns))
    found = [row_id for row_id, cells in rows.items() if matches(cells)]
    sorts = sorts_of(columns)
    if order is None or all(sort.id != order.key for sort in sorts):
        return found
    keys = [SortKey(sort.id, sort.title, _through(rows, sort.read)) for sort in sorts]
    return ordered(found, keys, order)


def magnitude(text: str) -> float | None:
    """Return the figure `text` begins with, with its unit: bytes, seconds or what it counts; None: none."""
    found = _FIGURE.fullmatch(text.strip())
    if found is None:
        return None
    return float(found[1].replace(",", ".")) * _SCALES.get(found[2] or "", 1.0)


def text_of(cell: Cell) -> str:
    """Return what is read in a cell."""
    return "".join(text for text, _ink in cell).strip()


def _reader(at: int) -> Callable[[Cells], Key | None]:
    def read(cells: Cells) -> Key | None:
        text = text_of(cells[at])
        found = magnitude(text)
        # One column may mix both (`-` and `12M`); words stand behind the figures, both in their own order.
        return f"1{text.casefold()}" if found is None else f"0{found:030.6f}"

    return lambda cells: read(cells) if text_of(cells[at]) else None


def _through(rows: Mapping[str, Cells], read: Callable[[Cells], Key | None]) -> Callable[[str], Key | None]:
    return lambda row_id: read(rows[row_id])


def _language(columns: Sequence[Column]) -> Language[Cells]:
    named = [(at, column) for at, column in enumerate(columns) if column.title]
    return Language(
        words=lambda cells: tuple(map(text_of, cells)),
        fields={column.key: _holds(at) for at, column in named},
        numbers={column.key: _figure(at) for at, column in named if column.align == "right"},
    )


def _holds(at: int) -> Callable[[Cells, str], bool]:
    return lambda cells, value: value in text_of(cells[at]).lower()


def _figure(at: int) -> Callable[[Cells], float | None]:
    return lambda cells: magnitude(text_of(cells[at]))
