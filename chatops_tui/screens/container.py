"""One container, live: charts, logs, environment, configuration, processes."""

from collections.abc import Set as AbstractSet
from typing import ClassVar, Final

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Input

from chatops_tui.render.text import clean
from chatops_tui.requests import Needs
from chatops_tui.screens import container_facts as facts
from chatops_tui.screens.closing import close
from chatops_tui.screens.container_deeds import CHANGES, ContainerDeeds, hindrance, may_change
from chatops_tui.screens.container_logs import ContainerLogs
from chatops_tui.screens.container_orders import CONTAINER_KEYS
from chatops_tui.screens.container_panes import Inspection, OverviewPane, Reading, TopTable
from chatops_tui.screens.context import Context
from chatops_tui.screens.live import LiveScreen
from chatops_tui.screens.notice import Notice
from chatops_tui.screens.tab_line import TabLine
from chatops_tui.screens.too_small import TooSmall
from chatops_tui.store.container_rows import ContainerRow
from chatops_tui.store.containers import ContainerKey, ContainerMemory
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.ranges import labelled, longer, shorter
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.scroll_back import Said
from chatops_tui.widgets.status_bar import StatusBar

# Under which its range is remembered.
_KEPT: Final = "container"
_TITLES: Final = ("1 Overview", "2 Logs", "3 Env", "4 Config", "5 Top")
_OVERVIEW, _LOGS, _ENV, _CONFIG, _TOP = range(len(_TITLES))
_IDS: Final = ("container-overview", "container-logs", "container-env", "container-config", "container-top")


