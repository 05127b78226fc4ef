"""A screen of lists behind tabs, of which a user sees those that the role allows."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import ContentSwitcher

from chatops_tui.screens.alerts_pane import AlertTab
from chatops_tui.screens.closing import close
from chatops_tui.screens.context import Context
from chatops_tui.screens.listing import Listed, Listing, list_keys
from chatops_tui.screens.tab_line import TabLine
from chatops_tui.screens.tabs import Tab
from chatops_tui.screens.too_small import TooSmall
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.status_bar import StatusBar


def tabbed_keys(prefix: str, tabs: Sequence[Tab], *more: BindingType) -> list[BindingType]:
    """Return the keys of such a screen, `more` before the way back; `prefix` begins their ids."""
    return [
        *(
            Binding(str(tab.digit), f"tab({tab.digit})", tab.title, show=False, id=f"{prefix}.tab-{tab.id}")
            for tab in tabs
        ),
        Binding("tab", "tab_step(1)", "Next tab", show=False, id=f"{prefix}.tab-next"),
        Binding("shift+tab", "tab_step(-1)", "Previous tab", show=False, id=f"{prefix}.tab-previous"),
        *list_keys(prefix, shows_sort=False),
        *more,
        Binding("escape", "back", "Back", id=f"{prefix}.back", key_display="esc"),
    ]


class TabbedLists(Listing):
    """Shows the list of one tab at a time; the hub has the last word in each. It has `tabbed_keys`."""

    every_tab: ClassVar[Sequence[Tab]]
    only_admins: ClassVar[AbstractSet[str]]
    """Ids of the tabs that nobody else sees."""

    def __init__(self, context: Context, tab: str = "") -> None:
        """Begin with the tab of this id, if the user has it."""
        super().__init__(context)
        self._tab = next((one for one in self._tabs if one.id == tab), self._tabs[0])

    def panes(self) -> Iterator[AlertTab]:
        """Yield what is behind the tabs, one for each, with its id."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Lay out bars and tabs."""
        yield StatusBar()
        yield TooSmall()
        yield TabLine()
        with ContentSwitcher(initial=self._tab.id, id="body"):
            yield from self.panes()
        yield TextBlock(id="link-line")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin in the list."""
        self._show_tab(self._tab)

    def show(self, tab: str) -> None:
        """Show the tab with this id, if the user has it."""
        found = next((one for one in self._tabs if one.id == tab), None)
        if found is not None and found is not self._tab:
            self._show_tab(found)

    def listed(self) -> Listed:
        """Return the list of the tab that is seen."""
        return self._pane.listed()

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
        return tuple(tab for tab in self.every_tab if is_admin or tab.id not in self.only_admins)

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
