"""The charts of a server: which series, in which look, with which figures beside the title."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from textual.app import ComposeResult
from textual.containers import Container

from chatops_tui.render import numbers
from chatops_tui.render.buckets import Series
from chatops_tui.render.chart import ChartStyle
from chatops_tui.render.marks import Mark
from chatops_tui.render.numbers import of_unit
from chatops_tui.render.severity import PERCENT, Limits, glyph, ink, level
from chatops_tui.render.severity import Level as Severity
from chatops_tui.render.spans import Cell, Ink, Span, faded, width
from chatops_tui.screens.context import Context
from chatops_tui.store.alert_selectors import fired
from chatops_tui.store.history_state import HistoryPhase
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.time_view import Stretch, TimeView, block_of
from chatops_tui.store.track import Curve
from chatops_tui.store.vitals import CHARTED, Vitals
from chatops_tui.widgets.time_chart import TimeChart
from chatops_wire.metrics import Unit

# Below this a rate is noise: an idle machine's line stays flat.
_LEAST_RATE: Final = 16 * 1024.0
_NETWORK_MARKS: Final = ("↓", "↑")
_DISK_MARKS: Final = ("r", "w")
_LOAD_MARKS: Final = ("1m", "15m")
# Three charts beside each other are readable from here on, or three below each other.
_THREE_ACROSS: Final = 100
_THREE_DOWN: Final = 21

Point = tuple[float, float, float]
"""Value, lowest and highest of what a point of a curve stands for."""
_PER_SECOND: Final[Span] = ("/s", "muted")
# The rule on both sides of title and figures.
_TITLE_MARGIN: Final = 5


class Kind(msgspec.Struct, frozen=True):
    """One chart."""

    id: str
    title: str
    unit: Unit
    metrics: tuple[str, ...]
    """The important one first."""
    headline: Callable[[Vitals], list[Cell]]
    """Pieces; the last ones are left out where there is no room."""
    alerts: tuple[str, ...]
    """How the names of the metrics begin whose alerts are marked below it; with a label: the whole name."""
    marks: tuple[str, str] = ("", "")
    """Of two metrics, how the figures name them."""
    least_top: float = 0.0
    """The y axis never ends below this."""
    limits: Limits | None = None
    """From where on a value is bad, unless the hub has a threshold; None: that depends."""
    is_whole: bool = True
    """Percentages are parts of a whole, so the y axis goes to 100."""
    asked: tuple[str, ...] = CHARTED
    """With which others its metrics are asked for."""

    def under(self, points: Sequence[Point | None]) -> list[Cell]:
        """Return what the crosshair stands on; of averages the extremes too."""
        if not any(points):
            return [[("nothing here", "muted")]]
        if len(points) == 1 and points[0] is not None:
            value, low, high = points[0]
            said: list[Cell] = [_percent(value) if self.limits else [(of_unit(value, self.unit), "strong")]]
            if low < high:
                said.append([(f" {of_unit(low, self.unit)} to {of_unit(high, self.unit)}", "muted")])
            return said
        inks: tuple[Ink, Ink] = ("series-1", "series-2")
        return [
            [(f"{' ' if nth else ''}{mark} {of_unit(point[0] if point else None, self.unit)} ", ink)]
            for nth, (mark, point, ink) in enumerate(zip(self.marks, points, inks, strict=True))
        ]


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


def _load(vitals: Vitals) -> list[Cell]:
    return [
        [(f"{_LOAD_MARKS[0]} {numbers.load(vitals.load)}", "series-1")],
        [(f"  {_LOAD_MARKS[1]} {numbers.load(vitals.load_15)}", "series-2")],
    ]


def _space(vitals: Vitals) -> list[Cell]:
    return [_percent(vitals.disk), [(" the fullest", "muted")]] if vitals.disk is not None else []


CPU: Final = Kind(
    "cpu",
    "CPU",
    "percent",
    ("cpu.percent",),
    _cpu,
    ("cpu.", "load.", "process.", "server."),
    limits=PERCENT,
)
MEMORY: Final = Kind(
    "memory", "MEM", "percent", ("memory.percent",), _memory, ("memory.", "swap."), limits=PERCENT
)
NETWORK: Final = Kind(
    "network",
    "NET",
    "bytes/s",
    ("net.rx_bps", "net.tx_bps"),
    _network,
    ("net.",),
    _NETWORK_MARKS,
    _LEAST_RATE,
)
DISK: Final = Kind(
    "disk",
    "DISK",
    "bytes/s",
    ("disk.read_bps", "disk.write_bps"),
    _disk,
    ("disk.",),
    _DISK_MARKS,
    _LEAST_RATE,
)
LOAD: Final = Kind("load", "LOAD", "load", ("load.1", "load.15"), _load, ("load.",), _LOAD_MARKS, 1.0)
SPACE: Final = Kind(
    "space",
    "SPACE",
    "percent",
    ("disk.percent",),
    _space,
    ("disk.percent", "disk.used"),
    limits=PERCENT,
)
FOUR: Final = (CPU, MEMORY, NETWORK, DISK)
KINDS: Final = (*FOUR, LOAD, SPACE)
"""What a server's own screen shows; where there is less room the first four."""


