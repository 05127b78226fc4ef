"""The crosshair of a chart: a line through one moment, and its time on the axis."""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Final

import msgspec

from chatops_tui.render.spans import Cell, Ink, Span

_LINE: Final = "│"
_THROUGH: Final = frozenset(" ┈⣿█:")
"""Nothing, a threshold, and a cell that is filled in each character set."""
_SECONDS_FROM_MS_A_CELL: Final = 60_000
_DAYS_FROM_MS_A_CELL: Final = 3_600_000


class Limit(msgspec.Struct, frozen=True):
    """A threshold: where it lies and how its line is inked."""

    value: float
    ink: Ink


def cell_at(at_ms: int | None, span_ms: tuple[int, int], across: int) -> int | None:
    """Return the cell of the plot a moment falls in, from 0; None outside, or without a moment."""
    start_ms, end_ms = span_ms
    if at_ms is None or across <= 0 or not start_ms <= at_ms < end_ms:
        return None
    return (at_ms - start_ms) * across // (end_ms - start_ms)


def with_line(lines: Sequence[Cell], cell: int | None) -> list[Cell]:
    """Return the plot with a line through one column of cells; what is drawn there stays, in its ink."""
    if cell is None:
        return list(lines)
    return [_with_cell(line, cell) for line in lines]


def time_label(at_ms: int, zone: tzinfo, ms_a_cell: int) -> str:
    """Return the moment as precisely as a cell can tell: `14:05:03`, `14:05`, `24 Nov 14h`."""
    at = datetime.fromtimestamp(at_ms / 1000, zone)
    if ms_a_cell >= _DAYS_FROM_MS_A_CELL:
        return f"{at:%d %b %H}h"
    return f"{at:%H:%M}" if ms_a_cell >= _SECONDS_FROM_MS_A_CELL else f"{at:%H:%M:%S}"


def with_label(axis: Sequence[Span], cell: int, label: str) -> list[Span]:
    """Return the axis with the moment's time below its line, as near as there is room."""
    across = sum(len(text) for text, _ink in axis)
    if len(label) > across:
        return list(axis)
    begin = min(max(0, cell - len(label) // 2), across - len(label))
    before, after = _cut(axis, 0, begin), _cut(axis, begin + len(label), across)
    return [*before, (label, "cursor"), *after]


def _with_cell(line: Cell, cell: int) -> Cell:
    across = sum(len(text) for text, _ink in line)
    if not 0 <= cell < across:
        return line
    under = next(_cut(line, cell, cell + 1))[0]
    # The line goes through a threshold and through what is filled, so that it is seen without colours too;
    # the cells a value ends in stay.
    glyph = _LINE if under in _THROUGH else under
    return [*_cut(line, 0, cell), (glyph, "cursor"), *_cut(line, cell + 1, across)]


def _cut(spans: Sequence[Span], begin: int, end: int) -> Iterator[Span]:
    """Yield the cells from `begin` up to `end`; every character of a chart takes one."""
    at = 0
    for text, ink in spans:
        piece = text[max(0, begin - at) : max(0, end - at)]
        if piece:
            yield piece, ink
        at += len(text)
