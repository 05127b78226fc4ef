"""The logs of one server: a file or a unit, as it is written, filtered and coloured by level."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from chatops_tui.clock import clock
from chatops_tui.render.log_levels import INKS, LogLevel
from chatops_tui.render.spans import Cell, Span
from chatops_tui.render.text import clean
from chatops_tui.requests import RequestFailedError
from chatops_tui.screens.context import Context
from chatops_tui.screens.log_source import OpenLog
from chatops_tui.screens.server_panes import Pane
from chatops_tui.store.log_memory import Entry, LogFilter, LogMemory
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.ranges import FIVE_MINUTES, Range
from chatops_tui.widgets.filter_bar import FilterBar
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.output_paint import Piece
from chatops_tui.widgets.scroll_back import Said, ScrollBack
from chatops_wire.streams import LogSource
from chatops_wire.times import parse_ms

_LEVELS: Final = (LogLevel.DEBUG, LogLevel.INFO, LogLevel.WARNING, LogLevel.ERROR)
_LEVEL_WORDS: Final = {
    LogLevel.DEBUG: "every level",
    LogLevel.INFO: "info and worse",
    LogLevel.WARNING: "warnings and worse",
    LogLevel.ERROR: "errors",
}


class LogScroll(ScrollBack):
    """The lines of a log."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "wish('open')", "Open", id="logs.open"),
        Binding("space", "wish('pause')", "Pause", id="logs.pause", key_display="space"),
        Binding("slash", "wish('filter')", "Filter", id="logs.filter", key_display="/"),
        Binding("v", "wish('level')", "Level", id="logs.level"),
        Binding("t", "wish('times')", "Times", show=False, id="logs.times"),
    ]

    class Wished(Message):
        """A key was pressed; the pane knows what to do."""

        def __init__(self, wish: str) -> None:
            super().__init__()
            self.wish = wish

    def action_wish(self, wish: str) -> None:
        """Tell the pane."""
        self.post_message(self.Wished(wish))


class _Entries:
    """The lines a filter leaves."""

    def __init__(self, entries: Sequence[Entry], dropped: int, stamp: Callable[[Entry], str]) -> None:
        self.entries = entries
        self.dropped = dropped
        self._stamp = stamp

    def __len__(self) -> int:
        return len(self.entries)

    def pieces(self, index: int) -> Sequence[Piece]:
        """Return one line."""
        entry = self.entries[index]
        stamp = self._stamp(entry)
        before: list[Piece] = [(f"{stamp} ", "muted")] if stamp else [(" ", "text")]
        return [*before, (entry.text, INKS[entry.level])]


