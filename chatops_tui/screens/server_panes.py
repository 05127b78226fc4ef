"""What the tabs of a server show; each draws itself from the server's memory."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from textual.app import ComposeResult
from textual.containers import Container, Horizontal

from chatops_tui.render.spans import Cell, faded
from chatops_tui.screens import facts
from chatops_tui.screens.alerts_line import alert_lines
from chatops_tui.screens.chart_details import Detailed, details
from chatops_tui.screens.charts import DISK, KINDS, NETWORK, Kind, MetricChart, ServerCharts
from chatops_tui.screens.context import Context
from chatops_tui.screens.listing import Listed, kept_order
from chatops_tui.screens.plain_list import arranged, sorts_of
from chatops_tui.screens.server_tables import (
    DISK_COLUMNS,
    NETWORK_COLUMNS,
    PROCESS_COLUMNS,
    disk_cells,
    network_cells,
    process_cells,
)
from chatops_tui.screens.steady import SteadySample
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.selectors import PROCESS_SORTS, Order, SortKey, processes
from chatops_tui.store.time_view import TimeView
from chatops_tui.widgets.filter_bar import FilterBar
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.live_table import LiveTable

if TYPE_CHECKING:
    from textual.widget import Widget

    from chatops_wire.rest_alerts import ThresholdView
    from chatops_wire.samples import Process

_NO_SAMPLE: Final[list[Cell]] = [[("Waiting for the first sample…", "muted")]]
_NO_PROCESSES: Final[list[Cell]] = [[("The samples of this server carry no processes.", "muted")]]
_NEVER: Final[list[Cell]] = [[("This server has not sent a sample yet.", "muted")]]
_AWAY: Final[list[Cell]] = [[("No processes are known of a server that is offline.", "muted")]]
_NONE_THEN: Final = "No processes were kept near this moment."
_NO_MATCH: Final[list[Cell]] = [[("No process matches the filter. Esc clears it.", "muted")]]


class Pane(Container):
    """One tab; `order` is how its table is sorted, None where there is none to sort."""

    order: Order | None = None
    sorts: Sequence[SortKey[Any]] = PROCESS_SORTS
    """By what it can be sorted."""

    def __init__(self, context: Context, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.given = context
        self.store = context.store
        """What is drawn from: the present, or a moment that is over."""
        self.thresholds: Sequence[ThresholdView] = ()
        """The hub's, once they are known."""

    def show(self, memory: ServerMemory, times: TimeView, now_ms: int) -> None:
        """Draw the server; of the present `now_ms` is the time, of the past that of the moment."""
        raise NotImplementedError

    @property
    def target(self) -> "Widget | None":
        """What gets the focus when the tab is shown; None: nothing does."""
        tables = self.query(LiveTable)
        return tables.first() if tables else None

    def listed(self) -> Listed | None:
        """Return the list of the tab; None: it has none."""
        if self.order is None:
            return None
        bars, tables = self.query(FilterBar), self.query(LiveTable)
        bar, table = bars.first() if bars else None, tables.first() if tables else None
        return Listed(f"server-{self.id}", self.sorts, self.order, self.take_order, bar, table)

    def take_order(self, order: Order) -> None:
        """Sort its table this way."""
        self.order = order

    def back(self) -> bool:
        """Take the filter away, or leave something else within the tab; False: there is nothing to leave."""
        bars = self.query(FilterBar)
        if not bars or not bars.first().text:
            return False
        bars.first().action_clear()
        return True


