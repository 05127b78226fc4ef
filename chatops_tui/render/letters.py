"""Letters on the lines of a chart: which line is whose, also where there is no colour."""

from collections.abc import Sequence
from typing import Final

from chatops_tui.render.buckets import Column
from chatops_tui.render.spans import Cell, Ink, Span

# Near enough to be found, far enough apart that the line stays one.
_EVERY: Final = 18
_APART: Final = 4


def with_letters(
    lines: Sequence[Cell],
    found: Sequence[Sequence[Column | None]],
    scale: tuple[float, float],
    marks: Sequence[tuple[str, Ink]],
) -> list[Cell]:
    """Return the plot with the first letter of each mark on its own line, every few cells.

    Args:
        lines: The plot, the highest row first.
        found: The columns of dots of each line, oldest first; one or two for each cell.
        scale: Value at the lower and at the upper edge.
        marks: A name and an ink for each line.
    """
    rows = len(lines)
    across = sum(len(text) for text, _ink in lines[0]) if lines else 0
    if not across or not rows:
        return list(lines)
    letters: list[dict[int, Span]] = [{} for _ in range(rows)]
    for nth, (columns, (name, ink)) in enumerate(zip(found, marks, strict=False)):
        for cell in range(across - 2 - nth * _APART, -1, -_EVERY):
            column = columns[(cell + 1) * len(columns) // across - 1]
            row = None if column is None else _row(column.value, scale, rows)
            if row is not None and name:
                letters[row].setdefault(cell, (name[0], ink))
    return [_lettered(line, own) for line, own in zip(lines, letters, strict=True)]


def _row(value: float, scale: tuple[float, float], rows: int) -> int | None:
    bottom, top = scale
    if top <= bottom:
        return None
    share = min(1.0, max(0.0, (value - bottom) / (top - bottom)))
    return rows - 1 - min(rows - 1, int(share * rows))


def _lettered(line: Cell, letters: dict[int, Span]) -> Cell:
    if not letters:
        return line
    spans: list[Span] = []
    at = 0
    for text, ink in line:
        begin = 0
        for offset in range(len(text)):
            if at + offset in letters:
                spans += [(text[begin:offset], ink), letters[at + offset]]
                begin = offset + 1
        spans.append((text[begin:], ink))
        at += len(text)
    return [span for span in spans if span[0]]
