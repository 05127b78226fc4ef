"""Charts out of dots: two columns and four rows of dots in one braille cell.

A raster is one integer a column of dots, bit 0 the lowest dot; so a line from here to there is a shift and a
mask, and six charts take about a millisecond.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chatops_tui.render.buckets import Column
from chatops_tui.render.charset import Charset
from chatops_tui.render.spans import Ink, Span


@dataclass(frozen=True, slots=True)
class Trace:
    """One line of a chart: its columns of dots, oldest first, and how it is drawn."""

    columns: Sequence[Column | None]
    ink: Ink
    filled: bool = False
    """Whether everything below is filled; for values that are parts of a whole."""


@dataclass(frozen=True, slots=True)
class _Dots:
    """How one character set draws a cell of dots."""

    across: int
    down: int
    glyphs: Sequence[str]
    """By the bits of a cell: those of the left column first (the lowest bits), then those of the right."""


def _braille_glyphs() -> list[str]:
    # Unicode numbers the dots down the left column (1, 2, 3, then 7), then down the right (4, 5, 6, then 8).
    left = (0x40, 0x04, 0x02, 0x01)
    right = (0x80, 0x20, 0x10, 0x08)
    weights = (*left, *right)
    patterns = (sum(w for bit, w in enumerate(weights) if code >> bit & 1) for code in range(256))
    # An empty cell is a space: some fonts draw rings for the empty pattern, and it costs one byte, not three.
    return [chr(0x2800 + pattern) if pattern else " " for pattern in patterns]


_DOTS: Final[dict[Charset, _Dots]] = {
    "braille": _Dots(2, 4, _braille_glyphs()),
    "block": _Dots(1, 2, " ▄▀█"),
    "ascii": _Dots(1, 2, " .':"),
}


# No terminal has more rows of dots than this has bits.
_EVEN: Final = int("01" * 2048, 2)


def cells_across(charset: Charset) -> int:
    """Return how many columns of dots one cell has."""
    return _DOTS[charset].across


def plot(
    traces: Sequence[Trace],
    *,
    size: tuple[int, int],
    scale: tuple[float, float],
    charset: Charset = "braille",
) -> list[list[Span]]:
    """Return the rows of a chart, the highest first, each exactly as wide as asked.

    Where lines meet in one cell it takes the ink of the first of them: a cell has one colour.

    Args:
        traces: The most important first. Traces with more columns than there is room for lose the oldest.
        size: Width and height in cells.
        scale: Value at the lower and at the upper edge; what lies outside is drawn at the edge.
        charset: What may be drawn.
    """
    width, height = size
    if height <= 0:
        return []
    dots = _DOTS[charset]
    rasters = [
        (_raster(trace, width * dots.across, height * dots.down, scale), trace.ink) for trace in traces
    ]
    return [_row(rasters, row, width, dots) for row in range(height - 1, -1, -1)]


def _row(rasters: Sequence[tuple[list[int], Ink]], row: int, width: int, dots: _Dots) -> list[Span]:
    """Return row `row`, counted from the bottom, as few spans as its colours allow."""
    shift, mask = row * dots.down, (1 << dots.down) - 1
    spans: list[Span] = []
    text: list[str] = []
    current: Ink = "text"
    for cell in range(width):
        bits = 0
        owner: Ink | None = None
        for raster, ink in rasters:
            own = _cell_bits(raster, cell, shift, mask, dots)
            if own and owner is None:
                owner = ink
            bits |= own
        if owner is not None and owner != current:
            if text:
                spans.append(("".join(text), current))
                text = []
            current = owner
        text.append(dots.glyphs[bits])
    if text:
        spans.append(("".join(text), current))
    return spans


def _cell_bits(raster: list[int], cell: int, shift: int, mask: int, dots: _Dots) -> int:
    if dots.across == 1:
        return raster[cell] >> shift & mask
    left = raster[2 * cell] >> shift & mask
    return left | (raster[2 * cell + 1] >> shift & mask) << dots.down


def _raster(trace: Trace, width: int, height: int, scale: tuple[float, float]) -> list[int]:
    """Return `width` columns of dots, the newest last."""
    bottom, top = scale
    per_value = (height - 1) / (top - bottom) if top > bottom and height > 1 else 0.0

    def dot(value: float) -> int:
        return min(height - 1, max(0, round((value - bottom) * per_value)))

    shown = list(trace.columns)[-width:] if width else []
    raster = [0] * (width - len(shown))
    before: int | None = None
    for column in shown:
        if column is None:
            raster.append(0)
            before = None
            continue
        low, value, high = dot(column.low), dot(column.value), dot(column.high)
        band = _stipple(low, high) if column.band else _run(low, high)
        if trace.filled:
            raster.append(_run(0, value) | (_stipple(value, high) if column.band else _run(0, high)))
        else:
            raster.append(band | _step(before, value))
        before = value
    return raster


def _run(low: int, high: int) -> int:
    """Return the dots from `low` to `high`, both included."""
    return (1 << high + 1) - (1 << low)


def _stipple(low: int, high: int) -> int:
    """Return every other dot from `low` to `high`.

    Which ones does not depend on the column, so that a picture that moves by one column keeps its cells.
    """
    return _run(low, high) & _EVEN


def _step(before: int | None, value: int) -> int:
    """Return the dots that join `value` to the value one column to the left, without that one itself."""
    if before is None or before == value:
        return 1 << value
    return _run(before + 1, value) if before < value else _run(value, before - 1)
