"""The questions before a command: one on the list, and one for many servers."""

from collections.abc import Sequence
from typing import Final

from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean, cut
from chatops_tui.widgets.confirm import Question

# What fits above the answers on 24 lines.
_MOST_NAMES: Final = 40
_NAMES_WIDTH: Final = 240
_COMMAND_WIDTH: Final = 400


def dangerous(command: str, danger: str, name: str) -> Question:
    """Return the question for one server; `name` is clean."""
    return Question("Run this?", [_command(command), _where(name), _why(danger)], "Run")


def wide(command: str, danger: str, names: Sequence[str], how: str) -> Question:
    """Return the question for several servers, answered by typing how many; names are clean.

    `how` says in which order, and when it stops.
    """
    shown = ", ".join(names[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    lines: list[Cell] = [_command(command), _where(cut(shown, _NAMES_WIDTH) + more), [(how, "muted")]]
    if danger:
        lines.append(_why(danger))
    return Question(f"Run on {len(names)} servers?", lines, "Run", type_to_confirm=str(len(names)))


def failed_first(command: str, waiting: int) -> Question:
    """Return the question before the rest of a fan-out whose first servers failed."""
    count = "1 more server" if waiting == 1 else f"{waiting} more servers"
    line: Cell = [
        ("It failed where it ran first. It would go on with ", "warn"),
        (count, "strong"),
        (".", "warn"),
    ]
    return Question("Go on all the same?", [_command(command), line], "Go on")


def _command(command: str) -> Cell:
    return [("$ ", "muted"), (clean(command, _COMMAND_WIDTH), "strong")]


def _where(names: str) -> Cell:
    return [("on ", "muted"), (names, "text")]


def _why(danger: str) -> Cell:
    return [(f"`{clean(danger, 80)}` cannot be undone, or cuts something off.", "warn")]
