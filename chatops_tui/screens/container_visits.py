"""Where one goes from a list of containers: one of them, logs, or what else their engine keeps."""

from textual import on
from textual.screen import Screen

from chatops_tui.screens.container import ContainerScreen
from chatops_tui.screens.container_list import ContainerList
from chatops_tui.screens.container_logs import ContainerLogsScreen
from chatops_tui.screens.context import Context
from chatops_tui.screens.stock import StockScreen
from chatops_tui.store.time_view import TimeView


class ContainerVisits(Screen[None]):
    """Part of a live screen that has a `ContainerList`."""

    given: Context

    def past_times(self) -> TimeView | None:
        """Return which moment of the past one comes from; None: from now."""
        return None

    @on(ContainerList.Opened)
    def _container_opened(self, event: ContainerList.Opened) -> None:
        if event.logs:
            self._visit(ContainerLogsScreen(self.given, event.keys, event.title))
        else:
            self._visit(ContainerScreen(self.given, event.keys[0], times=self.past_times()))

    @on(ContainerList.StockWanted)
    def _stock_wanted(self, event: ContainerList.StockWanted) -> None:
        self._visit(StockScreen(self.given, event.server_id))

    def _visit(self, screen: Screen[None]) -> None:
        # It is mounted in Textual's own time; nobody waits for that.
        self.app.push_screen(screen)  # type: ignore[unused-awaitable]
