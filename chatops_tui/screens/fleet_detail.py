"""The server under the fleet's cursor: below the table, or beside it where there is room."""

from typing import Final

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Container

from chatops_tui.render.spans import Cell, faded, plain
from chatops_tui.render.text import clean, cut
from chatops_tui.screens import facts
from chatops_tui.screens.alerts_line import alert_lines
from chatops_tui.screens.charts import ServerCharts
from chatops_tui.screens.context import Context
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.models import Row
from chatops_tui.store.ranges import Range
from chatops_tui.store.time_view import TimeView
from chatops_tui.widgets.lines import TextBlock

_PROCESSES: Final = 6
_DISKS: Final = 3
# Longer bars say nothing more.
_DISKS_WIDTH: Final = 72
# What a rule draws beside its title and its note.
_AROUND_TITLE: Final = 8


class FleetDetail(Container):
    """Title, charts, and beside the table also facts, disks and the busiest processes."""

    def __init__(self, context: Context) -> None:
        super().__init__(id="detail")
        self._given = context

    def compose(self) -> ComposeResult:
        """Lay out every part; CSS hides what there is no room for."""
        yield TextBlock(id="detail-title")
        yield TextBlock(id="detail-alerts")
        yield TextBlock(id="detail-facts")
        yield ServerCharts(self._given)
        yield TextBlock(id="detail-processes")

    def show(self, memory: ServerMemory, span: Range, now_ms: int) -> None:
        """Draw this server."""
        columns = self.content_size.width
        row = memory.row
        block = self.query_one("#detail-facts", TextBlock)
        # Where there is no room for its line, the badge stands in the title.
        words = plain(facts.allows(row)).strip() if not block.display else ""
        room = columns - cell_len(clean(row.name)) - _AROUND_TITLE
        summary = cut(" · ".join(part for part in (words, facts.summary(row)) if part), max(0, room))
        title = facts.rule(clean(row.name), columns, summary)
        self.query_one("#detail-title", TextBlock).set_lines([title])
        lines = alert_lines(self._given.store, row.id, now_ms)
        self.query_one("#detail-alerts", TextBlock).set_lines(lines)
        if block.display:
            block.set_lines([_state(memory, now_ms, self._given), *self._disks(memory, columns)])
        self.query_one(ServerCharts).show(memory, TimeView(span.span_ms), now_ms)
        block = self.query_one("#detail-processes", TextBlock)
        if block.display:
            top = self._aged(row, facts.top_processes(memory, columns, _PROCESSES))
            title = facts.rule("TOP", columns, "pid  cpu  mem  command")
            block.set_lines([title, *top] if top else [])

    def _disks(self, memory: ServerMemory, columns: int) -> list[Cell]:
        found = facts.disks(memory, min(columns, _DISKS_WIDTH), self._given.charset)[:_DISKS]
        return self._aged(memory.row, found)

    def _aged(self, row: Row, lines: list[Cell]) -> list[Cell]:
        """Return the lines, without colour when they are old."""
        return lines if self._given.is_current(row) else list(map(faded, lines))


def _state(memory: ServerMemory, now_ms: int, given: Context) -> Cell:
    row = memory.row
    tags = "  ".join(clean(tag) for tag in row.tags)
    return [*facts.state(row, now_ms, given.zone), *facts.allows(row), (f"   {tags}", "muted")]
