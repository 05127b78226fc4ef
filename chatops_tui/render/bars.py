"""Horizontal bars, half a cell exact, on a track that shows where they could end.

Thin lines and not blocks, though those are exact to an eighth: blocks of neighbouring rows run into one
shape, and each step of a value is sent again. The figure beside the bar is exact.
"""

from typing import Final

from chatops_tui.render.charset import Charset
from chatops_tui.render.numbers import is_number

_GLYPHS: Final[dict[Charset, tuple[str, str, str]]] = {
    "braille": ("━", "╸", "─"),
    "block": ("═", "", "─"),
    "ascii": ("#", "", "."),
}
"""A whole cell, half a cell where there is such a glyph, and the track."""


def bar(fraction: float | None, size: int, charset: Charset = "braille") -> tuple[str, str]:
    """Return a bar filled from the left and the rest of its track, `size` cells together.

    Args:
        fraction: 0 to 1; outside it is clamped; None and NaN are an empty bar. More than nothing shows at
            least the shortest line.
        size: Cells.
        charset: What may be drawn.
    """
    if size <= 0:
        return "", ""
    share = min(1.0, max(0.0, fraction)) if is_number(fraction) else 0.0
    whole, half, track = _GLYPHS[charset]
    if half:
        full, halves = divmod(_steps(share, size * 2), 2)
    else:
        full, halves = _steps(share, size), 0
    return whole * full + half * halves, track * (size - full - halves)


def _steps(share: float, steps: int) -> int:
    return max(1, round(share * steps)) if share > 0 else 0
