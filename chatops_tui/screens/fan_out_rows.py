"""A fan-out as rows of a table: one a server, or one a group of servers that ended alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chatops_tui.render import numbers
from chatops_tui.render.columns import Column
from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_tui.screens.run_cells import state, took
from chatops_tui.screens.tabs import can
from chatops_tui.store.groups import Group
from chatops_tui.store.models import Row
from chatops_tui.store.runs import RunMemory

COLUMNS: Final = (
    Column("name", "SERVER", 12, flex=1, max_width=28, sortable=False),
    Column("state", "STATE", 11, sortable=False),
    Column("took", "TIME", 6, align="right", sortable=False),
    Column("size", "OUTPUT", 6, align="right", priority=2, sortable=False),
    Column("last", "LAST LINE", 20, flex=4, priority=1, sortable=False),
)
GROUP_COLUMNS: Final = (
    Column("count", "SERVERS", 7, align="right", sortable=False),
    Column("state", "STATE", 11, sortable=False),
    Column("names", "WHICH", 20, flex=2, sortable=False),
    Column("last", "LAST LINE", 20, flex=3, priority=1, sortable=False),
)
# Beyond these a row has no room.
_MOST_NAMES: Final = 20


@dataclass(frozen=True, slots=True)
class Now:
    """What cells depend on besides the run."""

    ms: int
    is_live: bool
    names: Mapping[str, str]
    """Clean names of servers by id."""


def obstacle(row: Row | None) -> str:
    """Return why nothing can be run on a server; empty when it can."""
    if row is None:
        return "no longer there"
    if row.view.role == "viewer":
        return "your role only reads"
    if not can(row, "commands"):
        return "not allowed by its agent"
    return "" if row.status == "online" else "offline"


def waiting_cells(name: str, why_not: str, *, is_next: bool = False) -> list[Cell]:
    """Return the cells of a server before anything was run; `is_next`: it waits for others."""
    if why_not:
        return [[(name, "off")], [("○ left out", "off")], [], [], [(why_not, "off")]]
    if is_next:
        return [[(name, "text")], [("· waits", "info")], [], [], []]
    return [[(name, "text")], [("· ready", "muted")], [], [], []]


def run_cells(memory: RunMemory, now: Now) -> list[Cell]:
    """Return the cells of one run."""
    run = memory.run
    return [
        [(now.names.get(run.server_id, "?"), "text")],
        [state(run, is_live=now.is_live)],
        [(took(run, now.ms), "muted")],
        [(numbers.size(memory.output.size_bytes), "muted")],
        _last(memory),
    ]


def group_cells(group: Group, now: Now) -> list[Cell]:
    """Return the cells of a group."""
    names = [now.names.get(one.run.server_id, "?") for one in group.members[:_MOST_NAMES]]
    return [
        [(str(len(group.members)), "strong")],
        [state(group.first.run, is_live=now.is_live)],
        [(", ".join(names), "text")],
        _last(group.first),
    ]


def counts(runs: Sequence[RunMemory]) -> Cell:
    """Return how many of a fan-out are done, and how."""
    failed = sum(one.run.is_failed for one in runs)
    still = sum(one.run.is_open for one in runs)
    well = len(runs) - failed - still
    parts: list[tuple[int, str]] = [
        (well, f"✓ {well}"),
        (failed, f"✖ {failed}"),
        (still, f"● {still} running"),
    ]
    return [("  ".join(text for count, text in parts if count), "text")]


def _last(memory: RunMemory) -> Cell:
    if memory.run.reason:
        return [(clean(memory.run.reason), "warn")]
    last = memory.output.last()
    return [(last.text, "muted")] if last else []
