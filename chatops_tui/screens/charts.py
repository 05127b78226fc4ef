"""The four charts of a server: which series, in which look, with which figures beside the title."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from textual.app import ComposeResult
from textual.containers import Container

from chatops_tui.render import numbers
from chatops_tui.render.buckets import Series
from chatops_tui.render.chart import ChartStyle
from chatops_tui.render.marks import Mark
from chatops_tui.render.severity import PERCENT, glyph, ink, level
from chatops_tui.render.severity import Level as Severity
from chatops_tui.render.spans import Cell, Span, faded, width
from chatops_tui.screens.context import Context
from chatops_tui.store.alert_selectors import fired
from chatops_tui.store.history_state import HistoryPhase
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.ranges import FIVE_MINUTES, Range
from chatops_tui.store.track import Curve
from chatops_tui.store.vitals import Vitals
from chatops_tui.widgets.time_chart import TimeChart
from chatops_wire.metrics import Unit

# Below this a rate is noise: an idle machine's line stays flat.
_LEAST_RATE: Final = 16 * 1024.0
_NETWORK_MARKS: Final = ("↓", "↑")
_DISK_MARKS: Final = ("r", "w")
_PER_SECOND: Final[Span] = ("/s", "muted")
# The rule on both sides of title and figures.
_TITLE_MARGIN: Final = 5


@dataclass(frozen=True, slots=True)
class Kind:
    """One chart."""

    id: str
    title: str
    unit: Unit
    metrics: tuple[str, ...]
    """The important one first."""
    headline: Callable[[Vitals], list[Cell]]
    """Pieces; the last ones are left out where there is no room."""
    alerts: tuple[str, ...]
    """How the names of the metrics begin whose alerts are marked below it."""
    marks: tuple[str, str] = ("", "")
    """Of two metrics, how the figures name them."""


def _percent(value: float) -> list[Span]:
    of = level(value)
    shown = numbers.percent(value)
    return [(shown, "strong")] if of is Severity.OK else [(f"{shown} {glyph(of)}", ink(of))]


def _cpu(vitals: Vitals) -> list[Cell]:
    parts = "".join(f" {name} {value:.0f}" for name, value in vitals.cpu_parts if value is not None)
    return [_percent(vitals.cpu), [(parts, "muted")]]


def _memory(vitals: Vitals) -> list[Cell]:
    used = f" {numbers.size(vitals.memory_used)}/{numbers.size(vitals.memory_total)}"
    swap = f"  swap {numbers.size(vitals.swap_used)}" if vitals.swap_used else ""
    return [_percent(vitals.memory), [(used, "muted")], [(swap, "muted")]]


def _rates(first: tuple[str, float | None], second: tuple[str, float | None]) -> list[Cell]:
    """The colours are those of the lines, so this is the legend too."""
    return [
        [(f"{first[0]} {numbers.rate(first[1])}", "series-1"), _PER_SECOND],
        [(f"  {second[0]} {numbers.rate(second[1])}", "series-2"), _PER_SECOND],
    ]


def _network(vitals: Vitals) -> list[Cell]:
    return _rates((_NETWORK_MARKS[0], vitals.rx), (_NETWORK_MARKS[1], vitals.tx))


def _disk(vitals: Vitals) -> list[Cell]:
    return _rates((_DISK_MARKS[0], vitals.read), (_DISK_MARKS[1], vitals.write))


CPU: Final = Kind("cpu", "CPU", "percent", ("cpu.percent",), _cpu, ("cpu.", "load.", "process.", "server."))
MEMORY: Final = Kind("memory", "MEM", "percent", ("memory.percent",), _memory, ("memory.", "swap."))
NETWORK: Final = Kind(
    "network", "NET", "bytes/s", ("net.rx_bps", "net.tx_bps"), _network, ("net.",), _NETWORK_MARKS
)
DISK: Final = Kind(
    "disk", "DISK", "bytes/s", ("disk.read_bps", "disk.write_bps"), _disk, ("disk.",), _DISK_MARKS
)
KINDS: Final = (CPU, MEMORY, NETWORK, DISK)


class MetricChart(TimeChart):
    """One kind of chart of whichever server it is shown."""

    def __init__(self, kind: Kind, context: Context, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        is_share = kind.unit == "percent"
        style = ChartStyle(
            kind.title,
            kind.unit,
            filled=is_share,
            limits=PERCENT if is_share else None,
            least_top=0.0 if is_share else _LEAST_RATE,
            charset=context.charset,
            marks=(f"{kind.marks[0]} ", f"{kind.marks[1]} "),
            tz=context.zone,
        )
        super().__init__(style, id=id)
        self.kind = kind
        self._given = context

    def show(self, memory: ServerMemory, span: Range, now_ms: int) -> None:
        """Draw the server's series over `span`, up to now on the agent's clock."""
        curves = [memory.curve(metric, span, now_ms) for metric in self.kind.metrics]
        end_ms = memory.now_ms(now_ms)
        # Whole seconds, so that the axis does not creep between two samples.
        end_ms -= end_ms % 1000
        # Single samples have no band, and the band of one line would hide the other.
        has_band = span is not FIVE_MINUTES and len(curves) == 1
        pairs = zip(self.kind.metrics, curves, strict=True)
        series = [_series(metric, curve, has_band=has_band) for metric, curve in pairs]
        self.set_series(series, end_ms - span.span_ms, end_ms)
        history = memory.history(span)
        if not any(curve.times_ms for curve in curves):
            if memory.row.status == "never":
                self.set_message("no samples yet")
            elif history.phase is HistoryPhase.FAILED:
                self.set_message(history.reason)
            elif history.phase is not HistoryPhase.LOADED:
                self.set_message("loading…")
        self.set_headline(self._headline(memory))
        self.set_marks(self._alert_marks(memory.row.id))
        self.sync()

    def _alert_marks(self, server_id: str) -> list[Mark]:
        found = fired(self._given.store.alerts.of_server(server_id), self.kind.alerts)
        return [
            Mark(alert.fired_ms or alert.started_ms, alert.resolved_ms, alert.view.severity)
            for alert in found
        ]

    def _headline(self, memory: ServerMemory) -> Cell:
        """Return the figures that fit beside the title; without colour when they are old."""
        room = self.content_size.width - len(self.kind.title) - _TITLE_MARGIN
        pieces = self.kind.headline(memory.row.vitals) if memory.row.vitals else []
        if sum(map(width, pieces)) > room:
            # Both lines need their figure, which is their legend too; the axis says what it is of.
            pieces = [[span for span in piece if span != _PER_SECOND] for piece in pieces]
        line: list[Span] = []
        for piece in pieces:
            if width(line) + width(piece) > room:
                break
            line += piece
        return line if self._given.is_current(memory.row) else faded(line)


class ServerCharts(Container):
    """The four charts. CSS says how they lie and which have room."""

    def __init__(self, context: Context, kinds: Sequence[Kind] = KINDS, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._given = context
        self._kinds = kinds

    def compose(self) -> ComposeResult:
        """Lay out the charts."""
        for kind in self._kinds:
            yield MetricChart(kind, self._given, id=f"chart-{kind.id}")

    def show(self, memory: ServerMemory, span: Range, now_ms: int) -> None:
        """Draw those that are displayed."""
        for chart in self.query(MetricChart):
            if chart.display:
                chart.show(memory, span, now_ms)

    def zoom(self, kind: Kind | None) -> None:
        """Give one chart all the room, or share it again."""
        self.set_class(kind is not None, "-zoomed")
        for chart in self.query(MetricChart):
            chart.set_class(chart.kind is kind, "-zoom")


def _series(metric: str, curve: Curve, *, has_band: bool) -> Series:
    return Series(
        metric,
        curve.times_ms,
        curve.values,
        curve.lows if has_band else None,
        curve.highs if has_band else None,
        curve.gap_ms,
    )
