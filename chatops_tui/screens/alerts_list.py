"""The tab of alerts: what fires first, filtered; the one under the cursor in words below."""

from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from chatops_tui.alert_requests import AlertDeed
from chatops_tui.render.spans import Cell
from chatops_tui.requests import RequestFailedError
from chatops_tui.screens import alerts_facts
from chatops_tui.screens.alert_wanted import AlertWanted
from chatops_tui.screens.alerts_cells import COLUMNS, Look, cells
from chatops_tui.screens.alerts_deeds import LENGTHS, comment_plan, silence_plan
from chatops_tui.screens.alerts_pane import AlertTab, AlertTable, share_height
from chatops_tui.screens.choose import Choose
from chatops_tui.screens.context import Context
from chatops_tui.screens.plain_list import AS_IT_COMES, arranged, arrow
from chatops_tui.store.alert_selectors import alerts
from chatops_tui.store.alerts import Alert
from chatops_tui.store.store import Store
from chatops_tui.widgets.filter_bar import FilterBar
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.live_table import LiveTable
from chatops_tui.widgets.table_messages import MarksChanged, RowHighlighted, RowSelected

if TYPE_CHECKING:
    from textual.timer import Timer

# Title, message, state, threshold, comment, what to do; more scrolls on a screen of its own.
_PANEL_ROWS: Final = 8
# A cursor that only passes by asks the hub for nothing.
_LOAD_AFTER_S: Final = 0.3
_LOADING: Final[list[Cell]] = [[("loading…", "muted")]]
_NO_MATCH: Final[list[Cell]] = [[("No alert matches the filter. Esc clears it.", "muted")]]
_QUIET: Final[list[Cell]] = [
    [("● ", "ok"), ("Nothing is wrong.", "strong")],
    [],
    [("e", "accent"), (" shows what has ended, ", "muted"), ("2", "accent"), (" what is watched.", "muted")],
]


