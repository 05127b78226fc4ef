"""Horizontal bars, an eighth of a cell exact."""

from typing import Final

from chatops_tui.render.charset import Charset
from chatops_tui.render.numbers import is_number

_EIGHTHS: Final = " ▏▎▍▌▋▊▉"


def bar(fraction: float | None, size: int, charset: Charset = "braille") -> str:
    """Return a bar of exactly `size` cells, filled from the left.

    Args:
        fraction: 0 to 1; outside it is clamped; None and NaN are an empty bar. More than nothing shows at
            least the thinnest line.
        size: Cells.
        charset: `braille` draws eighths of a cell, `block` halves, `ascii` whole `#` on a ground of `.`.
    """
    if size <= 0:
        return ""
    share = min(1.0, max(0.0, fraction)) if is_number(fraction) else 0.0
    if charset == "ascii":
        return ("#" * _steps(share, size)).ljust(size, ".")
    if charset == "block":
        full, half = divmod(_steps(share, size * 2), 2)
        return ("█" * full + "▌" * half).ljust(size)
    full, eighths = divmod(_steps(share, size * 8), 8)
    return ("█" * full + _EIGHTHS[eighths : eighths + 1].strip()).ljust(size)


def _steps(share: float, steps: int) -> int:
    return max(1, round(share * steps)) if share > 0 else 0