class LogsPane(Pane):
    """Follows one source at a time, until another is opened or the server is left."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, id="logs")
        self._server_id = ""
        self._source: LogSource | None = None
        self._memory = LogMemory()
        self._stop: Callable[[], None] | None = None
        self._least = LogLevel.DEBUG
        self._is_paused = False
        self._has_times = True
        self._lines = _Entries((), 0, self._stamp)
        self._drawn: object = None

    def compose(self) -> ComposeResult:
        """Lay out title, lines and filter."""
        yield TextBlock(id="logs-title")
        yield LogScroll()
        yield FilterBar("words of a line, !without")

    @property
    def target(self) -> Widget:
        """The lines."""
        return self.query_one(LogScroll)

    def show(self, memory: ServerMemory, span: Range, now_ms: int) -> None:  # noqa: ARG002 - it has no time axis
        """Draw the lines, if anything about them has changed."""
        self._server_id = memory.row.id
        online = memory.row.status == "online"
        bar = self.query_one(FilterBar)
        drawn = (
            self._memory,
            self._memory.version,
            self._least,
            self._is_paused,
            self._has_times,
            bar.text,
            online,
        )
        if drawn == self._drawn:
            return
        self._drawn = drawn
        log = self.query_one(LogScroll)
        title = self.query_one("#logs-title", TextBlock)
        if self._source is None:
            title.set_lines([[(" No log is followed", "muted")]])
            log.sync(Said(_welcome(online=online)))
            return
        if not self._is_paused:
            self._select(bar.text)
            log.sync(self._lines if len(self._lines) else Said(self._nothing()))
        bar.set_counts(len(self._lines), self._memory.total - self._memory.first)
        title.set_lines([self._title(online=online)])

    def back(self) -> bool:
        """Take the filter away, if there is one."""
        bar = self.query_one(FilterBar)
        if not bar.text:
            return False
        bar.action_clear()
        return True

    def on_unmount(self) -> None:
        """Follow nothing any more."""
        self._end()

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        event.stop()
        self._is_paused = False
        self._redraw()

    @on(LogScroll.Wished)
    def _wished(self, event: LogScroll.Wished) -> None:
        event.stop()
        match event.wish:
            case "open":
                known = self._source
                name = (known.path or known.unit or "") if known else ""
                self.app.push_screen(OpenLog(name), self._open)  # type: ignore[unused-awaitable]
            case "filter":
                self.query_one(FilterBar).open()
            case "pause":
                self._is_paused = not self._is_paused and self._source is not None
            case "level":
                self._least = _LEVELS[(_LEVELS.index(self._least) + 1) % len(_LEVELS)]
                self._is_paused = False
            case _:
                self._has_times = not self._has_times
        self._redraw()

    def _open(self, source: LogSource | None) -> None:
        if source is None:
            return
        self._end()
        self._source, self._memory, self._is_paused = source, LogMemory(), False
        self._lines = _Entries((), 0, self._stamp)
        self.query_one(LogScroll).action_follow()
        try:
            self._stop = self.given.logs.follow(self._server_id, source, self._memory)
        except RequestFailedError as exc:
            self._memory.end(str(exc))
        self._redraw()

    def _end(self) -> None:
        stop, self._stop = self._stop, None
        if stop is not None:
            stop()

    def _select(self, text: str) -> None:
        """Choose the lines that are shown, and count those that left at the beginning."""
        first = self._memory.first
        gone = sum(entry.number < first for entry in self._lines.entries)
        shown = self._memory.shown(LogFilter(text, self._least))
        self._lines = _Entries(shown, self._lines.dropped + gone, self._stamp)

    def _nothing(self) -> list[Cell]:
        if self._memory.ended:
            return []
        text = "No line matches." if self._memory.total else "No lines yet."
        return [[], [(f"  {text}", "muted")]]

    def _redraw(self) -> None:
        self._drawn = None
        server = self.given.store.server(self._server_id)
        if server is not None:
            self.show(server, FIVE_MINUTES, self.given.now_ms())

    def _title(self, *, online: bool) -> Cell:
        source, memory = self._source, self._memory
        name = clean((source.path or source.unit or "") if source else "")
        return [
            ("─ ", "rule"),
            (name, "strong"),
            (" ── ", "rule"),
            self._state(online=online),
            (" ── ", "rule"),
            (f"{memory.total} lines", "muted"),
            *([] if self._least is LogLevel.DEBUG else [_note(_LEVEL_WORDS[self._least])]),
        ]

    def _state(self, *, online: bool) -> Span:
        memory = self._memory
        if memory.ended:
            return f"✖ {clean(memory.ended)}", "crit"
        if memory.is_interrupted or not online:
            return "○ interrupted, goes on by itself", "warn"
        if self._is_paused:
            return f"‖ paused, {memory.total - self._last_shown} new", "warn"
        return "● following", "ok"

    @property
    def _last_shown(self) -> int:
        entries = self._lines.entries
        return entries[-1].number + 1 if entries else 0

    def _stamp(self, entry: Entry) -> str:
        if not self._has_times or entry.ts is None:
            return ""
        try:
            return clock(parse_ms(entry.ts), self.given.zone)
        except ValueError:
            return clean(entry.ts, 24)


def _note(text: str) -> Span:
    return f"  {text}", "accent"


def _welcome(*, online: bool) -> list[Cell]:
    if not online:
        return [[], [("  The server is offline: its logs can be read when it is back.", "warn")]]
    return [
        [],
        [("  Press ", "muted"), ("o", "accent"), (" and name a file or a unit of the journal:", "muted")],
        [("  /var/log/syslog", "text"), ("   nginx.service", "text")],
        [("  Only folders its agent was started with (--log-path) can be read.", "muted")],
    ]