class AlertsTab(AlertTab):
    """Live: it follows the store."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("A", "do('acknowledge')", "Acknowledge", id="alerts.acknowledge"),
        Binding("S", "silence", "Silence", id="alerts.silence"),
        Binding("R", "do('resolve')", "Resolve", id="alerts.resolve"),
        # Said here too, so that it stands in the footer before what is wanted less often.
        Binding("slash", "screen.filter", "Filter", id="alerts.list-filter", key_display="/"),
        Binding("e", "ended", "Ended", id="alerts.ended", tooltip="Ended ones too"),
        Binding("o", "server", "Server", id="alerts.server", tooltip="Open its server"),
    ]

    def __init__(self, context: Context) -> None:
        super().__init__(context, COLUMNS, id="alerts")
        self._with_ended = False
        self._abilities: tuple[bool, ...] = ()
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay out filter, list and what is said of one."""
        yield FilterBar("words  severity:critical  status:ack  tag:web  !server:db")
        yield AlertTable(COLUMNS, markable=True, id="alerts-table")
        yield TextBlock(id="alerts-chosen")

    def show(self, store: Store, now_ms: int) -> None:
        """Draw the list, and the one under the cursor."""
        look = Look(now_ms, self.given.zone)
        table, bar = self.query_one(LiveTable), self.query_one(FilterBar)
        known = alerts(store.alerts.all(), with_resolved=self._with_ended)
        found = alerts(known, bar.text, with_resolved=True)
        bar.set_counts(len(found), len(known))
        by_id = {alert.id: alert for alert in found}
        table.set_empty_message(self._empty(store, has_some=bool(known)))
        if self.order == AS_IT_COMES:
            order = list(by_id)
        else:
            order = arranged({key: cells(one, look) for key, one in by_id.items()}, COLUMNS, self.order)
        table.set_sort(arrow(self.order), reverse=self.order.descending)
        table.sync(
            order,
            lambda alert_id: cells(by_id[alert_id], look),
            dimmed={alert.id for alert in found if not alert.is_open},
        )
        has_panel = self.query_one("#alerts-chosen").display
        share_height(self, table, len(found), _PANEL_ROWS if has_panel else 0)
        self._show_chosen(store, look)
        self._refresh_keys()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer keys where they do something; leave letters to whoever types."""
        if isinstance(self.screen.focused, Input):
            return False
        match action:
            case "do" | "silence" | "server":
                return self._can(action, parameters)
            case _:
                return super().check_action(action, parameters)

    def action_do(self, deed: AlertDeed) -> None:
        """Acknowledge or resolve what is marked, or else the one under the cursor."""
        self.ask_form(comment_plan(deed, self._open_targets(), self.given.alerting.alerts))

    def action_silence(self) -> None:
        """Silence it for some time."""
        self.app.push_screen(Choose("Silence for", LENGTHS, "1h"), self._silence)  # type: ignore[unused-awaitable]

    def action_ended(self) -> None:
        """Show what has ended too, or hide it."""
        self._with_ended = not self._with_ended
        self._draw()

    def action_server(self) -> None:
        """Open the server of the alert under the cursor."""
        if self.chosen is not None:
            self.post_message(AlertWanted(self.chosen.id, self.chosen.view.server_id))

    def back(self) -> bool:
        """Take the marks away, then the filter."""
        table, bar = self.query_one(LiveTable), self.query_one(FilterBar)
        if table.marked:
            table.clear_marks()
            self._draw()
            return True
        if bar.text:
            bar.action_clear()
            return True
        return False

    def changed(self) -> None:
        """What is marked has been done."""
        self.query_one(LiveTable).clear_marks()

    @property
    def chosen(self) -> Alert | None:
        """The one under the cursor."""
        return self.given.store.alerts.get(self.query_one(LiveTable).cursor_row or "")

    @on(RowSelected)
    def _row_selected(self, event: RowSelected) -> None:
        event.stop()
        if self.chosen is not None:
            self.post_message(AlertWanted(self.chosen.id))

    @on(RowHighlighted)
    def _row_highlighted(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_LOAD_AFTER_S, self._load_context)
        self._draw()

    @on(MarksChanged)
    def _draw(self) -> None:
        self.show(self.given.store, self.given.now_ms())

    @work(exclusive=True, exit_on_error=False, group="context")
    async def _load_context(self) -> None:
        """Ask what the machine of the chosen alert was doing when it fired: lists do not tell."""
        alert = self.chosen
        if alert is None or alert.view.context is not None or not alert.has_fired:
            return
        # What cannot be had is missing from a list that says enough without it.
        with suppress(RequestFailedError):
            await self.given.alerting.alerts.load(alert.id)

    def _silence(self, length: str | None) -> None:
        targets = self._open_targets()
        if length is not None and targets:
            self.ask_form(silence_plan(targets, length, self.given.alerting.alerts, self.given.now_ms))

    def _can(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "server":
            return True if self.chosen else None
        targets = self._open_targets() if self.is_mounted else []
        if parameters == ("acknowledge",):
            targets = [alert for alert in targets if alert.view.status != "acknowledged"]
        return True if targets else None

    def _open_targets(self) -> list[Alert]:
        """Return the marked alerts, or the one under the cursor, that are open and the user may act on."""
        table = self.query_one(LiveTable)
        ids = sorted(table.marked) or ([table.cursor_row] if table.cursor_row else [])
        found = (self.given.store.alerts.get(alert_id) for alert_id in ids)
        return [alert for alert in found if alert is not None and alert.is_open and self._may(alert)]

    def _may(self, alert: Alert) -> bool:
        memory = self.given.store.server(alert.view.server_id)
        return memory is not None and memory.row.view.role != "viewer"

    def _refresh_keys(self) -> None:
        abilities = (bool(self._open_targets()), self.chosen is not None)
        if abilities != self._abilities:
            self._abilities = abilities
            self.screen.refresh_bindings()

    def _empty(self, store: Store, *, has_some: bool) -> list[Cell]:
        if has_some:
            return _NO_MATCH
        if not store.alerts.is_loaded:
            return [[(store.alerts.reason, "warn")]] if store.alerts.reason else _LOADING
        return _QUIET

    def _show_chosen(self, store: Store, look: Look) -> None:
        block = self.query_one("#alerts-chosen", TextBlock)
        alert = store.alerts.get(self.query_one(LiveTable).cursor_row or "")
        if alert is None or not block.display:
            block.set_lines([])
            return
        columns = block.content_size.width
        lines = [alerts_facts.title(alert, columns), *alerts_facts.summary(alert, look)]
        if alert.view.context is not None:
            lines += alerts_facts.context(alert.view.context, columns, look)
        block.set_lines(lines)
