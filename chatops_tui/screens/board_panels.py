"""The panels of a dashboard: charts, numbers, tables and heat maps of some servers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chatops_tui.render.alerts import unit_of
from chatops_tui.render.chart import SERIES_INKS
from chatops_tui.render.heat_rows import HeatView, heat_lines
from chatops_tui.render.numbers import of_unit
from chatops_tui.render.severity import PERCENT, glyph, ink, level
from chatops_tui.render.severity import Level as Severity
from chatops_tui.render.spans import Cell, Span, faded
from chatops_tui.render.text import clean, cut
from chatops_tui.requests import CurveWish, ReelWish
from chatops_tui.screens.charts import curves_of, series_of
from chatops_tui.screens.compare_figures import MetricCurve, chart_style
from chatops_tui.screens.context import Context
from chatops_tui.screens.facts import rule
from chatops_tui.store.dashboards import Panel
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.metric_values import values_of
from chatops_tui.store.models import Row
from chatops_tui.store.server_selectors import meant
from chatops_tui.store.store import Store
from chatops_tui.store.time_view import TimeView, block_of
from chatops_tui.widgets.lines import Lines
from chatops_tui.widgets.time_chart import TimeChart

LINES: Final = len(SERIES_INKS)
"""As many lines are told apart in one chart."""
HEAT_ROWS: Final = 40
"""Of more servers than this no history is asked for."""
_LETTERS: Final = "ABCD"
_NAME: Final = 20
_UP: Final = "server.up"
_FIGURE: Final = 7


@dataclass(frozen=True, slots=True)
class Look:
    """What all panels of a dashboard are drawn from."""

    store: Store
    times: TimeView
    now_ms: int
    """Our own present, or when the screen was frozen."""


def charted(panel: Panel, store: Store) -> list[tuple[ServerMemory, str]]:
    """Return whose history a panel shows: each server with each metric, as many as it has room for."""
    if panel.kind not in {"chart", "heat"}:
        return []
    most = LINES if panel.kind == "chart" else HEAT_ROWS
    pairs = [
        (memory, metric)
        for row in meant(panel.servers, store.rows())
        for metric in panel.metrics
        if (memory := store.server(row.id)) is not None
    ]
    return pairs[:most]


def wishes(
    panels: Sequence[Panel], store: Store, times: TimeView, now_ms: int
) -> tuple[frozenset[CurveWish], frozenset[ReelWish]]:
    """Return what has to be known of the past for these panels."""
    pairs = {(memory.row.id, metric) for panel in panels for memory, metric in charted(panel, store)}
    if times.is_live:
        return frozenset(CurveWish(one, times.range, (metric,)) for one, metric in pairs), frozenset()
    seen = times.stretch(now_ms)
    return frozenset(), frozenset(
        ReelWish(one, (metric,), block_of(seen), seen.end_ms) for one, metric in pairs
    )


class ChartPanel(TimeChart):
    """Up to four lines, each with its letter."""

    def __init__(self, panel: Panel, context: Context) -> None:
        super().__init__(chart_style(context, panel.metrics[0], title=clean(panel.title)))
        self.panel = panel
        self._given = context

    def show(self, look: Look) -> None:
        """Draw the lines as they are now."""
        pairs = charted(self.panel, look.store)
        found = [
            _curve(look, memory, metric, letter)
            for letter, (memory, metric) in zip(_LETTERS, pairs, strict=False)
        ]
        letters = [one.letter for one in found]
        style = chart_style(
            self._given,
            self.panel.metrics[0],
            title=clean(self.panel.title),
            letters=letters,
            filled=len(found) == 1,
        )
        self.set_style(style)
        seen = look.times.stretch(look.now_ms - look.now_ms % 1000)
        has_band = len(found) == 1
        series = [series_of(one.name, one.curve, has_band=has_band) for one in found]
        self.set_series(series, seen.start_ms, seen.end_ms)
        self.set_cursor(look.times.moment_ms)
        self.set_headline(self._legend(found, look.times))
        if not found:
            self.set_message(f"no server is meant by {clean(self.panel.servers)}")
        elif not any(one.curve.times_ms for one in found):
            self.set_message(found[0].silence(look.times))
        self.sync()

    def _legend(self, found: Sequence[MetricCurve], times: TimeView) -> Cell:
        has_metrics = len(self.panel.metrics) > 1
        spans: list[Span] = []
        for one, own in zip(found, SERIES_INKS, strict=False):
            name = f"{one.name} {one.metric}" if has_metrics else one.name
            letter = f"{one.letter} " if len(found) > 1 else ""
            spans += [(letter, own), (f"{name} ", "muted"), (f"{one.value_text(times)}  ", "strong")]
        return spans


class HeatPanel(Lines):
    """A row for each server."""

    DEFAULT_CSS = "HeatPanel { height: 1fr; }"

    def __init__(self, panel: Panel, context: Context) -> None:
        super().__init__()
        self.panel = panel
        self._given = context
        self._look: Look | None = None

    def show(self, look: Look) -> None:
        """Draw the rows as they are now."""
        self._look = look
        self.sync()

    def compose_lines(self, width: int, height: int) -> Sequence[Cell]:
        """Return title, rows and time axis."""
        look = self._look
        if look is None:
            return []
        found = [_curve(look, memory, metric, "") for memory, metric in charted(self.panel, look.store)]
        unit = unit_of(self.panel.metrics[0])
        highest = max((max(one.shown.highs, default=0.0) for one in found), default=0.0)
        top = max(100.0, highest) if unit == "percent" else highest
        seen = look.times.stretch(look.now_ms - look.now_ms % 1000)
        view = HeatView(
            [(one.name, series_of(one.name, one.curve, has_band=False)) for one in found],
            (seen.start_ms, seen.end_ms),
            top,
            PERCENT if unit == "percent" else None,
            look.times.moment_ms,
            self._given.zone,
        )
        title = rule(clean(self.panel.title), width, f"█ {of_unit(top, unit)}" if found else "")
        nothing: Cell = [(f"no server is meant by {clean(self.panel.servers)}", "muted")]
        return [title, *(heat_lines(view, width, height - 1) if found else [nothing])]


class FiguresPanel(Lines):
    """Newest values: of each server in a table, or of all of them in a number for each metric."""

    DEFAULT_CSS = "FiguresPanel { height: 1fr; }"

    def __init__(self, panel: Panel, context: Context) -> None:
        super().__init__()
        self.panel = panel
        self._given = context
        self._look: Look | None = None
        self._read: dict[str, tuple[object, dict[str, float]]] = {}
        """By server: of which sample, and its values."""

    def show(self, look: Look) -> None:
        """Draw the values of now."""
        self._look = look
        self.sync()

    def compose_lines(self, width: int, height: int) -> Sequence[Cell]:
        """Return title and values."""
        look = self._look
        if look is None:
            return []
        # Whatever the charts beside it show, these are of now.
        note = "" if look.times.is_live else "now"
        title = rule(clean(self.panel.title), width, note)
        rows = meant(self.panel.servers, look.store.rows())
        if not rows:
            return [title, [(f"no server is meant by {clean(self.panel.servers)}", "muted")]]
        known = [(row, self._values(look.store, row)) for row in rows]
        body = self._numbers(known) if self.panel.kind == "number" else self._table(known, width, height - 1)
        return [title, *body]

    def _values(self, store: Store, row: Row) -> dict[str, float]:
        """Return the newest values of a server; read anew only from another sample."""
        memory = store.server(row.id)
        mark = (memory.row.sampled_ms if memory else None, row.status)
        before = self._read.get(row.id)
        if before is None or before[0] != mark:
            before = self._read[row.id] = (mark, values(store, row, self.panel.metrics))
        return before[1]

    def _numbers(self, known: Sequence[tuple[Row, dict[str, float]]]) -> list[Cell]:
        lines: list[Cell] = []
        for metric in self.panel.metrics:
            found = [(own[metric], row) for row, own in known if metric in own]
            value, whose = combined(self.panel.combine, found)
            spans: list[Span] = [(" ", "text"), *value_spans(metric, value)]
            spans.append((f"  {self.panel.combine} of {len(found)}", "muted"))
            spans.append((f"  {clean(metric)}", "muted"))
            if whose is not None and len(found) > 1:
                spans.append((f"  {cut(clean(whose.name), _NAME)}", "text"))
            lines.append(spans)
        return lines

    def _table(self, known: Sequence[tuple[Row, dict[str, float]]], width: int, height: int) -> list[Cell]:
        metrics = self.panel.metrics
        ordered = sorted(known, key=lambda one: -one[1].get(metrics[0], float("-inf")))
        name_width = max(4, min(_NAME, max((len(clean(row.name)) for row, _own in known), default=4)))
        column = max(_FIGURE, min(_NAME, (width - name_width - 2) // len(metrics) - 1))
        heads: list[Span] = [(" " * (name_width + 2), "text")]
        heads += [(f" {cut(clean(metric), column):>{column}}", "muted") for metric in metrics]
        lines: list[Cell] = [heads]
        room = max(0, height - 1)
        shown = ordered if len(ordered) <= room else ordered[: max(0, room - 1)]
        for row, own in shown:
            spans: list[Span] = [(f" {cut(clean(row.name), name_width):<{name_width}} ", "text")]
            for metric in metrics:
                cell = value_spans(metric, own.get(metric))
                gap = column + 1 - sum(len(text) for text, _ink in cell)
                spans += [(" " * max(1, gap), "text"), *cell]
            lines.append(spans if self._given.is_current(row) else faded(spans))
        if len(shown) < len(ordered):
            lines.append([(f" … {len(ordered) - len(shown)} more", "muted")])
        return lines


BoardPanel = ChartPanel | HeatPanel | FiguresPanel


def panel_of(panel: Panel, context: Context) -> BoardPanel:
    """Return the widget of a panel."""
    if panel.kind == "chart":
        return ChartPanel(panel, context)
    return HeatPanel(panel, context) if panel.kind == "heat" else FiguresPanel(panel, context)


def values(store: Store, row: Row, metrics: Sequence[str]) -> dict[str, float]:
    """Return the newest values of a server; of one that is away the last ones, and that it is down."""
    memory = store.server(row.id)
    found = {} if memory is None or memory.latest is None else values_of(memory.latest, metrics)
    if _UP in metrics:
        found[_UP] = float(row.status == "online")
    return found


def combined(way: str, found: Sequence[tuple[float, Row]]) -> tuple[float | None, Row | None]:
    """Return one value of several, and whose it is where it is one's own."""
    if not found:
        return None, None
    figures = [value for value, _row in found]
    if way in {"avg", "sum"}:
        total = sum(figures)
        return (total / len(figures) if way == "avg" else total), None
    pick = max if way == "max" else min
    return pick(found, key=lambda one: one[0])


def value_spans(metric: str, value: float | None) -> list[Span]:
    """Return a value with its unit, and the sign of its level where it has one."""
    unit = unit_of(metric)
    text = of_unit(value, unit)
    of = level(value) if unit == "percent" else Severity.OK
    return [(text, "strong")] if of in {Severity.OK, Severity.OFF} else [(f"{text} {glyph(of)}", ink(of))]


def _curve(look: Look, memory: ServerMemory, metric: str, letter: str) -> MetricCurve:
    seen, (curve,) = curves_of(memory, (metric,), look.times, look.now_ms)
    phase = memory.history(look.times.range, (metric,)).phase
    return MetricCurve(letter, cut(clean(memory.row.name), _NAME), metric, seen, curve, phase)
