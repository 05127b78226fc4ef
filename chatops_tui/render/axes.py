"""The two axes of a chart: round numbers with units on the left, clock times below."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta, tzinfo
from math import floor, log10
from typing import Final

import msgspec

from chatops_tui.render import numbers
from chatops_wire.metrics import Unit

LABEL_WIDTH: Final = numbers.SIZE_WIDTH
"""Every label of the y axis fits in this many cells."""

_BINARY: Final = 1024

_FOUR_DIGITS: Final = 10_000

# Steps people read without thinking. Beyond half a day only midnights are named.
_STEPS_S: Final = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
    172800, 432000, 864000,
)  # fmt: skip
_DAY_S: Final = 86_400
_MINUTE_S: Final = 60

# Between two labels, so that they stay apart; less looks like one long number.
_LABEL_GAP: Final = 4


class Scale(msgspec.Struct, frozen=True):
    """What the lower and the upper edge of a chart stand for."""

    bottom: float
    top: float


def scale(highest: float | None, unit: Unit, least: float = 0.0, *, is_whole: bool = True) -> Scale:
    """Return a scale from 0 to a round number at or above `highest`.

    Percentages go to 100, or beyond in hundreds when a value does. `least` keeps an idle line flat: the top
    is never below it. Nothing known draws an empty scale to `least`, or to 1. Percentages of no whole
    (not `is_whole`), as of one core, go to a round number like everything else.
    """
    wanted = max(highest if numbers.is_number(highest) else 0.0, least)
    if unit == "percent" and is_whole:
        return Scale(0.0, max(100.0, -(-wanted // 100) * 100.0))
    if unit in ("bytes", "bytes/s"):
        return Scale(0.0, _round_size(wanted))
    if unit == "bool":
        return Scale(0.0, 1.0)
    return Scale(0.0, _round_up(wanted))


def y_labels(shown: Scale, unit: Unit, rows: int) -> list[str]:
    """Return a label for each of `rows`, the highest first; empty where the row has none.

    The edges are always named, halves and quarters where there is room.
    """
    labels = [""] * rows
    if rows <= 0:
        return labels
    for part in _parts(rows):
        row = round((rows - 1) * (1 - part))
        labels[row] = y_label(shown.bottom + (shown.top - shown.bottom) * part, unit)
    return labels


def y_label(value: float, unit: Unit) -> str:
    """Return `value` in at most `LABEL_WIDTH` cells; the title of the chart says the rest of the unit."""
    if unit in {"bytes", "bytes/s"}:
        return _trimmed(numbers.size(value)) if value else "0"
    if unit == "seconds":
        return numbers.duration(value)
    sign = {"percent": "%", "celsius": "°"}.get(unit, "")
    return f"{value:g}{sign}" if value < _FOUR_DIGITS else _trimmed(numbers.count(value))


def time_axis(
    start_ms: int, end_ms: int, width: int, tz: tzinfo, taken: AbstractSet[int] = frozenset()
) -> str:
    """Return the line below a chart, `width` cells wide: a rule with the clock times of `tz` in it.

    Steps follow the wall clock, also across a change to summer time. Labels that would not fit, or would lie
    over one of the cells `taken`, are left out.
    """
    line = ["─"] * max(0, width)
    span_s = (end_ms - start_ms) / 1000
    if span_s <= 0 or width <= 0:
        return "".join(line)
    step_s, pattern = _time_step(span_s, width)
    free_from = 0
    for at in _ticks(start_ms, end_ms, step_s, tz):
        label = at.strftime(pattern)
        column = int((at.timestamp() * 1000 - start_ms) / (end_ms - start_ms) * width) - len(label) // 2
        end = column + len(label)
        if column < free_from or end > width or not taken.isdisjoint(range(column, end)):
            continue
        line[column:end] = label
        free_from = end + 1
    return "".join(line)


def row_of(value: float, shown: Scale, rows: int) -> int | None:
    """Return the row, counted from the top, that `value` stands in; None outside the scale."""
    if not shown.bottom <= value <= shown.top or shown.top <= shown.bottom or rows <= 0:
        return None
    return rows - 1 - min(rows - 1, int((value - shown.bottom) / (shown.top - shown.bottom) * rows))


def _parts(rows: int) -> Sequence[float]:
    """Return the shares of the scale that get a label, so that labels stay at least two rows apart."""
    if rows == 1:
        return (1.0,)
    if rows >= 13:  # noqa: PLR2004 - three rows from label to label
        return (0.0, 0.25, 0.5, 0.75, 1.0)
    return (0.0, 0.5, 1.0) if rows >= 5 else (0.0, 1.0)  # noqa: PLR2004 - the middle is two rows from the edges


def _trimmed(text: str) -> str:
    """Return `16M` for `16.0M`."""
    return f"{text[:-3]}{text[-1]}" if text[-3:-1] == ".0" else text


def _round_size(wanted: float) -> float:
    """Return the power of two at or above `wanted`, at least 1 KiB: its half and quarter are round too."""
    top = float(_BINARY)
    while top < wanted:
        top *= 2
    return top


def _round_up(wanted: float) -> float:
    """Return 1, 2, 4, 6, 8 or 10 times a power of ten at or above `wanted`, at least 1."""
    power = 10.0 ** floor(log10(max(wanted, 1.0)))
    for mantissa in (1, 2, 4, 6, 8):
        if mantissa * power >= wanted:
            return mantissa * power
    return 10 * power


def _time_step(span_s: float, width: int) -> tuple[int, str]:
    """Return the smallest step whose labels fit, in seconds, and how its times are written."""
    fitting = (
        step_s for step_s in _STEPS_S if width * step_s >= span_s * (_label_width(step_s) + _LABEL_GAP)
    )
    step_s = next(fitting, _STEPS_S[-1])
    return step_s, _pattern(step_s)


def _pattern(step_s: int) -> str:
    if step_s >= _DAY_S:
        return "%d %b"
    return "%H:%M" if step_s >= _MINUTE_S else "%H:%M:%S"


def _label_width(step_s: int) -> int:
    return len("23:59:59") if step_s < _MINUTE_S else len("23 Dec")


def _ticks(start_ms: int, end_ms: int, step_s: int, tz: tzinfo) -> Iterator[datetime]:
    """Yield the moments from `start_ms` to `end_ms` whose wall clock in `tz` is a multiple of `step_s`."""
    step = timedelta(seconds=step_s)
    at = datetime.fromtimestamp(start_ms / 1000, tz)
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if step_s >= _DAY_S:
        # Counted from a fixed day, so that the same days are named while time goes on.
        midnight -= timedelta(days=midnight.toordinal() % (step_s // _DAY_S))
    wall = midnight.replace(tzinfo=None)
    # The last multiple before the beginning.
    wall += (at.replace(tzinfo=None) - wall) // step * step
    end = datetime.fromtimestamp(end_ms / 1000, UTC)
    while (moment := wall.replace(tzinfo=tz)) <= end:
        # A time that the change to summer time leaves out would be named where an hour later stands.
        exists = moment.astimezone(UTC).astimezone(tz).replace(tzinfo=None) == wall
        if exists and moment >= at:
            yield moment
        wall += step
