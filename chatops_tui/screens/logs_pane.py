"""The logs of one server: a file or a unit, followed."""

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.widget import Widget

from chatops_tui.render.spans import Cell
from chatops_tui.requests import RequestFailedError
from chatops_tui.screens.context import Context
from chatops_tui.screens.log_source import OpenLog
from chatops_tui.screens.log_view import LogScroll, LogView
from chatops_tui.screens.server_panes import Pane
from chatops_tui.store.log_memory import LogMemory
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.time_view import TimeView
from chatops_wire.streams import LogSource

if TYPE_CHECKING:
    from collections.abc import Callable


class LogsPane(Pane):
    """Follows one source at a time, until another is opened or the server is left."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, id="logs")
        self._server_id = ""
        self._source: LogSource | None = None
        self._stop: Callable[[], None] | None = None
        self._view = LogView(context, LogScroll())

    def compose(self) -> ComposeResult:
        """Lay out the view."""
        yield self._view

    @property
    def target(self) -> Widget:
        """The lines."""
        return self._view.lines

    def show(self, memory: ServerMemory, times: TimeView, now_ms: int) -> None:  # noqa: ARG002 - it has no time axis
        """Draw the lines, if anything about them has changed."""
        self._server_id = memory.row.id
        online = memory.row.status == "online"
        self._view.show(online=online, nothing=_welcome(online=online))

    def back(self) -> bool:
        """Take mark or filter away, if there is one."""
        return self._view.back()

    def on_unmount(self) -> None:
        """Follow nothing any more."""
        self._end()

    @on(LogScroll.Wished)
    def _wished(self, event: LogScroll.Wished) -> None:
        event.stop()
        known = self._source
        name = (known.path or known.unit or "") if known else ""
        self.app.push_screen(OpenLog(name), self._open)  # type: ignore[unused-awaitable]

    @on(LogView.Outdated)
    def _outdated(self, event: LogView.Outdated) -> None:
        event.stop()
        self._redraw()

    def _open(self, source: LogSource | None) -> None:
        if source is None:
            return
        self._end()
        memory = LogMemory()
        self._source = source
        self._view.begin(source.path or source.unit or "", memory)
        try:
            self._stop = self.given.logs.follow(self._server_id, source, memory)
        except RequestFailedError as exc:
            memory.end(str(exc))
        self._redraw()

    def _end(self) -> None:
        stop, self._stop = self._stop, None
        if stop is not None:
            stop()

    def _redraw(self) -> None:
        server = self.given.store.server(self._server_id)
        if server is not None:
            self.show(server, TimeView(), self.given.now_ms())


def _welcome(*, online: bool) -> list[Cell]:
    if not online:
        return [[], [("  The server is offline: its logs can be read when it is back.", "warn")]]
    return [
        [],
        [("  Press ", "muted"), ("o", "accent"), (" and name a file or a unit of the journal:", "muted")],
        [("  /var/log/syslog", "text"), ("   nginx.service", "text")],
        [("  Only folders its agent was started with (--log-path) can be read.", "muted")],
    ]
