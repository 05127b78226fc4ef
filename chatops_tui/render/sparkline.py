"""One line of history in a table cell."""

from collections.abc import Sequence
from typing import Final

from chatops_tui.render.charset import Charset
from chatops_tui.render.numbers import is_number

_LEVELS: Final[dict[Charset, str]] = {
    # Not the full block: rows would run into one shape.
    "braille": "▁▂▃▄▅▆▇",
    "block": "_▄█",
    "ascii": "_.-=+*#",
}


def sparkline(
    values: Sequence[float | None],
    *,
    bottom: float = 0.0,
    top: float | None = None,
    charset: Charset = "braille",
) -> str:
    """Return one character for each of `values`; a gap is a blank.

    Args:
        values: In any unit; None and NaN are gaps.
        bottom: What the lowest mark stands for.
        top: What the highest stands for; None takes the largest value. Beyond either is clamped.
        charset: What may be drawn.
    """
    highest = top if top is not None else max((v for v in values if is_number(v)), default=bottom)
    scale = highest - bottom
    marks = _LEVELS[charset]
    return "".join(_mark(value, bottom, scale, marks) if is_number(value) else " " for value in values)


def _mark(value: float, bottom: float, scale: float, marks: str) -> str:
    if scale <= 0:
        return marks[0]
    share = min(1.0, max(0.0, (value - bottom) / scale))
    return marks[min(len(marks) - 1, int(share * len(marks)))]
