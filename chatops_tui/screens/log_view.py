"""The lines of a log as they are written: filtered, marked, paused, coloured by level."""

import re
import textwrap
from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message

from chatops_tui.clock import clock
from chatops_tui.render.log_levels import INKS, LogLevel
from chatops_tui.render.spans import Cell, Ink, Span
from chatops_tui.render.text import clean
from chatops_tui.screens.context import Context
from chatops_tui.store.log_memory import Entry, LogFilter, LogMemory
from chatops_tui.widgets.filter_bar import FilterBar
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.output_paint import Piece
from chatops_tui.widgets.scroll_back import Said, ScrollBack
from chatops_wire.times import parse_ms

_LEVELS: Final = (LogLevel.DEBUG, LogLevel.INFO, LogLevel.WARNING, LogLevel.ERROR)
_LEVEL_WORDS: Final = {
    LogLevel.DEBUG: "every level",
    LogLevel.INFO: "info and worse",
    LogLevel.WARNING: "warnings and worse",
    LogLevel.ERROR: "errors",
}
# Neighbours differ; after the last it begins again.
_ORIGIN_INKS: Final[tuple[Ink, ...]] = ("series-1", "series-2", "info", "accent", "ok")
_ORIGIN_WIDTH: Final = 14


class LogScroll(ScrollBack):
    """The lines of a log."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "wish('open')", "Open", id="logs.open"),
        Binding("space", "wish('pause')", "Pause", id="logs.pause", key_display="space"),
        Binding("slash", "wish('filter')", "Filter", id="logs.filter", key_display="/"),
        Binding("h", "wish('highlight')", "Mark", id="logs.highlight", tooltip="Mark what matches"),
        Binding("v", "wish('level')", "Level", id="logs.level"),
        Binding("n", "wish('next')", "Next marked", show=False, id="logs.next"),
        Binding("N", "wish('previous')", "Previous marked", show=False, id="logs.previous"),
        Binding("t", "wish('times')", "Times", show=False, id="logs.times"),
    ]

    class Wished(Message):
        """A key was pressed; whoever shows the log knows what to do."""

        def __init__(self, wish: str) -> None:
            super().__init__()
            self.wish = wish

    def action_wish(self, wish: str) -> None:
        """Tell it."""
        self.post_message(self.Wished(wish))


class _Entries:
    """The lines a filter leaves."""

    def __init__(
        self, entries: Sequence[Entry], dropped: int, before: Callable[[Entry], Sequence[Piece]]
    ) -> None:
        self.entries = entries
        self.dropped = dropped
        self._before = before

    def __len__(self) -> int:
        return len(self.entries)

    def pieces(self, index: int) -> Sequence[Piece]:
        """Return one line."""
        entry = self.entries[index]
        return [*self._before(entry), (entry.text, INKS[entry.level])]


class LogView(Vertical):
    """Shows one memory after another; wishes it does not know go further up."""

    DEFAULT_CSS = "LogView { height: 1fr; #logs-title { height: 1; } }"

    def __init__(self, context: Context, lines: LogScroll) -> None:
        """Make an empty view; `lines` may have keys of its own."""
        super().__init__()
        self._given = context
        self.lines = lines
        self._memory: LogMemory | None = None
        self._log_name = ""
        self._origins: Sequence[str] = ()
        self._least = LogLevel.DEBUG
        self._is_paused = False
        self._has_times = True
        self._shown = _Entries((), 0, self._before)
        self._drawn: object = None

    def compose(self) -> ComposeResult:
        """Lay out title, lines, filter and mark."""
        yield TextBlock(id="logs-title")
        yield self.lines
        yield FilterBar("words of a line, !without", id="logs-filter")
        yield FilterBar("a regular expression to mark", mark="h", id="logs-mark")

    def begin(self, name: str, memory: LogMemory, origins: Sequence[str] = ()) -> None:
        """Show another log from its newest line on.

        Args:
            name: Its title; remote text is fine.
            memory: Its lines.
            origins: Where several are read as one, the name of each.
        """
        self._memory, self._log_name = memory, clean(name)
        self._origins = [clean(origin, _ORIGIN_WIDTH) for origin in origins]
        self._is_paused = False
        self._shown = _Entries((), 0, self._before)
        self.lines.action_follow()
        self._drawn = None

    def show(self, *, online: bool, nothing: Sequence[Cell] = ()) -> None:
        """Draw the lines, if anything about them has changed; `nothing` stands there before one is begun."""
        memory, wanted = self._memory, self._filter.text
        version = memory.version if memory else -1
        columns = self.lines.scrollable_content_region.width
        drawn = (memory, version, self._least, self._is_paused, self._has_times, wanted, online, columns)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        title = self.query_one("#logs-title", TextBlock)
        if memory is None:
            title.set_lines([[(" No log is followed", "muted")]])
            self.lines.sync(Said(nothing))
            return
        if not self._is_paused:
            self._select(memory, wanted)
            self.lines.sync(self._shown if len(self._shown) else Said(_nothing(memory, columns)))
        self._filter.set_counts(len(self._shown), memory.total - memory.first)
        title.set_lines([self._title(memory, online=online)])

    def back(self) -> bool:
        """Take the mark away, else the filter; False when there is neither."""
        for bar in (self._mark, self._filter):
            if bar.text:
                bar.action_clear()
                return True
        return False

    @on(FilterBar.Changed, "#logs-filter")
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        event.stop()
        self._is_paused = False
        self._redraw()

    @on(FilterBar.Changed, "#logs-mark")
    def _mark_changed(self, event: FilterBar.Changed) -> None:
        event.stop()
        try:
            wanted = re.compile(event.text, re.IGNORECASE) if event.text else None
        except re.error as exc:
            event.bar.say(clean(exc.msg, 19))
            return
        found = self.lines.highlight(wanted)
        event.bar.set_found(found if wanted else None)

    @on(LogScroll.Wished)
    def _wished(self, event: LogScroll.Wished) -> None:
        match event.wish:
            case "filter":
                self._filter.open()
            case "highlight":
                self._mark.open()
            case "next" | "previous":
                self._find(1 if event.wish == "next" else -1)
            case "pause":
                self._is_paused = not self._is_paused and self._memory is not None
            case "level":
                self._least = _LEVELS[(_LEVELS.index(self._least) + 1) % len(_LEVELS)]
                self._is_paused = False
            case "times":
                self._has_times = not self._has_times
            case _:
                return
        event.stop()
        self._redraw()

    def _find(self, step: int) -> None:
        if not self._mark.text:
            self.notify("Nothing is marked: h marks what matches.", markup=False)
        elif not self.lines.find(step):
            self.notify("Nothing is found.", markup=False)

    @property
    def _filter(self) -> FilterBar:
        return self.query_one("#logs-filter", FilterBar)

    @property
    def _mark(self) -> FilterBar:
        return self.query_one("#logs-mark", FilterBar)

    def _redraw(self) -> None:
        self._drawn = None
        # Who shows it knows what else it depends on.
        self.post_message(self.Outdated())

    class Outdated(Message):
        """It must be shown anew."""

    def _select(self, memory: LogMemory, wanted: str) -> None:
        """Choose the lines that are shown, and count those that left at the beginning."""
        gone = sum(entry.number < memory.first for entry in self._shown.entries)
        shown = memory.shown(LogFilter(wanted, self._least))
        self._shown = _Entries(shown, self._shown.dropped + gone, self._before)

    def _title(self, memory: LogMemory, *, online: bool) -> Cell:
        return [
            ("─ ", "rule"),
            (self._log_name, "strong"),
            (" ── ", "rule"),
            self._state(memory, online=online),
            (" ── ", "rule"),
            (f"{memory.total} lines", "muted"),
            *([] if self._least is LogLevel.DEBUG else [_note(_LEVEL_WORDS[self._least])]),
        ]

    def _state(self, memory: LogMemory, *, online: bool) -> Span:
        if memory.ended:
            return f"✖ {clean(memory.ended)}", "crit"
        if memory.is_interrupted or not online:
            return "○ interrupted, goes on by itself", "warn"
        if self._is_paused:
            return f"‖ paused, {memory.total - self._last_shown} new", "warn"
        return "● following", "ok"

    @property
    def _last_shown(self) -> int:
        entries = self._shown.entries
        return entries[-1].number + 1 if entries else 0

    def _before(self, entry: Entry) -> list[Piece]:
        stamp = self._stamp(entry)
        bar: Piece = ("▌", "crit") if entry.is_stderr else (" ", "text")
        pieces: list[Piece] = [(stamp, "muted"), bar]
        if self._origins:
            width = max(map(len, self._origins))
            ink = _ORIGIN_INKS[entry.origin % len(_ORIGIN_INKS)]
            pieces.append((f"{self._origins[entry.origin]:<{width}} ", ink))
        return pieces

    def _stamp(self, entry: Entry) -> str:
        if not self._has_times or entry.ts is None:
            return ""
        try:
            return clock(parse_ms(entry.ts), self._given.zone)
        except (ValueError, OverflowError):
            return clean(entry.ts, 24)


def _nothing(memory: LogMemory, columns: int) -> list[Cell]:
    if memory.ended:
        # The title has its beginning, as far as there is room.
        said = textwrap.wrap(clean(memory.ended), max(20, columns - 2))
        reason: list[Cell] = [[(f"  {line}", "crit")] for line in said]
        return [[], *reason]
    text = "No line matches." if memory.total else "No lines yet."
    return [[], [(f"  {text}", "muted")]]


def _note(text: str) -> Span:
    return f"  {text}", "accent"
