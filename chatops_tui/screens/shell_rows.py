"""Shells as rows of a table."""

from dataclasses import dataclass
from typing import Final

from chatops_tui.render import numbers
from chatops_tui.render.columns import Column
from chatops_tui.render.spans import Cell, Span
from chatops_tui.render.text import clean
from chatops_tui.store.shells import Shell, ShellState

COLUMNS: Final = (
    Column("state", "STATE", 9, sortable=False),
    Column("server", "SERVER", 12, flex=1, max_width=28, sortable=False),
    Column("who", "WHO", 6, priority=3, sortable=False),
    Column("opened", "OPENED", 8, align="right", sortable=False),
    Column("lasted", "LASTED", 7, align="right", priority=2, sortable=False),
    Column("size", "SIZE", 7, align="right", sortable=False),
    Column("recorded", "RECORDED", 8, align="right", sortable=False),
    Column("reason", "WHY IT ENDED", 12, flex=2, priority=1, sortable=False),
)
_STATES: Final[dict[ShellState, Span]] = {
    "viewed": ("● viewed", "ok"),
    "left": ("◐ left", "info"),
    "unknown": ("○ unknown", "warn"),
    "ended": ("· ended", "muted"),
}


@dataclass(frozen=True, slots=True)
class Look:
    """What cells depend on besides the shell."""

    ms: int
    user_id: str
    server: str
    """Its name, clean."""


def cells(shell: Shell, look: Look) -> list[Cell]:
    """Return the cells of one shell, a cell for each of COLUMNS."""
    lasted_ms = (shell.closed_ms or look.ms) - shell.opened_ms if shell.runs or shell.closed_ms else None
    recorded = "" if shell.recorded_bytes is None else numbers.size(shell.recorded_bytes)
    return [
        [_STATES[shell.state]],
        [(look.server, "text")],
        [("you" if shell.user_id == look.user_id else "other", "muted")],
        [(f"{_lasting(look.ms - shell.opened_ms)} ago", "text")],
        [("" if lasted_ms is None else _lasting(lasted_ms), "muted")],
        [(f"{shell.size[0]}x{shell.size[1]}" if shell.size else "", "muted")],
        [(recorded, "text")],
        [(clean(shell.reason), "muted")],
    ]


def _lasting(ms: int) -> str:
    return numbers.duration(max(0, ms) / 1000)
