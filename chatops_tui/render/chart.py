"""A whole chart as lines: title and figures, y axis, plot, time axis; pure, so it can be read in a test."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Final

import msgspec

from chatops_tui.render import axes, numbers
from chatops_tui.render.braille import Trace, cells_across, plot
from chatops_tui.render.buckets import Column, Series, columns, step_for
from chatops_tui.render.charset import Charset
from chatops_tui.render.crosshair import Limit, cell_at, time_label, with_label, with_line
from chatops_tui.render.letters import with_letters
from chatops_tui.render.marks import Mark, marked_cells
from chatops_tui.render.severity import Level, Limits, bar_ink, level
from chatops_tui.render.spans import Cell, Ink, Span, width
from chatops_wire.metrics import Unit

SERIES_INKS: Final[tuple[Ink, ...]] = ("series-1", "series-2", "series-3", "series-4")

# Below this the axes would leave less room than they take.
_AXES_MIN_WIDTH: Final = 20
_AXES_MIN_HEIGHT: Final = 4

# In a lower chart the two would touch, and the upper one would strike through the label of the top.
_BOTH_LIMITS_MIN_ROWS: Final = 8


class ChartStyle(msgspec.Struct, frozen=True):
    """What does not change while a chart is on screen."""

    title: str
    unit: Unit
    filled: bool = False
    """For parts of a whole, like percentages; a line is better for rates."""
    limits: Limits | None = None
    """Drawn as dotted rows."""
    least_top: float = 0.0
    """The y axis never ends below this, so that noise round zero stays flat."""
    is_whole: bool = True
    """Percentages are parts of a whole, so the y axis goes to 100."""
    charset: Charset = "braille"
    marks: tuple[str, ...] = ("", "")
    """Of several series, what stands before the figure of each."""
    letters: bool = False
    """Whether the first character of each of `marks` is written on its line, too: a colour says little."""
    tz: tzinfo = UTC
    """Of the clock times below the chart."""


class ChartView(msgspec.Struct, frozen=True):
    """What is to be seen."""

    series: Sequence[Series] = ()
    """At most four; the first is the most important one."""
    start_ms: int = 0
    end_ms: int = 0
    cursor_ms: int | None = None
    """The moment the crosshair stands on."""
    limits: Sequence[Limit] | None = None
    """Thresholds, as dotted rows; None: those of the style."""
    top: float | None = None
    """What the y axis reaches at least: charts beside each other shall be comparable."""
    headline: Cell = ()
    """The current values, beside the title."""
    marks: Sequence[Mark] = ()
    """Alerts, on the time axis."""
    message: str = ""
    """Said in the middle instead of nothing: loading, no data yet, an error."""


def chart_lines(style: ChartStyle, view: ChartView, columns_wide: int, rows: int) -> list[Cell]:
    """Return the chart as `rows` lines of `columns_wide` cells.

    Below 20 cells or 4 rows the axes go; a single row is the title.
    """
    if rows <= 1:
        return [title_line(style, view.headline, "", columns_wide)]
    if columns_wide < _AXES_MIN_WIDTH or rows < _AXES_MIN_HEIGHT:
        body = _body(style, view, columns_wide, rows - 1)
        return [title_line(style, view.headline, "", columns_wide), *body.lines]
    across = columns_wide - axes.LABEL_WIDTH - 1
    body = _body(style, view, across, rows - 2)
    lines: list[Cell] = [title_line(style, view.headline, body.figures, columns_wide)]
    labels = axes.y_labels(body.scale, style.unit, rows - 2)
    for row, (label, line) in enumerate(zip(labels, body.lines, strict=True)):
        lines.append([*_y_label(label, body.limits.get(row), style.unit), *line])
    times = _axis(style, view, body.span_ms, across)
    lines.append([(" " * axes.LABEL_WIDTH, "text"), ("└", "rule"), *times])
    return lines


def _y_label(label: str, limit: Limit | None, unit: Unit) -> list[Span]:
    """Return what stands left of a row of the plot: its value on the scale, or that of a threshold."""
    if limit is not None and not label:
        value = axes.y_label(limit.value, unit)
        return [(f"{value:>{axes.LABEL_WIDTH}}"[: axes.LABEL_WIDTH], limit.ink), ("┤", limit.ink)]
    return [(f"{label:>{axes.LABEL_WIDTH}}", "muted"), ("┤" if label else "│", "rule")]


def title_line(style: ChartStyle, headline: Cell, figures: str, columns_wide: int) -> Cell:
    """Return `─ CPU 94% ▲ ──── min 3% avg 41% max 97% ─`; the figures go first when there is no room."""
    left: list[Span] = [("─ ", "rule"), (style.title, "strong")]
    if headline:
        left += [(" ", "text"), *headline]
    room = columns_wide - width(left) - 1
    right: list[Span] = [(f" {figures} ", "muted"), ("─", "rule")] if figures else []
    if room < width(right) + 2:
        right = []
    return [*left, (" ", "text"), ("─" * max(0, room - width(right)), "rule"), *right]


class _Body(msgspec.Struct, frozen=True):
    lines: Sequence[Cell]
    scale: axes.Scale
    figures: str
    span_ms: tuple[int, int]
    limits: Mapping[int, Limit]
    """By the row they lie in."""


def _body(style: ChartStyle, view: ChartView, across: int, rows: int) -> _Body:
    """Return the plot itself, `rows` lines of `across` cells, and what the axes need to know."""
    dots = cells_across(style.charset)
    step = step_for(view.end_ms - view.start_ms, across * dots)
    # The newest column is the last of its cell: so the plot moves by whole cells, half as often, and the
    # cells it consists of stay the same.
    last = (view.end_ms // step // dots + 1) * dots - 1
    found = [columns(series, last * step, step, across * dots) for series in view.series]
    highest = max((column.high for line in found for column in line if column), default=None)
    least = max(style.least_top, view.top or 0.0)
    scale = axes.scale(highest, style.unit, least, is_whole=style.is_whole)
    span_ms = ((last + 1 - across * dots) * step, (last + 1) * step)
    if view.message:
        return _Body(_message(view.message, across, rows), scale, "", span_ms, {})
    traces = [Trace(line, ink, filled=style.filled) for line, ink in zip(found, SERIES_INKS, strict=False)]
    lines = plot(traces, size=(across, rows), scale=(scale.bottom, scale.top), charset=style.charset)
    coloured = _by_level(lines, style, scale) if style.filled else lines
    limits = _limit_rows(style, view.limits, scale, rows)
    drawn = _with_limits(coloured, limits, style.unit, scale)
    if style.letters:
        named = list(zip(style.marks, SERIES_INKS, strict=False))
        drawn = with_letters(drawn, found, (scale.bottom, scale.top), named)
    drawn = with_line(drawn, cell_at(view.cursor_ms, span_ms, across))
    return _Body(drawn, scale, _figures(found, style), span_ms, limits)


def _message(text: str, across: int, rows: int) -> list[Cell]:
    blank: Cell = [(" " * across, "text")]
    lines = [blank] * rows
    lines[(rows - 1) // 2] = [(text.center(across)[:across], "muted")]
    return lines


def _figures(found: Sequence[Sequence[Column | None]], style: ChartStyle) -> str:
    """Return lowest, mean and highest of what is shown; of two series the highest of each."""
    lines = [[column for column in line if column] for line in found]
    if len(lines) > 1:
        peaks = [
            f"{mark}{numbers.of_unit(max(column.high for column in line), style.unit)}"
            for mark, line in zip(style.marks, lines, strict=False)
            if line
        ]
        return " ".join(("max", *peaks)) if peaks else ""
    known = lines[0] if lines else []
    if not known:
        return ""
    mean = sum(column.value for column in known) / len(known)
    low, high = min(column.low for column in known), max(column.high for column in known)
    parts = (("min", low), ("avg", mean), ("max", high))
    return " ".join(f"{name} {numbers.of_unit(value, style.unit)}" for name, value in parts)


def _by_level(lines: Sequence[Cell], style: ChartStyle, scale: axes.Scale) -> list[Cell]:
    """Return the plot with the rows that lie wholly above a limit in the ink of its level.

    By row and not by value: when time goes on nothing is sent again but what has moved.
    """
    if style.limits is None:
        return list(lines)
    per_row = (scale.top - scale.bottom) / max(1, len(lines))
    floors = [scale.bottom + per_row * row for row in range(len(lines) - 1, -1, -1)]
    return [
        [(text, bar_ink(of)) for text, _ink in line]
        if (of := level(floor, style.limits)) > Level.OK
        else line
        for line, floor in zip(lines, floors, strict=True)
    ]


def _limit_rows(
    style: ChartStyle, given: Sequence[Limit] | None, scale: axes.Scale, rows: int
) -> dict[int, Limit]:
    """Return the thresholds by the row they are drawn in; of two in one row the first."""
    if given is None:
        given = _usual_limits(style.limits, rows)
    found: dict[int, Limit] = {}
    labels = axes.y_labels(scale, style.unit, rows)
    for limit in given:
        row = axes.row_of(limit.value, scale, rows)
        if row is None:
            continue
        # Where the axis names the very value, rounding may have put it a row aside.
        own = axes.y_label(limit.value, style.unit)
        named = (at for at in (row, row - 1, row + 1) if 0 <= at < rows and labels[at] == own)
        found.setdefault(next(named, row), limit)
    return found


def _usual_limits(limits: Limits | None, rows: int) -> list[Limit]:
    if limits is None:
        return []
    warn = Limit(limits.warn, "warn")
    return [warn] if rows < _BOTH_LIMITS_MIN_ROWS else [warn, Limit(limits.crit, "crit")]


def _with_limits(
    lines: Sequence[Cell], limits: Mapping[int, Limit], unit: Unit, scale: axes.Scale
) -> list[Cell]:
    """Return the plot with dots in the blank cells of the rows the limits fall in.

    Where the y axis names the row otherwise, the value stands at its end.
    """
    dotted: list[Cell] = list(lines)
    labels = axes.y_labels(scale, unit, len(lines))
    for row, limit in limits.items():
        dotted[row] = list(_dotted(lines[row], limit.ink))
        if labels[row]:
            dotted[row] = _ending_with(dotted[row], axes.y_label(limit.value, unit), limit.ink)
    return dotted


def _ending_with(line: Cell, text: str, ink: Ink) -> Cell:
    """Return the line with `text` at its end, if only dots are there."""
    last, own = line[-1] if line else ("", ink)
    if len(last) <= len(text) or own != ink or set(last[-len(text) :]) != {"┈"}:
        return line
    return [*line[:-1], (last[: -len(text)] + text, ink)]


def _dotted(line: Cell, ink: Ink) -> Iterator[Span]:
    for text, own in line:
        for piece in re.split(r"( +)", text):
            if piece.startswith(" "):
                yield "┈" * len(piece), ink
            elif piece:
                yield piece, own


def _axis(style: ChartStyle, view: ChartView, span_ms: tuple[int, int], across: int) -> list[Span]:
    """Return the time axis: clock times on a rule, and over it where alerts began and how long they fired.

    A beginning takes the place of a clock time, but never of the last one. The crosshair's time lies over
    everything.
    """
    cell = cell_at(view.cursor_ms, span_ms, across)
    if cell is None or view.cursor_ms is None:
        return _marked(style, view.marks, span_ms, across)
    label = time_label(view.cursor_ms, style.tz, (span_ms[1] - span_ms[0]) // across)
    covered = range(cell - len(label), cell + len(label) + 1)
    return with_label(_marked(style, view.marks, span_ms, across, frozenset(covered)), cell, label)


def _marked(
    style: ChartStyle,
    marks: Sequence[Mark],
    span_ms: tuple[int, int],
    across: int,
    covered: frozenset[int] = frozenset(),
) -> list[Span]:
    """Return the axis without a crosshair; no clock time lies in the cells `covered`."""
    marked = marked_cells(marks, span_ms, across)
    starts = {place for place, cell in marked.items() if cell.is_start}
    times = axes.time_axis(*span_ms, across, style.tz, starts | covered)
    if starts and times.count("─") == len(times):
        times = axes.time_axis(*span_ms, across, style.tz, covered)
    spans: list[Span] = []
    for place, character in enumerate(times):
        cell = marked.get(place)
        is_rule = character == "─"
        if cell is None:
            spans.append((character, "rule" if is_rule else "muted"))
        else:
            spans.append((cell.text if is_rule or cell.is_start else character, cell.ink))
    return spans
