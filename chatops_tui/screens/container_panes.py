"""What the tabs of a container show besides its logs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from textual.app import ComposeResult
from textual.containers import Vertical

from chatops_tui.render.columns import Column
from chatops_tui.render.spans import Align, Cell
from chatops_tui.render.text import clean
from chatops_tui.requests import RequestFailedError
from chatops_tui.screens import container_facts as facts
from chatops_tui.screens.chart_details import Detailed, details
from chatops_tui.screens.charts import Kind
from chatops_tui.screens.container_charts import ContainerCharts, kinds_of
from chatops_tui.screens.context import Context
from chatops_tui.store.containers import ContainerKey, ContainerMemory
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.time_view import TimeView
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.live_table import LiveTable
from chatops_tui.widgets.scroll_back import ScrollBack
from chatops_wire.rest_docker import TopView

if TYPE_CHECKING:
    from chatops_wire.rest_alerts import ThresholdView

# `docker top` starts a ps on the machine.
_TOP_EVERY_MS: Final = 3_000
_PID_TITLES: Final = frozenset({"PID", "PPID", "C", "%CPU", "%MEM", "VSZ", "RSS", "STIME", "TIME"})
_LAST: Final = frozenset({"CMD", "COMMAND", "ARGS"})


class Reading(ScrollBack):
    """Lines that are there at once, read from the top."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.is_following = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing comes that could be followed."""
        if action == "toggle_follow":
            return False
        return super().check_action(action, parameters)


@dataclass(frozen=True, slots=True)
class Shown:
    """Which container of which server, over which time."""

    name: str
    memory: ContainerMemory | None
    """None: that is not known of the moment."""
    server: ServerMemory
    times: TimeView
    now_ms: int
    """Of the present our own time, of the past that of the moment."""


class OverviewPane(Vertical):
    """Charts over facts; of a chart that has all the room its details."""

    def __init__(self, context: Context, name: str) -> None:
        """Be about the container of this name from the first picture on."""
        super().__init__(id="container-overview")
        self._given = context
        self._name_at_first = name
        self._zoomed: Kind | None = None
        self.thresholds: Sequence[ThresholdView] = ()
        """The hub's, once they are known."""

    def compose(self) -> ComposeResult:
        """Lay out charts and facts."""
        yield TextBlock(id="container-alerts")
        yield ContainerCharts(self._given, self._name_at_first)
        yield TextBlock(id="chart-details")
        yield TextBlock(id="container-facts")

    def zoom(self, kind: Kind | None) -> None:
        """Give one chart all the room, with what is known of it below; None: share it again."""
        self._zoomed = kind
        self.query_one(ContainerCharts).zoom(kind)

    def show(self, shown: Shown, alerts: Sequence[Cell]) -> None:
        """Draw the container, its open alerts above it."""
        self.query_one("#container-alerts", TextBlock).set_lines(alerts)
        charts = self.query_one(ContainerCharts)
        charts.take(shown.name, shown.memory.item if shown.memory else None)
        charts.show(shown.server, shown.times, shown.now_ms)
        if self._zoomed is not None:
            kind = next(kind for kind in kinds_of(shown.name) if kind.id == self._zoomed.id)
            chart = Detailed(kind, shown.server, shown.times, self.thresholds)
            self.query_one("#chart-details", TextBlock).set_lines(details(self._given, chart, shown.now_ms))
        block = self.query_one("#container-facts", TextBlock)
        if block.display:
            block.set_lines(self._facts(shown))

    def _facts(self, shown: Shown) -> list[Cell]:
        if not shown.server.is_past:
            return facts.overview(shown.memory, self._given, shown.now_ms) if shown.memory else []
        if shown.memory is None:
            why = shown.server.absence if shown.server.sample is None else facts.NOT_THERE
            return [[(f" {clean(why)}", "muted")]]
        return facts.overview_then(shown.memory)


class Inspection:
    """What the engine says of a container, asked for once and again after each change."""

    def __init__(self, context: Context, key: ContainerKey) -> None:
        self._given = context
        self._key = key
        self._asked_for: object = None
        self.found: dict[str, Any] = {}
        self.failure = ""
        self.is_revealed = False

    def is_due(self, memory: ContainerMemory) -> bool:
        """Return whether it must be asked for, and take it as asked."""
        state = (memory.item.state, memory.item.started_at, memory.item.name, self.is_revealed)
        if state == self._asked_for:
            return False
        self._asked_for = state
        return True

    async def load(self) -> None:
        """Ask for it."""
        try:
            self.found = await self._given.engines.inspect(self._key, reveal=self.is_revealed)
            self.failure = ""
        except RequestFailedError as exc:
            self.failure, self.is_revealed = str(exc), False

    def lines(self, found: Sequence[Cell]) -> Sequence[Cell]:
        """Return these lines, or why there are none."""
        if self.failure:
            return [[], [(f" ✖ {clean(self.failure)}", "crit")]]
        return found if self.found else [[], [(" Loading…", "muted")]]


class TopTable(LiveTable):
    """The processes of a container, as its engine's `ps` shows them."""

    def __init__(self, context: Context, key: ContainerKey) -> None:
        super().__init__((Column("CMD", "CMD", 12),), opens=False, id="container-top")
        self._given = context
        self._key = key
        self._asked_ms = 0
        self._titles: tuple[str, ...] = ()

    def show(self, now_ms: int) -> None:
        """Ask anew every few seconds while it is looked at."""
        if abs(now_ms - self._asked_ms) >= _TOP_EVERY_MS:
            self._asked_ms = now_ms
            self.run_worker(self._load(), name="container-top", exclusive=True, exit_on_error=False)

    async def _load(self) -> None:
        try:
            found = await self._given.engines.top(self._key)
        except RequestFailedError as exc:
            self.set_empty_message([[(f"✖ {clean(str(exc))}", "crit")]])
            self.sync([], lambda _row: [])
        else:
            self._draw(found)

    def _draw(self, found: TopView) -> None:
        if found.titles != self._titles:
            self._titles = found.titles
            self.set_columns([_column(title, found) for title in found.titles])
        self.set_empty_message([[("No processes.", "muted")]])
        rows = {str(number): process for number, process in enumerate(found.processes)}
        self.sync(list(rows), lambda row: [[(clean(text), "text")] for text in rows[row]])


def _column(title: str, found: TopView) -> Column:
    at = found.titles.index(title)
    longest = max((len(process[at]) for process in found.processes if at < len(process)), default=0)
    is_last = title.upper() in _LAST
    width = 16 if is_last else min(24, max(len(title), longest))
    align: Align = "right" if title.upper() in _PID_TITLES else "left"
    return Column(title, clean(title), width, flex=1 if is_last else 0, align=align, sortable=False)
