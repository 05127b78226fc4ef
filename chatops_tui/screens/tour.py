"""Five lines that tell a newcomer what to press; the keys work while they stand there."""

from typing import Final

from chatops_tui.render.charset import Charset, key_name
from chatops_tui.render.spans import Cell, Span
from chatops_tui.screens.facts import rule
from chatops_tui.widgets.lines import Lines

_LINES: Final[tuple[tuple[tuple[str, str], ...], ...]] = (
    (("↑ ↓", "choose a server"), ("Enter", "opens it: live charts and processes")),
    (("1 - 8", "tabs of a server"), ("[ ]", "5 min, 1 h, 24 h, 7 days"), ("d", "containers")),
    (("/", "filters: cpu>50  tag:web  !status:online"), ("s", "sorts"), ("space", "marks")),
    (("A", "adds a machine: you get its key and the line to run there"), ("a", "alerts")),
    (("?", "every key"), ("ctrl+p", "find anything"), ("q", "back, and at last quit")),
)
TOUR_LINES: Final = len(_LINES)


class Tour(Lines):
    """Stands above the keys until Escape."""

    def __init__(self, charset: Charset, *, id: str | None = None, classes: str = "") -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._charset = charset

    def compose_lines(self, columns: int, _rows: int) -> list[Cell]:
        """Return a title and the five lines."""
        return [
            rule("WELCOME", columns, "esc hides this"),
            *(_line(pairs, self._charset) for pairs in _LINES),
        ]


def _line(pairs: tuple[tuple[str, str], ...], charset: Charset) -> Cell:
    line: list[Span] = []
    for key, what in pairs:
        line += [("  " if line else " ", "text"), (key_name(key, charset), "accent"), (f" {what}", "text")]
    return line
