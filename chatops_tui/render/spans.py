"""What drawing functions hand to widgets: pieces of text, each in a named ink."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeAlias, get_args

from rich.cells import cell_len

from chatops_tui.render.text import ELLIPSIS, head

Ink = Literal[
    "text",  # ordinary
    "strong",  # what the eye should find first
    "muted",  # units, labels, axes
    "rule",  # lines that separate
    "accent",  # the one accent colour: keys, the sorted column
    "info",
    "ok",
    "warn",
    "crit",
    "off",  # offline, unknown
    "bar-ok",  # bars
    "bar-warn",
    "bar-crit",
    "spark",  # sparklines in tables, large areas, so quieter than text
    "spark-warn",
    "spark-crit",
    "series-1",  # the first line of a chart
    "series-2",  # the second
    "series-3",
    "series-4",
    "cursor",  # the crosshair in a chart
]
INKS: Final[tuple[Ink, ...]] = get_args(Ink)

Span: TypeAlias = tuple[str, Ink]
"""Text without control characters, and its ink."""

Cell: TypeAlias = Sequence[Span]
"""What stands in one column of one row, or on one line."""

Align = Literal["left", "right"]


def width(cell: Cell) -> int:
    """Return how many terminal cells `cell` takes."""
    return sum(cell_len(text) for text, _ink in cell)


def plain(cell: Cell) -> str:
    """Return the text of `cell` without its inks."""
    return "".join(text for text, _ink in cell)


def faded(cell: Cell) -> list[Span]:
    """Return `cell` without its inks' meaning: what is no longer so, or not known to be."""
    return [(text, "off") for text, _ink in cell]


def lifted(cell: Cell) -> list[Span]:
    """Return `cell` with its faint words as ordinary ones: on the colour of a cursor grey is unreadable."""
    return [(text, "text" if ink in {"muted", "off"} else ink) for text, ink in cell]


def fit(cell: Cell, size: int, align: Align = "left") -> list[Span]:
    """Return `cell` padded, or cut with an ellipsis, to exactly `size` terminal cells.

    Adjacent spans of one ink are joined, so that a line costs as few colour changes as it can.
    """
    if size <= 0:
        return []
    used = width(cell)
    if used > size:
        return _joined(_cut(cell, size))
    gap: Span = (" " * (size - used), "text")
    return _joined((gap, *cell) if align == "right" else (*cell, gap))


def _cut(cell: Cell, size: int) -> Iterable[Span]:
    """Yield what of a too wide `cell` fits before an ellipsis, and the ellipsis in the ink it cuts."""
    room = size - 1
    spans = iter(cell)
    text, ink = next(spans)
    while (needed := cell_len(text)) <= room:
        yield text, ink
        room -= needed
        text, ink = next(spans)
    kept = head(text, room)
    yield kept + ELLIPSIS + " " * (room - cell_len(kept)), ink


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for text, ink in spans:
        if not text:
            continue
        if joined and joined[-1][1] == ink:
            joined[-1] = (joined[-1][0] + text, ink)
        else:
            joined.append((text, ink))
    return joined
