"""A table on a stage, for the tests of the live table."""

from collections.abc import Sequence

from textual.pilot import Pilot

from chatops_tui.render.columns import Column
from chatops_tui.render.spans import Cell
from chatops_tui.widgets.live_table import LiveTable
from tests.tui.widgets.stage import Stage

COLUMNS = [
    Column("name", "NAME", 8, flex=1, max_width=20),
    Column("cpu", "CPU", 5, align="right"),
    Column("note", "NOTE", 10, priority=2, sortable=False),
    Column("up", "UP", 4, align="right", priority=1),
]
IDS = [f"row-{number:02d}" for number in range(30)]


def cells(row_id: str) -> Sequence[Cell]:
    return [[(row_id, "text")], [("94%", "crit")], [("note", "muted")], [("41d", "muted")]]


class Counting:
    """A source of cells that says which rows it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.value = "94%"

    def __call__(self, row_id: str) -> Sequence[Cell]:
        self.asked.append(row_id)
        return [[(row_id, "text")], [(self.value, "crit")]]


def stage(table: LiveTable | None = None) -> tuple[Stage, LiveTable]:
    actor = table or LiveTable(COLUMNS)
    return Stage(actor), actor


async def filled(pilot: Pilot[None], table: LiveTable, ids: Sequence[str] = IDS) -> None:
    """Show `ids`, focus the table and forget what it said about that."""
    table.focus()
    table.sync(ids, cells)
    await pilot.pause()
    assert isinstance(pilot.app, Stage)
    pilot.app.heard.clear()
