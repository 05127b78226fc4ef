"""One line of a table: its cells in their columns."""

from collections.abc import Sequence

from chatops_tui.render.columns import GAP, Column, Placed
from chatops_tui.render.spans import Cell, Ink, Span, fit


def row_line(placed: Sequence[Placed], cells: Sequence[Cell]) -> list[Span]:
    """Return the cells of one row in their columns, a blank where a cell is missing."""
    spans: list[Span] = []
    for at in placed:
        if spans:
            spans.append((" " * GAP, "text"))
        cell: Cell = cells[at.index] if at.index < len(cells) else ()
        spans.extend(fit(cell, at.width, at.column.align))
    return spans


def header_line(
    placed: Sequence[Placed], columns: Sequence[Column], sort: tuple[str, bool] | None
) -> list[Span]:
    """Return the titles; the sorted column has an arrow.

    `sort` is its key and whether it descends, which is ▼.
    """
    return row_line(placed, [_title(column, sort) for column in columns])


def _title(column: Column, sort: tuple[str, bool] | None) -> Cell:
    if sort is None or sort[0] != column.key:
        return [(column.title, "muted")]
    ink: Ink = "accent"
    return [(column.title + ("▼" if sort[1] else "▲"), ink)]