class ContainerScreen(LiveScreen):
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
        Binding("right_square_bracket", "range(1)", "Longer range", show=False, id="container.longer"),
        Binding("left_square_bracket", "range(-1)", "Shorter range", show=False, id="container.shorter"),
        Binding("at,comma,full_stop", "say_where_past", "The past", show=False, id="container.past"),
        Binding("escape", "back", "Back", id="container.back", key_display="esc"),
    ]

    def __init__(self, context: Context, key: ContainerKey, tab: str = "") -> None:
        """Show a container, beginning with its charts or, for `logs`, with what it says."""
        super().__init__(context)
        self._key = key
        self._begins_with_logs = tab == "logs"
        self._at = _OVERVIEW
        self._span = labelled(context.kept.view.ranges.get(_KEPT, ""))
        self._inspection = Inspection(context, key)
        self._logs = ContainerLogs(context, (key,))
        self._logs.id = _IDS[_LOGS]
        self._may_change: bool | None = None

    def compose(self) -> ComposeResult:
        """Lay out bars, tabs and panes."""
        yield StatusBar()
        yield TooSmall()
        yield TabLine()
        yield Notice()
        with ContentSwitcher(initial=_IDS[_OVERVIEW], id="body"):
            yield OverviewPane(self.given)
            yield self._logs
            yield Reading(id=_IDS[_ENV])
            yield Reading(id=_IDS[_CONFIG])
            yield TopTable(self.given, self._key)
        yield TextBlock(id="container-note")
        yield TextBlock(id="link-line")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Name the tabs."""
        self.query_one(TabLine).set_titles(_TITLES)
        if self._begins_with_logs:
            self.action_tab(_LOGS)

    def crumbs(self) -> tuple[str, ...]:
        """Return where one is."""
        memory, server = self._memory, self.store.server(self._key[0])
        name = memory.item.name if memory else "gone"
        return ("Fleet", clean(server.row.name) if server else "gone", clean(name))

    def needs(self) -> Needs:
        """Return every sample of its server, changes, and the history of the range."""
        server_id, _container = self._key
        if self.store.server(server_id) is None:
            return Needs()
        one = frozenset({server_id})
        histories = frozenset({(self._key, self._span)} if self._memory else ())
        return Needs(one, containers=one, container_histories=histories)

    def draw(self, dirty: AbstractSet[str]) -> None:  # noqa: ARG002 - only lines that differ are drawn
        """Draw the tab that is seen."""
        memory, server = self._memory, self.store.server(self._key[0])
        is_there = memory is not None and server is not None
        notice = self.query_one(Notice)
        notice.set_class(is_there, "-gone")
        self.query_one("#body").set_class(not is_there, "-gone")
        note = "[ ]" if self._at == _OVERVIEW else ""
        self.query_one(TabLine).show(self._at, self._span.label if note else "")
        if memory is None or server is None:
            notice.say([[("This container is no longer there", "strong")], [], [("Esc goes back.", "muted")]])
            return
        self._draw_note(memory, server)
        self._draw_tab(memory, server)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Dim what is not allowed; leave letters to whoever types."""
        if action == "wish" and isinstance(self.focused, Input):
            return False
        if action == "wish" and parameters[0] in CHANGES:
            return True if self._may_change else None
        if action == "range":
            return self._at == _OVERVIEW
        if action == "reveal":
            user = self.store.user
            return self._at == _ENV and user is not None and user.role == "admin"
        if action == "freeze":
            return self._at == _OVERVIEW
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
        self.action_tab((self._at + step) % len(_TITLES))

    def action_range(self, step: int) -> None:
        """Show more or less of the past."""
        self.thaw()
        self._span = longer(self._span) if step > 0 else shorter(self._span)
        kept = self.given.kept
        kept.change(replace(kept.view, ranges={**kept.view.ranges, _KEPT: self._span.label}))
        self.sync(frozenset())

    def action_wish(self, wish: str) -> None:
        """Do something with the container."""
        memory, server = self._memory, self.store.server(self._key[0])
        if memory is not None and server is not None:
            ContainerDeeds(self, self.given).do(wish, [ContainerRow(memory, server.row.name)])

    def action_reveal(self) -> None:
        """Show the environment as it is, which the audit log keeps."""
        self._inspection.is_revealed = not self._inspection.is_revealed
        self.sync(frozenset())

    def action_say_where_past(self) -> None:
        """Say where a moment of the past is seen: the hub keeps a container's figures, not its state."""
        self.notify(
            "Here is only now, over a range ([ ]). The server's screen (esc) shows a moment of the past by @,"
            " its containers too.",
            markup=False,
        )

    def action_back(self) -> None:
        """Leave what the logs have to leave, then the container."""
        if self._at != _LOGS or not self._logs.back():
            close(self, None)

    @on(TabLine.Chosen)
    def _tab_chosen(self, event: TabLine.Chosen) -> None:
        self.action_tab(event.index)

    @property
    def _memory(self) -> ContainerMemory | None:
        return self.store.containers.get(self._key)

    @property
    def _target(self) -> Widget | None:
        if self._at == _LOGS:
            return self._logs.lines
        return None if self._at == _OVERVIEW else self.query_one(f"#{_IDS[self._at]}")

    def _draw_tab(self, memory: ContainerMemory, server: ServerMemory) -> None:
        match self._at:
            case 0:
                self.query_one(OverviewPane).show(memory, server, self._span, self.shown_ms)
            case 1:
                self._logs.show()
            case 2 | 3:
                if self._inspection.is_due(memory):
                    self.run_worker(self._inspect(), name="inspect", exclusive=True, exit_on_error=False)
                self._draw_inspection()
            case _:
                self.query_one(TopTable).show(self.given.now_ms())

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

    def _draw_note(self, memory: ContainerMemory, server: ServerMemory) -> None:
        may = may_change(self.given, server.row.id)
        why = (
            "It was removed; this is its last state."
            if memory.is_gone
            else hindrance(self.given, server.row.id)
        )
        note = self.query_one("#container-note", TextBlock)
        note.set_class(not why, "-gone")
        note.set_lines([[(f" {why}", "warn")]] if why else [])
        if may != self._may_change:
            self._may_change = may
            self.refresh_bindings()
