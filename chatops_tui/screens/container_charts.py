"""The two charts of a container: CPU of one core, and memory."""

from textual.app import ComposeResult
from textual.containers import Horizontal

from chatops_tui.render import numbers
from chatops_tui.render.buckets import Series
from chatops_tui.render.chart import ChartStyle
from chatops_tui.render.spans import Cell, faded
from chatops_tui.screens.container_cells import memory_use, share_of_core
from chatops_tui.screens.context import Context
from chatops_tui.store.container_series import CPU, MEMORY
from chatops_tui.store.containers import ContainerMemory
from chatops_tui.store.history_state import HistoryPhase
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.ranges import FIVE_MINUTES, Range
from chatops_tui.widgets.time_chart import TimeChart
from chatops_wire.metrics import Unit

# Below this a line is noise: an idle container's stays flat.
_LEAST_BYTES = 4 * 1024 * 1024.0


class ContainerChart(TimeChart):
    """One metric of whichever container it is shown."""

    def __init__(self, metric: str, title: str, unit: Unit, context: Context) -> None:
        least = 0.0 if unit == "percent" else _LEAST_BYTES
        style = ChartStyle(
            title, unit, filled=unit == "percent", least_top=least, charset=context.charset, tz=context.zone
        )
        super().__init__(style)
        self._metric = metric
        self._given = context

    def show(self, memory: ContainerMemory, server: ServerMemory, span: Range, now_ms: int) -> None:
        """Draw its series over `span`, up to now on the agent's clock."""
        end_ms = server.now_ms(now_ms)
        # Whole seconds, so that the axis does not creep between two samples.
        end_ms -= end_ms % 1000
        curve = memory.series.curve(self._metric, span, end_ms)
        has_band = span is not FIVE_MINUTES
        series = Series(
            self._metric,
            curve.times_ms,
            curve.values,
            curve.lows if has_band else None,
            curve.highs if has_band else None,
            curve.gap_ms,
        )
        self.set_series([series], end_ms - span.span_ms, end_ms)
        history = memory.series.history(span)
        if not curve.times_ms and history.phase is HistoryPhase.FAILED:
            self.set_message(history.reason)
        elif not curve.times_ms and history.phase is not HistoryPhase.LOADED:
            self.set_message("loading…")
        self.set_headline(self._headline(memory, server))
        self.sync()

    def _headline(self, memory: ContainerMemory, server: ServerMemory) -> Cell:
        item = memory.item
        if self._metric == CPU:
            pids = f"  {numbers.count(item.pids)} processes" if item.pids is not None else ""
            line: Cell = [share_of_core(item.cpu_percent), (pids, "muted")]
        else:
            line = memory_use(item)
        return line if self._given.is_current(server.row) else faded(line)


class ContainerCharts(Horizontal):
    """Both, beside each other."""

    def __init__(self, context: Context) -> None:
        super().__init__(id="container-charts")
        self._charts = (
            ContainerChart(CPU, "CPU", "percent", context),
            ContainerChart(MEMORY, "MEM", "bytes", context),
        )

    def compose(self) -> ComposeResult:
        """Lay out the charts."""
        yield from self._charts

    def show(self, memory: ContainerMemory, server: ServerMemory, span: Range, now_ms: int) -> None:
        """Draw both."""
        for chart in self._charts:
            chart.show(memory, server, span, now_ms)
