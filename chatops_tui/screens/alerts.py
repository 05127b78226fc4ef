"""The alerts of the whole fleet, and behind tabs what makes them: thresholds, silences, channels."""

from collections.abc import Set as AbstractSet
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import ContentSwitcher

from chatops_tui.requests import Needs
from chatops_tui.screens.alerts_channels import ChannelsTab
from chatops_tui.screens.alerts_list import AlertsTab
from chatops_tui.screens.alerts_pane import AlertTab
from chatops_tui.screens.alerts_silences import SilencesTab
from chatops_tui.screens.alerts_thresholds import ThresholdsTab
from chatops_tui.screens.closing import close
from chatops_tui.screens.context import Context
from chatops_tui.screens.listing import Listed, Listing, list_keys
from chatops_tui.screens.tab_line import TabLine
from chatops_tui.screens.tabs import Tab
from chatops_tui.screens.too_small import TooSmall
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.status_bar import StatusBar

TABS: Final = (
    Tab("alerts", 1, "Alerts"),
    Tab("thresholds", 2, "Thresholds"),
    Tab("silences", 3, "Silences"),
    Tab("channels", 4, "Channels"),
)
_ADMINS: Final = frozenset({"channels"})


class AlertsScreen(Listing):
    """Begins with what fires."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(tab.digit), f"tab({tab.digit})", tab.title, show=False, id=f"alerts.tab-{tab.id}")
            for tab in TABS
        ),
        Binding("tab", "tab_step(1)", "Next tab", show=False, id="alerts.tab-next"),
        Binding("shift+tab", "tab_step(-1)", "Previous tab", show=False, id="alerts.tab-previous"),
        *list_keys("alerts", shows_sort=False),
        Binding("P", "freeze", "Freeze the picture", show=False, id="alerts.freeze"),
        Binding("escape", "back", "Back", id="alerts.back", key_display="esc"),
    ]

    def __init__(self, context: Context, tab: str = "") -> None:
        super().__init__(context)
        self.add_class("-alerts")
        self._tab = TABS[0]
        self._first = tab

    def compose(self) -> ComposeResult:
        """Lay out bars and tabs."""
        yield StatusBar()
        yield TooSmall()
        yield TabLine()
        with ContentSwitcher(initial=TABS[0].id, id="body"):
            yield AlertsTab(self.given)
            yield ThresholdsTab(self.given)
            yield SilencesTab(self.given)
            yield ChannelsTab(self.given)
        yield TextBlock(id="link-line")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin in the list, or where one wanted to go."""
        self.set_focus(self._pane.target)
        self.show(self._first)

    def show(self, tab: str) -> None:
        """Show the tab with this id, if the user has it."""
        found = next((one for one in self._tabs if one.id == tab), None)
        if found is not None and found is not self._tab:
            self._show_tab(found)

    def listed(self) -> Listed:
        """Return the list of the tab that is seen."""
        return self._pane.listed()

    def crumbs(self) -> tuple[str, ...]:
        """Return where one is."""
        return ("Alerts",) if self._tab is TABS[0] else ("Alerts", self._tab.title)

    def needs(self) -> Needs:
        """Return nothing: what is open is always known."""
        return Needs()

    def draw(self, dirty: AbstractSet[str]) -> None:  # noqa: ARG002 - only lines that differ are drawn
        """Draw the tab that is seen."""
        tabs = self._tabs
        if self._tab not in tabs:
            self._show_tab(tabs[0])
        line = self.query_one(TabLine)
        line.set_titles([f"{tab.digit} {tab.title}" for tab in tabs])
        line.show(tabs.index(self._tab), "")
        self._pane.show(self.store, self.shown_ms)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the tabs there are."""
        if action == "tab":
            return any((tab.digit,) == parameters for tab in self._tabs)
        return super().check_action(action, parameters)

    def action_tab(self, digit: int) -> None:
        """Show the tab with this digit."""
        self._show_tab(next(tab for tab in self._tabs if tab.digit == digit))

    def action_tab_step(self, step: int) -> None:
        """Show the tab beside this one."""
        tabs = self._tabs
        self._show_tab(tabs[(tabs.index(self._tab) + step) % len(tabs)])

    def action_back(self) -> None:
        """Leave what the tab has to leave, then the screen."""
        if not self._pane.back():
            close(self, None)

    @on(TabLine.Chosen)
    def _tab_chosen(self, event: TabLine.Chosen) -> None:
        self._show_tab(self._tabs[event.index])

    @property
    def _tabs(self) -> tuple[Tab, ...]:
        user = self.given.store.user
        is_admin = user is not None and user.role == "admin"
        return tuple(tab for tab in TABS if is_admin or tab.id not in _ADMINS)

    @property
    def _pane(self) -> AlertTab:
        return self.query_one(f"#{self._tab.id}", AlertTab)

    def _show_tab(self, tab: Tab) -> None:
        self._tab = tab
        self.query_one(ContentSwitcher).current = tab.id
        pane = self._pane
        self.set_focus(pane.target)
        pane.opened()
        self.recall_list()
        self.refresh_bindings()
        # Once it has a size.
        self.call_after_refresh(self.sync, frozenset())
