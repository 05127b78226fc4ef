"""Charts out of dots: two columns and four rows of dots in one braille cell.

A raster is one integer a column of dots, bit 0 the lowest dot; so a line from here to there is a shift and a
mask, and six charts take about a millisecond.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache, reduce
from itertools import repeat
from operator import or_
from typing import Final

import msgspec

from chatops_tui.render.buckets import Column
from chatops_tui.render.charset import Charset
from chatops_tui.render.spans import Ink, Span


class Trace(msgspec.Struct, frozen=True):
    """One line of a chart: its columns of dots, oldest first, and how it is drawn."""

    columns: Sequence[Column | None]
    ink: Ink
    filled: bool = False
    """Whether everything below is filled; for values that are parts of a whole."""


class _Dots(msgspec.Struct, frozen=True):
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
    if width <= 0 or height <= 0:
        return [[] for _ in range(height)]
    dots = _DOTS[charset]
    rasters = [_raster(trace, width * dots.across, height * dots.down, scale) for trace in traces]
    together = [reduce(or_, column) for column in zip(*rasters, strict=True)] or [0] * (width * dots.across)
    columns = [_glyphs(*cell, height, charset) for cell in _cells(together, dots.across)]
    rows = ["".join(row) for row in zip(*columns, strict=True)]
    if len(traces) < 2:  # noqa: PLR2004 - one line needs no look at whose cell it is
        return [[(row, traces[0].ink if traces else "text")] for row in rows]
    owners = [_owners(tuple(_cells(raster, dots.across)), height, dots) for raster in rasters]
    return [
        _coloured(row, [owner[index] for owner in owners], [trace.ink for trace in traces])
        for index, row in enumerate(rows)
    ]


def _cells(raster: Sequence[int], across: int) -> Iterator[tuple[int, int]]:
    """Yield the two columns of dots of each cell; the right one is empty where a cell has but one."""
    if across == 1:
        return zip(raster, repeat(0), strict=False)
    return zip(raster[::2], raster[1::2], strict=True)


# Between two pictures a chart shifts by a cell or not at all, so nearly every column was drawn before.
@lru_cache(maxsize=8192)
def _glyphs(left: int, right: int, height: int, charset: Charset) -> str:
    """Return one column of cells, the highest first."""
    dots = _DOTS[charset]
    mask = (1 << dots.down) - 1
    shifts = range((height - 1) * dots.down, -1, -dots.down)
    return "".join(dots.glyphs[left >> at & mask | (right >> at & mask) << dots.down] for at in shifts)


def _owners(cells: Sequence[tuple[int, int]], height: int, dots: _Dots) -> list[list[bool]]:
    """Return by row, the highest first, in which cells a raster has dots."""
    mask = (1 << dots.down) - 1
    shifts = range((height - 1) * dots.down, -1, -dots.down)
    filled = [left | right for left, right in cells]
    return [[bool(bits >> at & mask) for bits in filled] for at in shifts]


def _coloured(row: str, owners: Sequence[Sequence[bool]], inks: Sequence[Ink]) -> list[Span]:
    """Return a row in the ink of the first owner of each cell; blanks take the ink before them."""
    present = [(own, ink) for own, ink in zip(owners, inks, strict=True) if any(own)]
    if len(present) < 2:  # noqa: PLR2004 - most rows have but one line in them
        return [(row, present[0][1] if present else "text")]
    spans: list[Span] = []
    begin = 0
    current = present[0][1]
    for at in range(len(row)):
        ink = next((ink for own, ink in present if own[at]), current)
        if ink != current:
            if at > begin:
                spans.append((row[begin:at], current))
            begin, current = at, ink
    spans.append((row[begin:], current))
    return spans


def _raster(trace: Trace, width: int, height: int, scale: tuple[float, float]) -> list[int]:
    """Return `width` columns of dots, the newest last."""
    bottom, top = scale
    per_value = (height - 1) / (top - bottom) if top > bottom and height > 1 else 0.0
    edge = height - 1

    def dot(value: float) -> int:
        at = round((value - bottom) * per_value)
        return 0 if at < 0 else min(at, edge)

    shown = trace.columns[-width:]
    raster = [0] * (width - len(shown))
    before: int | None = None
    for column in shown:
        if column is None:
            raster.append(0)
            before = None
            continue
        value = dot(column.value)
        if column.low == column.high:
            low = high = value
        else:
            low, high = dot(column.low), dot(column.high)
        if trace.filled:
            raster.append(_run(0, value) | _stipple(value, high) if column.band else _run(0, high))
        else:
            path = _stipple(low, high) if column.band else _run(low, high)
            raster.append(path | _step(before, value))
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
