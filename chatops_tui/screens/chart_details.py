"""What is told below a chart that has all the room: figures, gaps, thresholds, alerts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from chatops_tui.clock import clock, moment
from chatops_tui.render import numbers
from chatops_tui.render.alerts import amount, condition, severity_ink, severity_mark
from chatops_tui.render.numbers import of_unit
from chatops_tui.render.spans import Cell, Span
from chatops_tui.render.text import clean
from chatops_tui.screens.alerts_cells import mark, what
from chatops_tui.screens.chart_limits import is_for
from chatops_tui.screens.charts import Kind, curves_of
from chatops_tui.screens.context import Context
from chatops_tui.store.alert_selectors import fired
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.time_view import Stretch, TimeView
from chatops_tui.store.track import Curve
from chatops_wire.metrics import Unit
from chatops_wire.rest_alerts import ThresholdView

ROWS: Final = 8
_LABEL: Final = 16
_ALERTS: Final = 3


@dataclass(frozen=True, slots=True)
class Detailed:
    """Which chart of which server, over which time."""

    kind: Kind
    memory: ServerMemory
    times: TimeView
    thresholds: Sequence[ThresholdView]


def details(given: Context, chart: Detailed, now_ms: int) -> list[Cell]:
    """Return at most ROWS lines; `now_ms` is our present."""
    seen, curves = curves_of(chart.memory, chart.kind.metrics, chart.times, now_ms)
    lines: list[Cell] = [
        _figures(given, metric, cut(curve, seen), chart.kind.unit)
        for metric, curve in zip(chart.kind.metrics, curves, strict=True)
    ]
    lines.append(_gaps(given, cut(curves[0], seen), seen))
    lines += list(_thresholds(chart))
    lines += list(_alerts(given, chart, seen, now_ms))
    return _aligned(lines[:ROWS])


def cut(curve: Curve, seen: Stretch) -> Curve:
    """Return what of a curve is seen."""
    kept = [index for index, at in enumerate(curve.times_ms) if seen.contains(at)]
    if not kept:
        return Curve(gap_ms=curve.gap_ms, is_averaged=curve.is_averaged)
    part = slice(kept[0], kept[-1] + 1)
    return Curve(
        curve.times_ms[part],
        curve.values[part],
        curve.lows[part],
        curve.highs[part],
        curve.gap_ms,
        curve.is_averaged,
    )


def _figures(given: Context, metric: str, curve: Curve, unit: Unit) -> Cell:
    if not curve.values:
        return [_label(metric), ("nothing in what is shown", "muted")]
    highest = max(range(len(curve.highs)), key=curve.highs.__getitem__)
    ordered = sorted(curve.values)
    figures = (
        ("last", curve.values[-1]),
        ("min", min(curve.lows)),
        ("avg", sum(ordered) / len(ordered)),
        ("95%", ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)]),
        ("max", curve.highs[highest]),
    )
    spans: list[Span] = [_label(metric)]
    for name, value in figures:
        spans += [(f"{name} ", "muted"), (f"{of_unit(value, unit)}  ", "text")]
    spans.append((f"at {clock(curve.times_ms[highest], given.zone)}  ", "muted"))
    spacing = sorted(after - before for before, after in pairwise(curve.times_ms))
    every = numbers.duration(spacing[len(spacing) // 2] / 1000) if spacing else numbers.MISSING
    what_is = "averages" if curve.lows != curve.highs else "samples"
    spans.append((f"{len(ordered)} {what_is}, every {every}", "muted"))
    return spans


def _gaps(given: Context, curve: Curve, seen: Stretch) -> Cell:
    edges = (seen.start_ms, *curve.times_ms, *((seen.end_ms,) if curve.times_ms else ()))
    gaps = [(before, after) for before, after in pairwise(edges) if after - before > curve.gap_ms]
    if not gaps:
        return [_label("gaps"), ("none: a sample was there all the time", "muted")]
    together = numbers.duration(sum(after - before for before, after in gaps) / 1000)
    begin, end = max(gaps, key=lambda gap: gap[1] - gap[0])
    longest = f"{clock(begin, given.zone)} to {clock(end, given.zone)}"
    return [_label("gaps"), (f"{len(gaps)}, together {together}; the longest {longest}", "warn")]


def _thresholds(chart: Detailed) -> Iterator[Cell]:
    for one in chart.thresholds:
        family = one.metric.partition(":")[0]
        is_meant = one.metric in chart.kind.metrics or family in chart.kind.metrics
        if one.enabled and is_meant and is_for(one, chart.memory.row):
            name = f"  {clean(one.name)}" if one.name else ""
            lasting = f" for {numbers.duration(one.for_s)}" if one.for_s else ""
            ink = severity_ink(one.severity)
            rule = condition(one.metric, one.comparison, one.value)
            yield [
                _label("threshold"),
                (f"{severity_mark(one.severity)} ", ink),
                (f"{clean(rule)}{lasting}", "text"),
                (name, "muted"),
            ]


def _alerts(given: Context, chart: Detailed, seen: Stretch, now_ms: int) -> Iterator[Cell]:
    found = fired(given.store.alerts.of_server(chart.memory.row.id), chart.kind.alerts)
    began = [(alert, alert.fired_ms or alert.started_ms) for alert in found]
    shown = [
        (alert, at)
        for alert, at in began
        if at <= seen.end_ms and (alert.resolved_ms is None or alert.resolved_ms >= seen.start_ms)
    ]
    for alert, at in shown[::-1][:_ALERTS]:
        until = "still open" if alert.resolved_ms is None else f"for {_lasted(alert.resolved_ms - at)}"
        yield [
            _label("alert"),
            mark(alert),
            (f" {moment(at, now_ms, given.zone)} {what(alert)} ", "text"),
            (f"{amount(alert.view.metric, alert.view.value)} {until}", "muted"),
        ]


def _lasted(ms: int) -> str:
    return numbers.duration(max(0, ms) / 1000)


def _label(text: str) -> Span:
    # Whose it is the title of the screen says.
    return text.partition(":")[0], "muted"


def _aligned(lines: Sequence[Cell]) -> list[Cell]:
    """Return the lines with all that follows their labels in one column."""
    column = max([_LABEL, *(len(line[0][0]) + 1 for line in lines)])
    return [[(f" {line[0][0]:<{column}}", line[0][1]), *line[1:]] for line in lines]
