"""Everything a hub is told to do, and what is one's own there, behind tabs."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import ClassVar, Final

from textual.binding import BindingType

from chatops_tui.screens.alerts_channels import ChannelsTab
from chatops_tui.screens.alerts_pane import AlertTab
from chatops_tui.screens.alerts_thresholds import ThresholdsTab
from chatops_tui.screens.settings_keys import KeysTab
from chatops_tui.screens.settings_own import OwnTab
from chatops_tui.screens.settings_retention import RetentionTab
from chatops_tui.screens.settings_tabs import GrantsTab, UsersTab
from chatops_tui.screens.tabbed import TabbedLists, tabbed_keys
from chatops_tui.screens.tabs import Tab

TABS: Final = (
    Tab("thresholds", 1, "Thresholds"),
    Tab("channels", 2, "Channels"),
    Tab("users", 3, "Users"),
    Tab("keys", 4, "Keys"),
    Tab("grants", 5, "Grants"),
    Tab("own", 6, "You"),
    Tab("retention", 7, "Retention"),
)


class SettingsScreen(TabbedLists):
    """Begins with thresholds."""

    every_tab: ClassVar[Sequence[Tab]] = TABS
    only_admins: ClassVar[AbstractSet[str]] = frozenset({"channels", "users", "retention"})
    BINDINGS: ClassVar[list[BindingType]] = tabbed_keys("settings", TABS)

    def panes(self) -> Iterator[AlertTab]:
        """Yield the lists."""
        yield ThresholdsTab(self.given)
        yield ChannelsTab(self.given)
        yield UsersTab(self.given)
        yield KeysTab(self.given)
        yield GrantsTab(self.given)
        yield OwnTab(self.given)
        yield RetentionTab(self.given)

    def crumbs(self) -> tuple[str, ...]:
        """Return where one is."""
        return ("Settings", self._tab.title)
