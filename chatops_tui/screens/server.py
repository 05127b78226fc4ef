"""One server, live: charts, processes, disks, network, facts."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Input

from chatops_tui.relay.place import Place
from chatops_tui.render.text import clean
from chatops_tui.requests import Needs
from chatops_tui.screens.charts import KINDS, Kind
from chatops_tui.screens.choose import Choice, Choose
from chatops_tui.screens.closing import close
from chatops_tui.screens.console_pane import ConsolePane
from chatops_tui.screens.container import ContainerScreen
from chatops_tui.screens.container_visits import ContainerVisits
from chatops_tui.screens.containers_pane import PAST_REFUSAL, ContainersPane
from chatops_tui.screens.context import Context
from chatops_tui.screens.listing import Listed, Listing, list_keys
from chatops_tui.screens.logs_pane import LogsPane
from chatops_tui.screens.notice import Notice
from chatops_tui.screens.past_screen import PastLine, PastScreen
from chatops_tui.screens.policy import PolicyScreen
from chatops_tui.screens.server_panes import (
    DisksPane,
    HostPane,
    NetworkPane,
    OverviewPane,
    Pane,
    ProcessesPane,
)
from chatops_tui.screens.tab_line import TabLine
from chatops_tui.screens.tabs import Tab, can, offered
from chatops_tui.screens.too_small import TooSmall
from chatops_tui.screens.wanted import CompareWanted, ShellListWanted, ShellWanted
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.time_view import TimeView
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.status_bar import StatusBar

TABS: Final = (
    Tab("overview", 1, "Overview", "Over", has_range=True),
    Tab("processes", 2, "Processes", "Procs"),
    Tab("disks", 3, "Disks", has_range=True),
    Tab("network", 4, "Network", "Net", has_range=True),
    Tab("host", 5, "Host"),
    Tab("logs", 6, "Logs", ability="logs"),
    Tab("console", 7, "Console", ability="commands"),
    Tab("docker", 8, "Docker"),
)


class ServerScreen(ContainerVisits, Listing, PastScreen):
    """Watched while it is open: its agent samples every second."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(tab.digit), f"tab({tab.digit})", tab.title, show=False, id=f"server.tab-{tab.id}")
            for tab in TABS
        ),
        Binding("tab", "tab_step(1)", "Next tab", show=False, id="server.tab-next"),
        Binding("shift+tab", "tab_step(-1)", "Previous tab", show=False, id="server.tab-previous"),
        Binding("z", "zoom", "Max", id="server.zoom", tooltip="One chart after another, with details"),
        Binding("c", "compare", "Compare", show=False, id="server.compare", tooltip="Compare with another"),
        *list_keys("server"),
        Binding("t", "shell", "Shell", id="server.shell"),
        # While one types in the console t is a letter.
        Binding("ctrl+t", "shell(True)", "Shell", id="server.shell-typing", key_display="^t"),
        Binding("p", "policy", "What the machine allows", show=False, id="server.policy"),
        Binding("S", "shells", "Shells and recordings", show=False, id="server.shells"),
        Binding("space,P", "freeze", "Freeze", id="server.freeze", key_display="space"),
        Binding("escape", "back", "Back", id="server.back", key_display="esc"),
    ]

    def __init__(self, context: Context, server_id: str, tab: str = "") -> None:
        """Show a server, beginning with the tab of this id; one it does not have is not shown."""
        super().__init__(context, server_id)
        self._tabs = offered(TABS, None)
        self._tab = next((one for one in TABS if one.id == tab), self._tabs[0])

    def compose(self) -> ComposeResult:
        """Lay out bars, tabs and panes."""
        yield StatusBar()
        yield TooSmall()
        yield TabLine()
        yield PastLine()
        yield Notice()
        with ContentSwitcher(initial=self._tab.id, id="body"):
            yield OverviewPane(self.given)
            yield ProcessesPane(self.given)
            yield DisksPane(self.given)
            yield NetworkPane(self.given)
            yield HostPane(self.given, id="host")
            yield LogsPane(self.given)
            yield ConsolePane(self.given)
            yield ContainersPane(self.given)
        yield TextBlock(id="link-line")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin in the table, where keys do something."""
        self.set_focus(self._pane.target)
        self.load_thresholds()

    @property
    def kinds(self) -> Sequence[Kind]:
        """The charts that can have all the room."""
        return KINDS

    def zoom_to(self, kind: Kind | None) -> None:
        """Give one chart all the room, or share it again."""
        self.query_one(OverviewPane).zoom(kind)

    def show(self, tab: str) -> None:
        """Show the tab with this id, if the server has it."""
        found = next((one for one in self._tabs if one.id == tab), None)
        if found is not None:
            self._show_tab(found)

    def crumbs(self) -> tuple[str, ...]:
        """Return where one is."""
        memory = self.store.server(self._server_id)
        return ("Fleet", clean(memory.row.name) if memory else "gone")

    def needs(self) -> Needs:
        """Return every sample, the history of the range, and the timeline."""
        memory = self.store.server(self._server_id)
        if memory is None:
            return Needs()
        one = frozenset({self._server_id})
        containers = one if self._tab.id == "docker" else frozenset()
        if memory.row.status == "never":
            return Needs(one, timelines=one, containers=containers)
        histories = frozenset({(self._server_id, self.times.range)})
        return Needs(one, histories, one, containers, reels=self.past_wishes())

    def draw(self, dirty: AbstractSet[str]) -> None:  # noqa: ARG002 - whatever changed, only lines that differ are drawn
        """Draw the tab that is seen."""
        memory = self.store.server(self._server_id)
        notice = self.query_one(Notice)
        notice.set_class(memory is not None, "-gone")
        self.query_one("#body").set_class(memory is None, "-gone")
        self._offer_tabs(memory)
        if memory is None:
            notice.say([[("This server is no longer there", "strong")], [], [("Esc goes back.", "muted")]])
            return
        self.draw_past_line()
        pane = self._pane
        pane.store, pane.thresholds = self.store, self.thresholds
        pane.show(memory, self.times, self.shown_ms)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer a key only in the tabs where it does something."""
        if action == "tab":
            return any((tab.digit,) == parameters for tab in self._tabs)
        if action == "shell":
            return self._offers_shell(typing=bool(parameters))
        if self.is_past and action in {"shells", "policy"}:
            # Dimmed: who changes something does it to the present.
            return None
        offers = self._offers(action)
        return super().check_action(action, parameters) if offers is None else offers

    def action_tab(self, digit: int) -> None:
        """Show the tab with this digit."""
        self._show_tab(next(tab for tab in self._tabs if tab.digit == digit))

    def action_tab_step(self, step: int) -> None:
        """Show the tab beside this one."""
        self._show_tab(self._tabs[(self._tabs.index(self._tab) + step) % len(self._tabs)])

    def listed(self) -> Listed | None:
        """Return the list of the tab that is seen."""
        return self._pane.listed()

    def action_shell(self, _typing: bool = False) -> None:  # noqa: FBT001, FBT002 - a binding's parameter
        """Open a shell on this server."""
        memory = self.store.server(self._server_id)
        if memory is not None:
            self.post_message(ShellWanted(Place(self._server_id, memory.row.name)))

    def action_policy(self) -> None:
        """Show what may be asked of the machine, and who decided it."""
        memory = self.store.server(self._server_id)
        if memory is not None:
            # Mounted in Textual's own time; nobody waits for that.
            self.app.push_screen(PolicyScreen(self.given, memory.row))  # type: ignore[unused-awaitable]

    def action_shells(self) -> None:
        """Show which shells run here, and which did."""
        self.post_message(ShellListWanted(self._server_id))

    def action_compare(self) -> None:
        """Choose a server to see beside this one."""
        others = sorted(
            (row for row in self.given.store.rows() if row.id != self._server_id), key=lambda row: row.name
        )
        choices = tuple(Choice(row.id, clean(row.name)) for row in others)
        self.ask(Choose("Compare with", choices, ""), self._compared)

    def action_back(self) -> None:
        """Leave the zoom, then what the tab has to leave, then the server."""
        if self.leave_zoom() or self._pane.back():
            return
        if self.is_past:
            self.action_live()
        else:
            close(self, None)

    @on(TabLine.Chosen)
    def _tab_chosen(self, event: TabLine.Chosen) -> None:
        self._show_tab(self._tabs[event.index])

    @property
    def has_time(self) -> bool:
        """Whether what the tab shows was kept: logs and commands are of now."""
        return not self._tab.ability

    def _compared(self, server_id: str | None) -> None:
        if server_id is not None:
            self.post_message(CompareWanted((self._server_id, server_id)))

    def past_times(self) -> TimeView | None:
        """Return which moment of the past is shown."""
        return self.times if self.is_past else None

    def _visit(self, screen: Screen[None]) -> None:
        """Open a container, or what is of now only: logs, and what its engine keeps."""
        if self.is_past and not isinstance(screen, ContainerScreen):
            self.notify(f"{PAST_REFUSAL}.", severity="warning", markup=False)
        else:
            super()._visit(screen)

    def _offers_shell(self, *, typing: bool) -> bool | None:
        """Return whether the key for a shell works, of which there is another while one types."""
        memory = self.store.server(self._server_id)
        if memory is None or not can(memory.row, "terminal") or isinstance(self.focused, Input) is not typing:
            return False
        return None if self.is_past else True

    def _offers(self, action: str) -> bool | None:
        """Return whether the tab that is shown has something to do for it; None: that is no tab's matter."""
        match action:
            case "zoom":
                return self._tab.id == "overview"
            case "range" | "zoom_time" | "pan":
                return self._tab.has_range
            case "compare":
                return (
                    self.has_time and not isinstance(self.focused, Input) and len(self.given.store.rows()) > 1
                )
            case "freeze":
                return not self.is_past and not self._tab.ability and self._tab.id != "docker"
            case _:
                return None

    @property
    def _pane(self) -> Pane:
        return self.query_one(f"#{self._tab.id}", Pane)

    def _offer_tabs(self, memory: ServerMemory | None) -> None:
        """Show the tabs that work on this server for this user; one that goes away is left."""
        tabs = offered(TABS, memory.row if memory else None)
        if self.is_past:
            # Logs and commands are of now.
            tabs = tuple(tab for tab in tabs if not tab.ability)
        if tabs != self._tabs:
            self._tabs = tabs
            self.refresh_bindings()
        if self._tab not in tabs:
            self._show_tab(tabs[0])
        line = self.query_one(TabLine)
        line.set_titles(
            [f"{tab.digit} {tab.title}" for tab in tabs],
            [f"{tab.digit} {tab.short or tab.title}" for tab in tabs],
        )
        line.show(tabs.index(self._tab), self.times.label if self._tab.has_range else "")

    def _show_tab(self, tab: Tab) -> None:
        self._tab = tab
        self.query_one(ContentSwitcher).current = tab.id
        self.set_focus(self._pane.target)
        self.recall_list()
        self.refresh_bindings()
        # Once it has a size.
        self.call_after_refresh(self.sync, frozenset())
