"""Output to read: the lines, a search below them, and what one keeps of a run."""

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from chatops_tui.screens.context import Context
from chatops_tui.screens.run_keeping import RunKeeping
from chatops_tui.screens.run_log import RunLog
from chatops_tui.store.runs import RunMemory
from chatops_tui.widgets.filter_bar import FilterBar


class OutputPanel(Vertical):
    """Handles the wishes `search`, `forth`, `back`, `copy` and `save` of its log; others go further up."""

    DEFAULT_CSS = "OutputPanel { height: 1fr; }"

    def __init__(self, given: Context, chosen: Callable[[], RunMemory | None]) -> None:
        """Make an empty panel; `chosen` says which run is to be copied or saved."""
        super().__init__()
        self._given = given
        self._chosen = chosen

    def compose(self) -> ComposeResult:
        """Lay out log and search."""
        yield RunLog()
        yield FilterBar("search the output")

    @property
    def lines(self) -> RunLog:
        """The log."""
        return self.query_one(RunLog)

    def back(self) -> bool:
        """Take the search away, if there is one."""
        bar = self.query_one(FilterBar)
        if not bar.text:
            return False
        bar.action_clear()
        return True

    @on(RunLog.Wished)
    def _wished(self, event: RunLog.Wished) -> None:
        match event.wish:
            case "search":
                self.query_one(FilterBar).open()
            case "forth" | "back":
                self._find(1 if event.wish == "forth" else -1)
            case "copy" | "save":
                self._keep(event.wish)
            case _:
                return
        event.stop()

    @on(FilterBar.Changed)
    def _search_changed(self, event: FilterBar.Changed) -> None:
        event.stop()
        lines = self.lines
        found = lines.search(event.text)
        event.bar.set_found(found if event.text else None)
        if event.text:
            lines.find(-1)

    def _find(self, step: int) -> None:
        if not self.lines.find(step):
            self.notify("Nothing is found.", markup=False)

    def _keep(self, wish: str) -> None:
        chosen = self._chosen()
        if chosen is not None:
            RunKeeping(self.app, self._given).do(wish, chosen)
