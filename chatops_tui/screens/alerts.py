"""The alerts of the whole fleet, and behind tabs what makes them: thresholds, silences, channels."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import ClassVar, Final

from textual.binding import Binding, BindingType

from chatops_tui.requests import Needs
from chatops_tui.screens.alerts_channels import ChannelsTab
from chatops_tui.screens.alerts_list import AlertsTab
from chatops_tui.screens.alerts_pane import AlertTab
from chatops_tui.screens.alerts_silences import SilencesTab
from chatops_tui.screens.alerts_thresholds import ThresholdsTab
from chatops_tui.screens.context import Context
from chatops_tui.screens.tabbed import TabbedLists, tabbed_keys
from chatops_tui.screens.tabs import Tab

TABS: Final = (
    Tab("alerts", 1, "Alerts"),
    Tab("thresholds", 2, "Thresholds"),
    Tab("silences", 3, "Silences"),
    Tab("channels", 4, "Channels"),
)


class AlertsScreen(TabbedLists):
    """Begins with what fires."""

    every_tab: ClassVar[Sequence[Tab]] = TABS
    only_admins: ClassVar[AbstractSet[str]] = frozenset({"channels"})
    BINDINGS: ClassVar[list[BindingType]] = tabbed_keys(
        "alerts", TABS, Binding("P", "freeze", "Freeze the picture", show=False, id="alerts.freeze")
    )

    def __init__(self, context: Context, tab: str = "") -> None:
        super().__init__(context, tab)
        self.add_class("-alerts")

    def panes(self) -> Iterator[AlertTab]:
        """Yield the four lists."""
        yield AlertsTab(self.given)
        yield ThresholdsTab(self.given)
        yield SilencesTab(self.given)
        yield ChannelsTab(self.given)

    def crumbs(self) -> tuple[str, ...]:
        """Return where one is."""
        return ("Alerts",) if self._tab is TABS[0] else ("Alerts", self._tab.title)

    def needs(self) -> Needs:
        """Return nothing: what is open is always known."""
        return Needs()