class MetricChart(TimeChart):
    """One kind of chart of whichever server it is shown."""

    def __init__(self, kind: Kind, context: Context, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        style = ChartStyle(
            kind.title,
            kind.unit,
            filled=kind.unit == "percent",
            limits=kind.limits,
            least_top=kind.least_top,
            is_whole=kind.is_whole,
            charset=context.charset,
            marks=(f"{kind.marks[0]} ", f"{kind.marks[1]} "),
            tz=context.zone,
        )
        super().__init__(style, id=id)
        self.kind = kind
        self._given = context

    def show(self, memory: ServerMemory, times: TimeView, now_ms: int) -> None:
        """Draw the server's series over `times`; live: up to now on the agent's clock."""
        seen, curves = curves_of(memory, self.kind.metrics, times, now_ms)
        # The band of one line would hide the other.
        has_band = len(curves) == 1
        pairs = zip(self.kind.metrics, curves, strict=True)
        self.set_series(
            [series_of(metric, curve, has_band=has_band) for metric, curve in pairs],
            seen.start_ms,
            seen.end_ms,
        )
        if not any(curve.times_ms for curve in curves):
            self.set_message(_silence(memory, self.kind.asked, times, now_ms))
        self.set_cursor(times.moment_ms)
        self.set_headline(self._headline(memory, curves, times))
        self.set_marks(self._alert_marks(memory.row.id))
        self.sync()

    def figures(self, memory: ServerMemory) -> list[Cell]:
        """Return what is said of the present, in pieces."""
        return self.kind.headline(memory.row.vitals) if memory.row.vitals else []

    def _alert_marks(self, server_id: str) -> list[Mark]:
        found = fired(self._given.store.alerts.of_server(server_id), self.kind.alerts)
        return [
            Mark(alert.fired_ms or alert.started_ms, alert.resolved_ms, alert.view.severity)
            for alert in found
        ]

    def _headline(self, memory: ServerMemory, curves: Sequence[Curve], times: TimeView) -> Cell:
        """Return the figures that fit beside the title; without colour when they are old."""
        room = self.content_size.width - len(self.kind.title) - _TITLE_MARGIN
        if times.moment_ms is not None:
            # Those under the crosshair, which is there before what the hub knows of the moment.
            return _fitting(self.kind.under([_point(one, times.moment_ms) for one in curves]), room)
        line = _fitting(self.figures(memory), room)
        return line if self._given.is_current(memory.row) else faded(line)


class ServerCharts(Container):
    """Charts in a grid. CSS says how they lie and which have room, or `arranges` does."""

    def __init__(
        self,
        context: Context,
        kinds: Sequence[Kind] = FOUR,
        *,
        arranges: bool = False,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self._given = context
        self._kinds = kinds
        self._arranges = arranges
        self._zoomed: Kind | None = None

    def compose(self) -> ComposeResult:
        """Lay out the charts."""
        yield from map(self.chart_of, self._kinds)

    def chart_of(self, kind: Kind) -> MetricChart:
        """Return the chart of a kind."""
        return MetricChart(kind, self._given, id=f"chart-{kind.id}")

    def show(self, memory: ServerMemory, times: TimeView, now_ms: int) -> None:
        """Draw those that are displayed."""
        for chart in self.query(MetricChart):
            if chart.display:
                chart.show(memory, times, now_ms)

    def zoom(self, kind: Kind | None) -> None:
        """Give one chart all the room, or share it again."""
        self._zoomed = kind
        self.set_class(kind is not None, "-zoomed")
        for chart in self.query(MetricChart):
            chart.set_class(kind is not None and chart.kind.id == kind.id, "-zoom")
        self._arrange()

    def on_resize(self) -> None:
        """Lie as there is room."""
        self._arrange()

    def grid(self) -> tuple[int, int]:
        """Return how many charts there is room for beside and below each other."""
        return grid_of(self.size.width, self.size.height)

    def _arrange(self) -> None:
        if not self._arranges:
            return
        columns, rows = (1, 1) if self._zoomed else self.grid()
        self.styles.grid_size_columns, self.styles.grid_size_rows = columns, rows
        for place, chart in enumerate(self.query(MetricChart)):
            is_zoomed = self._zoomed is not None and chart.kind.id == self._zoomed.id
            chart.display = is_zoomed if self._zoomed else place < columns * rows


def grid_of(width: int, height: int) -> tuple[int, int]:
    """Return columns and rows for six charts, or for the first four where more would be unreadable."""
    if width >= _THREE_ACROSS:
        return 3, 2
    return 2, 3 if height >= _THREE_DOWN else 2


def curves_of(
    memory: ServerMemory, metrics: Sequence[str], times: TimeView, now_ms: int
) -> tuple[Stretch, list[Curve]]:
    """Return what is seen of some metrics, and from when until when.

    Args:
        memory: Whose.
        metrics: Names of the catalogue that were asked for.
        times: What is seen.
        now_ms: Our own present; live, the picture ends then on the agent's clock.
    """
    end_ms = memory.now_ms(now_ms)
    # Whole seconds, so that the axis does not creep between two samples.
    seen = times.stretch(end_ms - end_ms % 1000)
    if times.is_live:
        return seen, [memory.curve(metric, times.range, now_ms) for metric in metrics]
    return seen, [memory.reels.curve(metric, seen) for metric in metrics]


def series_of(label: str, curve: Curve, *, has_band: bool) -> Series:
    """Return a curve as a line; single samples have no band."""
    has_band = has_band and curve.is_averaged
    return Series(
        label,
        curve.times_ms,
        curve.values,
        curve.lows if has_band else None,
        curve.highs if has_band else None,
        curve.gap_ms,
    )


def _silence(memory: ServerMemory, asked: tuple[str, ...], times: TimeView, now_ms: int) -> str:
    """Return why there is nothing to draw."""
    if memory.row.status == "never":
        return "no samples yet"
    if times.is_live:
        history = memory.history(times.range, asked)
    else:
        piece = block_of(times.stretch(now_ms))
        history = memory.reels.state(asked, piece, piece.start_ms)
    if history.phase is HistoryPhase.FAILED:
        return history.reason
    return "no data" if history.phase is HistoryPhase.LOADED else "loading…"


def _point(curve: Curve, at_ms: int) -> Point | None:
    index = curve.nearest(at_ms)
    return None if index is None else (curve.values[index], curve.lows[index], curve.highs[index])


def _fitting(pieces: Sequence[Cell], room: int) -> list[Span]:
    """Return as many of the pieces as fit."""
    if sum(map(width, pieces)) > room:
        # Both lines need their figure, which is their legend too; the axis says what it is of.
        pieces = [[span for span in piece if span != _PER_SECOND] for piece in pieces]
    line: list[Span] = []
    for piece in pieces:
        if width(line) + width(piece) > room:
            break
        line += piece
    return line