class ProcessTable(LiveTable):
    """Processes, sorted and filtered."""

    def __init__(self, context: Context, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(PROCESS_COLUMNS, opens=False, id=id)
        self._given = context
        self._steady = SteadySample()

    def show(self, memory: ServerMemory, order: Order, now_ms: int, text: str = "") -> int:
        """Draw those that match `text`, without colour when they are old; return how many."""
        sample = self._steady.of(memory, now_ms)
        found = processes(sample.processes, order, text) if sample else []
        # One that has ended and one that took its number may stand in the same sample.
        by_id: dict[str, Process] = {str(process.pid): process for process in found}
        total = memory.row.vitals.memory_total if memory.row.vitals else None
        self.set_sort(order.key, reverse=order.descending)
        self.set_empty_message(_NO_MATCH if sample and sample.processes else _without_processes(memory))
        dimmed = set() if self._given.is_current(memory.row) else set(by_id)
        width = self.widths.get("name", 0)
        self.sync(list(by_id), lambda pid: process_cells(by_id[pid], total, width), dimmed=dimmed)
        return len(by_id)


def _without_processes(memory: ServerMemory) -> list[Cell]:
    if memory.is_past:
        return [[(memory.absence if memory.sample is None else _NONE_THEN, "muted")]]
    if memory.row.status == "never":
        return _NEVER
    if memory.row.status == "offline":
        return _AWAY
    return _NO_SAMPLE if memory.sample is None else _NO_PROCESSES


class OverviewPane(Pane):
    """Four charts, the busiest processes, and beside them the facts where there is room."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, id="overview")
        self.order = kept_order(context.kept, "server-overview", PROCESS_SORTS, "cpu")
        self._zoomed: Kind | None = None

    def compose(self) -> ComposeResult:
        """Lay out every part; CSS hides what there is no room for."""
        yield TextBlock(id="overview-summary")
        yield TextBlock(id="overview-alerts")
        with Horizontal(id="overview-upper"):
            yield ServerCharts(self.given, KINDS, arranges=True, id="overview-charts")
            yield TextBlock(id="overview-side")
        yield TextBlock(id="chart-details")
        yield ProcessTable(self.given, id="overview-processes")

    def show(self, memory: ServerMemory, times: TimeView, now_ms: int) -> None:
        """Draw the server."""
        summary = self.query_one("#overview-summary", TextBlock)
        if summary.display:
            state = facts.state(memory.row, now_ms, self.given.zone)
            about: Cell = [(f"   {facts.summary(memory.row)}", "muted")]
            summary.set_lines([[(" ", "text"), *state, *facts.allows(memory.row), *about]])
        lines = alert_lines(self.store, memory.row.id, now_ms)
        self.query_one("#overview-alerts", TextBlock).set_lines(lines)
        self.query_one(ServerCharts).show(memory, times, now_ms)
        self._show_details(memory, times, now_ms)
        side = self.query_one("#overview-side", TextBlock)
        if side.display:
            side.set_lines(self._side(memory, now_ms, side.content_size.width))
        table = self.query_one(ProcessTable)
        if table.display and self.order is not None:
            table.show(memory, self.order, now_ms)

    def zoom(self, kind: Kind | None) -> None:
        """Give one chart all the room, with what is known of it below; None: share it again."""
        self._zoomed = kind
        self.query_one(ServerCharts).zoom(kind)

    def _show_details(self, memory: ServerMemory, times: TimeView, now_ms: int) -> None:
        if self._zoomed is not None:
            chart = Detailed(self._zoomed, memory, times, self.thresholds)
            self.query_one("#chart-details", TextBlock).set_lines(details(self.given, chart, now_ms))

    def _side(self, memory: ServerMemory, now_ms: int, columns: int) -> list[Cell]:
        given = self.given
        figures = [
            ("DISKS", facts.disks(memory, columns, given.charset)),
            ("NETWORKS", facts.networks(memory)),
            ("TEMPERATURES", facts.temperatures(memory)),
        ]
        if not given.is_current(memory.row):
            figures = [(title, list(map(faded, lines))) for title, lines in figures]
        parts: tuple[tuple[str, list[Cell]], ...] = (
            ("HOST", facts.host_facts(memory, now_ms, given.zone)),
            *figures,
            ("EVENTS", list(facts.timeline(memory, now_ms, given.zone))),
        )
        lines: list[Cell] = []
        for title, found in parts:
            if found:
                lines += [facts.rule(title, columns), *found, []]
        return lines


class ProcessesPane(Pane):
    """All processes the sample brings, with a filter."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, id="processes")
        self.order = kept_order(context.kept, "server-processes", PROCESS_SORTS, "cpu")

    def compose(self) -> ComposeResult:
        """Lay out filter and table."""
        yield FilterBar()
        yield ProcessTable(self.given, id="processes-table")
        yield TextBlock(id="processes-note")

    def show(self, memory: ServerMemory, times: TimeView, now_ms: int) -> None:  # noqa: ARG002 - it has no time axis
        """Draw the server."""
        if self.order is None:
            return
        bar, sample = self.query_one(FilterBar), memory.sample
        shown = self.query_one(ProcessTable).show(memory, self.order, now_ms, bar.text)
        bar.set_counts(shown, len(sample.processes) if sample else 0)
        count = sample.process_count if sample else None
        note = f" the busiest {len(sample.processes)} of {count} processes" if sample and count else ""
        self.query_one("#processes-note", TextBlock).set_lines([[(note, "muted")]])


class RatesPane(Pane):
    """One chart of rates over a table of what they are the sum of."""

    def __init__(self, context: Context, kind: Kind, table: LiveTable, *, id: str) -> None:  # noqa: A002
        super().__init__(context, id=id)
        self._kind = kind
        self._table = table
        self.sorts = sorts_of(table.columns)
        self.order = kept_order(context.kept, f"server-{id}", self.sorts, self.sorts[0].id)

    def compose(self) -> ComposeResult:
        """Lay out chart and table."""
        yield MetricChart(self._kind, self.given)
        yield FilterBar(" ".join(f"{column.key}:" for column in self._table.columns[:3]))
        yield self._table

    def show(self, memory: ServerMemory, times: TimeView, now_ms: int) -> None:
        """Draw the server."""
        self.query_one(MetricChart).show(memory, times, now_ms)
        rows, bar = self.rows(memory), self.query_one(FilterBar)
        found = arranged(rows, self._table.columns, self.order, bar.text)
        bar.set_counts(len(found), len(rows))
        if self.order is not None:
            self._table.set_sort(self.order.key, reverse=self.order.descending)
        dimmed = set() if self.given.is_current(memory.row) else set(rows)
        nothing = "None matches the filter. Esc clears it." if rows else "Nothing is reported."
        self._table.set_empty_message([[(nothing, "muted")]])
        self._table.sync(found, rows.__getitem__, dimmed=dimmed)

    def rows(self, memory: ServerMemory) -> dict[str, list[Cell]]:
        """Return the cells of every row, by its id."""
        raise NotImplementedError


class DisksPane(RatesPane):
    """File systems."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, DISK, LiveTable(DISK_COLUMNS, opens=False, id="disks-table"), id="disks")

    def rows(self, memory: ServerMemory) -> dict[str, list[Cell]]:
        """Return one row a mount."""
        width = self._table.widths.get("use", 14)
        latest = memory.latest
        return {
            disk.mount: disk_cells(disk, width, self.given.charset)
            for disk in (latest.disks if latest else ())
        }


class NetworkPane(RatesPane):
    """Interfaces."""

    def __init__(self, context: Context) -> None:
        table = LiveTable(NETWORK_COLUMNS, opens=False, id="network-table")
        super().__init__(context, NETWORK, table, id="network")

    def rows(self, memory: ServerMemory) -> dict[str, list[Cell]]:
        """Return one row an interface."""
        latest = memory.latest
        return {net.interface: network_cells(net) for net in (latest.networks if latest else ())}


class HostPane(Pane):
    """Everything known of the machine, and what happened to it."""

    def compose(self) -> ComposeResult:
        """Lay out facts and timeline."""
        yield TextBlock(id="host-facts")
        yield TextBlock(id="host-events")

    def show(self, memory: ServerMemory, times: TimeView, now_ms: int) -> None:  # noqa: ARG002 - it has no time axis
        """Draw the server."""
        zone = self.given.zone
        left = self.query_one("#host-facts", TextBlock)
        warm = facts.temperatures(memory)
        columns = left.content_size.width
        more = [[], facts.rule("TEMPERATURES", columns), *warm] if warm else []
        left.set_lines([facts.rule("HOST", columns), *facts.host_facts(memory, now_ms, zone), *more])
        right = self.query_one("#host-events", TextBlock)
        events = list(facts.timeline(memory, now_ms, zone))
        nothing: Cell = [("Nothing has happened yet.", "muted")]
        right.set_lines([facts.rule("EVENTS", right.content_size.width), *(events or [nothing])])
