"""The shells a user has opened: those that run, with what their agents say of them, and those that ended."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from chatops_wire.client_terminals import TerminalEntry
from chatops_wire.rest_commands import TerminalView
from chatops_wire.times import parse_ms

ShellState = Literal["viewed", "left", "unknown", "ended"]
"""viewed: somebody looks at it. left: it runs by itself. unknown: it ran when its agent was last heard."""


class Shell(msgspec.Struct, frozen=True):
    """One shell. Reason and ids are others' text: neutralise before drawing."""

    terminal_id: str
    server_id: str
    user_id: str | None
    state: ShellState
    opened_ms: int
    closed_ms: int | None = None
    size: tuple[int, int] | None = None
    """Columns and rows, while it runs."""
    reason: str = ""
    recorded_bytes: int | None = None

    @property
    def runs(self) -> bool:
        """One can go back to it."""
        return self.state in {"viewed", "left"}

    @property
    def is_recorded(self) -> bool:
        """What it showed can be played."""
        return self.recorded_bytes is not None


def merged(
    views: Iterable[TerminalView], running: Mapping[str, Sequence[TerminalEntry]]
) -> tuple[Shell, ...]:
    """Return all, those that run first, the newest of each first.

    Args:
        views: What the hub has written down.
        running: What the agents say, by server; a server that could not be asked is not in it.
    """
    entries = {entry.terminal_id: entry for told in running.values() for entry in told}
    shells = [_noted(view, entries.pop(view.terminal_id, None), running) for view in views]
    # A hub that was set up anew knows nothing of what still runs.
    shells += [_only_running(entry) for entry in entries.values()]
    return tuple(sorted(shells, key=lambda shell: (not shell.runs, -shell.opened_ms)))


def _noted(
    view: TerminalView, entry: TerminalEntry | None, asked: Mapping[str, Sequence[TerminalEntry]]
) -> Shell:
    opened_ms = parse_ms(view.opened_at)
    if entry is not None:
        state: ShellState = "left" if entry.detached else "viewed"
        size = (entry.cols, entry.rows)
        return Shell(view.terminal_id, view.server_id, view.user_id, state, opened_ms, size=size)
    is_open = view.closed_at is None and view.server_id not in asked
    return Shell(
        view.terminal_id,
        view.server_id,
        view.user_id,
        "unknown" if is_open else "ended",
        opened_ms,
        None if view.closed_at is None else parse_ms(view.closed_at),
        reason=view.reason,
        recorded_bytes=view.recorded_bytes,
    )


def _only_running(entry: TerminalEntry) -> Shell:
    state: ShellState = "left" if entry.detached else "viewed"
    opened_ms, size = parse_ms(entry.started_at), (entry.cols, entry.rows)
    return Shell(entry.terminal_id, entry.server_id, entry.user_id, state, opened_ms, size=size)
