"""One container: charts of now or of the past, logs, environment, configuration, processes."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Input

from chatops_tui.render.text import clean
from chatops_tui.requests import CurveWish, Needs
from chatops_tui.screens import container_facts as facts
from chatops_tui.screens.alerts_line import alert_lines
from chatops_tui.screens.charts import Kind
from chatops_tui.screens.closing import close
from chatops_tui.screens.container_charts import kinds_of, metrics_of
from chatops_tui.screens.container_deeds import CHANGES, ContainerDeeds, hindrance, may_change
from chatops_tui.screens.container_logs import ContainerLogs
from chatops_tui.screens.container_orders import CONTAINER_KEYS
from chatops_tui.screens.container_panes import Inspection, OverviewPane, Reading, Shown, TopTable
from chatops_tui.screens.context import Context
from chatops_tui.screens.notice import Notice
from chatops_tui.screens.past_screen import PastLine, PastScreen
from chatops_tui.screens.tab_line import TabLine
from chatops_tui.screens.too_small import TooSmall
from chatops_tui.store.container_rows import ContainerRow
from chatops_tui.store.containers import ContainerKey, ContainerMemory
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.time_view import TimeView
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.scroll_back import Said
from chatops_tui.widgets.status_bar import StatusBar

_TITLES: Final = ("1 Overview", "2 Logs", "3 Env", "4 Config", "5 Top")
_OVERVIEW, _LOGS, _ENV, _CONFIG, _TOP = range(len(_TITLES))
_IDS: Final = ("container-overview", "container-logs", "container-env", "container-config", "container-top")


class ContainerScreen(PastScreen):
    """Watched while it is open: its agent samples every second."""

    # The overview has nothing to move in; what comes first would be the lines of the logs.
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(title[0], f"tab({at})", title[2:], show=False, id=f"container.tab-{title[2:].lower()}")
            for at, title in enumerate(_TITLES)
        ),
        Binding("l", "tab(1)", "Logs", id="container.logs"),
        *CONTAINER_KEYS,
        Binding("V", "reveal", "Reveal secrets", id="container.reveal"),
        Binding("tab", "tab_step(1)", "Next tab", show=False, id="container.tab-next"),
        Binding("shift+tab", "tab_step(-1)", "Previous tab", show=False, id="container.tab-previous"),
        Binding("z", "zoom", "Max", id="container.zoom", tooltip="One chart after another, with details"),
        Binding("space", "freeze", "Freeze", id="container.freeze", key_display="space"),
        Binding("escape", "back", "Back", id="container.back", key_display="esc"),
    ]

    def __init__(
        self, context: Context, key: ContainerKey, tab: str = "", times: TimeView | None = None
    ) -> None:
        """Show a container, beginning with its charts or, for `logs`, with what it says.

        `times`: beginning with this moment of the past, of which containers are known by name.
        """
        super().__init__(context, key[0])
        self._key = key
        found = context.store.containers.get(key)
        self._called = found.item.name if found else key[1]
        """Under which its figures are kept."""
        self._begins_with_logs = tab == "logs"
        self._begins_at = times
        self._at = _OVERVIEW
        self._inspection = Inspection(context, key)
        self._logs = ContainerLogs(context, (key,))
        self._logs.id = _IDS[_LOGS]
        self._may_change: bool | None = None

    def compose(self) -> ComposeResult:
        """Lay out bars, tabs and panes."""
        yield StatusBar()
        yield TooSmall()
        yield TabLine()
        yield PastLine()
        yield Notice()
        with ContentSwitcher(initial=_IDS[_OVERVIEW], id="body"):
            yield OverviewPane(self.given, self._called)
            yield self._logs
            yield Reading(id=_IDS[_ENV])
            yield Reading(id=_IDS[_CONFIG])
            yield TopTable(self.given, self._key)
        yield TextBlock(id="container-note")
        yield TextBlock(id="link-line")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin where one wanted to."""
        self.load_thresholds()
        if self._begins_with_logs:
            self.action_tab(_LOGS)
        if self._begins_at is not None:
            self.change_time(self._begins_at)

    @property
    def charted(self) -> tuple[str, ...]:
        """Its own metrics."""
        return metrics_of(self._called)

    @property
    def alert_families(self) -> tuple[str, ...]:
        """Whatever is told of it."""
        return tuple(name for kind in self.kinds for name in kind.alerts)

    @property
    def kinds(self) -> Sequence[Kind]:
        """The charts that can have all the room."""
        return kinds_of(self._called)

    @property
    def has_time(self) -> bool:
        """Whether what the tab shows was kept: all but the charts is of now."""
        return self._at == _OVERVIEW

    def zoom_to(self, kind: Kind | None) -> None:
        """Give one chart all the room, or share it again."""
        self.query_one(OverviewPane).zoom(kind)

    def crumbs(self) -> tuple[str, ...]:
        """Return where one is."""
        server = self.store.server(self._server_id)
        is_known = self._now is not None or self.is_past
        return (
            "Fleet",
            clean(server.row.name) if server else "gone",
            clean(self._called if is_known else "gone"),
        )

    def needs(self) -> Needs:
        """Return every sample of its server, changes, and the history of the range."""
        if self.store.server(self._server_id) is None:
            return Needs()
        one = frozenset({self._server_id})
        wish = CurveWish(self._server_id, self.times.range, self.charted)
        curves = frozenset({wish} if self._now is not None and self.charted else ())
        return Needs(one, containers=one, curves=curves, reels=self.past_wishes())

    def draw(self, dirty: AbstractSet[str]) -> None:  # noqa: ARG002 - only lines that differ are drawn
        """Draw the tab that is seen."""
        self._learn_name()
        memory, server = self._memory, self.store.server(self._server_id)
        is_there = server is not None and (memory is not None or self.is_past)
        notice = self.query_one(Notice)
        notice.set_class(is_there, "-gone")
        self.query_one("#body").set_class(not is_there, "-gone")
        self._draw_tabs()
        self.draw_past_line()
        if server is None or not is_there:
            notice.say([[("This container is no longer there", "strong")], [], [("Esc goes back.", "muted")]])
            return
        self._draw_note(memory, server)
        self._draw_tab(memory, server)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Dim what is not allowed; leave letters to whoever types."""
        match action:
            case "wish":
                return self._offers_wish(parameters[0])
            case "tab":
                return not self.is_past or parameters == (_OVERVIEW,)
            case "zoom":
                return self.has_time
            case "reveal":
                user = self.store.user
                return self._at == _ENV and user is not None and user.role == "admin"
            case "freeze":
                return self.has_time and not self.is_past
            case _:
                return super().check_action(action, parameters)

    def action_tab(self, at: int) -> None:
        """Show a tab."""
        self._at = at
        self.query_one(ContentSwitcher).current = _IDS[at]
        self.set_focus(self._target)
        self.refresh_bindings()
        # Once it has a size.
        self.call_after_refresh(self.sync, frozenset())

    def action_tab_step(self, step: int) -> None:
        """Show the tab beside this one."""
        if not self.is_past:
            self.action_tab((self._at + step) % len(_TITLES))

    def action_wish(self, wish: str) -> None:
        """Do something with the container."""
        memory, server = self._now, self.store.server(self._server_id)
        if memory is not None and server is not None:
            ContainerDeeds(self, self.given).do(wish, [ContainerRow(memory, server.row.name)])

    def action_reveal(self) -> None:
        """Show the environment as it is, which the audit log keeps."""
        self._inspection.is_revealed = not self._inspection.is_revealed
        self.sync(frozenset())

    def action_back(self) -> None:
        """Leave the zoom, what the logs have to leave, the past, then the container."""
        if self.leave_zoom() or (self._at == _LOGS and self._logs.back()):
            return
        if self.is_past and self._begins_at is None:
            self.action_live()
        else:
            close(self, None)

    @on(TabLine.Chosen)
    def _tab_chosen(self, event: TabLine.Chosen) -> None:
        self.action_tab(event.index)

    @property
    def _now(self) -> ContainerMemory | None:
        """What is known of it at present; who comes from the past knows but its name."""
        containers = self.given.store.containers
        found = containers.get(self._key)
        if found is not None:
            return found
        return next((one for one in containers.rows(self._server_id) if one.item.name == self._key[1]), None)

    @property
    def _memory(self) -> ContainerMemory | None:
        """What is shown of it; of the past None where that is not known."""
        if self.is_past:
            return self.store.containers.get((self._server_id, self._called))
        return self.store.containers.get(self._now.key) if self._now else None

    @property
    def _target(self) -> Widget | None:
        if self._at == _LOGS:
            return self._logs.lines
        return None if self._at == _OVERVIEW else self.query_one(f"#{_IDS[self._at]}")

    def _offers_wish(self, wish: object) -> bool | None:
        if isinstance(self.focused, Input):
            return False
        # Dimmed in the past: who changes something does it to the present.
        is_refused = self.is_past or (wish in CHANGES and not self._may_change)
        return None if is_refused else True

    def _learn_name(self) -> None:
        """Chart what is kept under its name, which may change."""
        now = self._now
        if now is None or now.item.name == self._called:
            return
        self._called = now.item.name
        # Its charts take the name with what is drawn next; then they know whose thresholds are theirs.
        self.call_after_refresh(self.draw_limits)

    def _draw_tabs(self) -> None:
        line = self.query_one(TabLine)
        line.set_titles(_TITLES[:1] if self.is_past else _TITLES)
        line.show(self._at, self.times.label if self.has_time else "")

    def _draw_tab(self, memory: ContainerMemory | None, server: ServerMemory) -> None:
        if self._at == _OVERVIEW:
            pane = self.query_one(OverviewPane)
            pane.thresholds = self.thresholds
            shown = Shown(self._called, memory, server, self.times, self.shown_ms)
            pane.show(shown, alert_lines(self.store, self._server_id, self.shown_ms, self.alert_families))
        elif self._at == _LOGS:
            self._logs.show()
        elif self._at == _TOP:
            self.query_one(TopTable).show(self.given.now_ms())
        elif memory is not None:
            if self._inspection.is_due(memory):
                self.run_worker(self._inspect(), name="inspect", exclusive=True, exit_on_error=False)
            self._draw_inspection()

    def _draw_inspection(self) -> None:
        found = self._inspection.found
        for at, lines in (
            (_ENV, facts.environment(found)),
            (_CONFIG, facts.configuration(found, self.size.width - 2)),
        ):
            self.query_one(f"#{_IDS[at]}", Reading).sync(Said(self._inspection.lines(lines)))

    async def _inspect(self) -> None:
        is_reveal = self._inspection.is_revealed
        await self._inspection.load()
        if is_reveal and self._inspection.failure:
            # What is shown next is the redacted answer.
            self.notify(clean(self._inspection.failure), severity="error", markup=False)
        self._draw_inspection()

    def _draw_note(self, memory: ContainerMemory | None, server: ServerMemory) -> None:
        may = may_change(self.given, server.row.id)
        is_gone = memory is not None and memory.is_gone
        why = "It was removed; this is its last state." if is_gone else hindrance(self.given, server.row.id)
        note = self.query_one("#container-note", TextBlock)
        note.set_class(not why or self.is_past, "-gone")
        note.set_lines([[(f" {why}", "warn")]] if why else [])
        if may != self._may_change:
            self._may_change = may
            self.refresh_bindings()
