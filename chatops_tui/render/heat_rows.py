"""A heat map: a row for each server, a cell for each piece of time, darker for more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Final

from chatops_tui.render.axes import time_axis
from chatops_tui.render.buckets import Series, columns, step_for
from chatops_tui.render.crosshair import cell_at, time_label, with_label
from chatops_tui.render.severity import Limits, bar_ink, level
from chatops_tui.render.spans import Cell, Ink, Span
from chatops_tui.render.text import cut

SHADES: Final = " ░▒▓█"
_COLD: Final[Ink] = "spark"
_LEAST_CELLS: Final = 8


@dataclass(frozen=True, slots=True)
class HeatView:
    """What is to be seen."""

    rows: Sequence[tuple[str, Series]]
    """A clean name and what is known of it."""
    span_ms: tuple[int, int]
    """From when until when, Unix milliseconds."""
    top: float
    """What the darkest shade stands for."""
    limits: Limits | None = None
    """From where on cells are in the ink of a warning; None: never."""
    cursor_ms: int | None = None
    """The moment the crosshair stands on."""
    tz: tzinfo = UTC


def heat_lines(view: HeatView, width: int, height: int) -> list[Cell]:
    """Return at most `height` lines, the last one the time axis; none where there is no room."""
    rows, cursor_ms, tz = view.rows, view.cursor_ms, view.tz
    name_width = min(max((len(name) for name, _series in rows), default=0), max(0, width // 3))
    across = width - name_width - 1
    if across < _LEAST_CELLS or height < 2:  # noqa: PLR2004 - a row and its axis
        return []
    start_ms, end_ms = view.span_ms
    step = step_for(end_ms - start_ms, across)
    shown = list(rows)
    room = height - 1
    if len(shown) > room:
        shown = shown[: room - 1]
    lines: list[Cell] = []
    for name, series in shown:
        found = columns(series, end_ms, step, across)
        cells = [_cell(column.value if column else None, view.top, view.limits) for column in found]
        lines.append([(f"{cut(name, name_width):<{name_width}} ", "muted"), *_joined(cells)])
    if len(shown) < len(rows):
        lines.append([(f"… {len(rows) - len(shown)} more", "muted")])
    drawn = ((end_ms // step - across + 1) * step, (end_ms // step + 1) * step)
    axis: list[Span] = [(time_axis(*drawn, across, tz), "muted")]
    place = cell_at(cursor_ms, drawn, across)
    if place is not None and cursor_ms is not None:
        axis = with_label(axis, place, time_label(cursor_ms, tz, step))
    return [*lines, [(" " * (name_width + 1), "text"), *axis]]


def _cell(value: float | None, top: float, limits: Limits | None) -> Span:
    if value is None:
        # Not blank: that would be a value of nothing.
        return "·", "rule"
    share = min(1.0, max(0.0, value / top)) if top > 0 else 0.0
    shade = SHADES[min(len(SHADES) - 1, 1 + int(share * (len(SHADES) - 1)))]
    ink: Ink = _COLD if limits is None or value < limits.warn else bar_ink(level(value, limits))
    return shade, ink


def _joined(cells: Sequence[Span]) -> list[Span]:
    spans: list[Span] = []
    for text, ink in cells:
        if spans and spans[-1][1] == ink:
            spans[-1] = (spans[-1][0] + text, ink)
        else:
            spans.append((text, ink))
    return spans
