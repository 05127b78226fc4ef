"""Runs below each other, each with its headline and its output."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from chatops_tui.render.spans import Cell
from chatops_tui.screens.run_cells import headline, remark
from chatops_tui.store.outputs import OutputLine
from chatops_tui.store.runs import RunMemory
from chatops_tui.widgets.output_paint import Piece
from chatops_tui.widgets.scroll_back import ScrollBack


class RunLines:
    """The lines of several runs, one after another; made anew for each picture."""

    def __init__(self, runs: Sequence[RunMemory], now_ms: int, *, is_live: bool, chosen: int = 0) -> None:
        self._runs = runs
        self._now_ms = now_ms
        self._is_live = is_live
        self._chosen = chosen
        self._remarks = [remark(one.run) for one in runs]
        self._starts: list[int] = []
        self._size = 0
        for one, said in zip(runs, self._remarks, strict=True):
            self._starts.append(self._size)
            self._size += 1 + len(one.output) + bool(said)

    @property
    def dropped(self) -> int:
        """How many lines of output have left."""
        return sum(one.output.dropped for one in self._runs)

    def __len__(self) -> int:
        return self._size

    def start(self, key: int) -> int | None:
        """Return the line of a run's headline."""
        return next(
            (at for at, one in zip(self._starts, self._runs, strict=True) if one.run.key == key), None
        )

    def pieces(self, index: int) -> Sequence[Piece]:
        """Return one line."""
        at = bisect_right(self._starts, index) - 1
        memory, line = self._runs[at], index - self._starts[at] - 1
        if line < 0:
            return self._headline(memory)
        if line < len(memory.output):
            return _output(memory.output.line(line))
        return self._remarks[at]

    def _headline(self, memory: RunMemory) -> Cell:
        mark = "▌" if memory.run.key == self._chosen else " "
        return [(mark, "accent"), *headline(memory.run, self._now_ms, is_live=self._is_live)]


class RunLog(ScrollBack):
    """The runs of a console. Which one `y`, `s` and ctrl+c are about is chosen by `[` and `]`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,i", "wish('type')", "Type", id="runs.type", key_display="⏎"),
        Binding("left_square_bracket", "wish('previous')", "Command", id="runs.previous", key_display="[ ]"),
        Binding("right_square_bracket", "wish('next')", "Next command", show=False, id="runs.next"),
        Binding("y", "wish('copy')", "Copy", id="runs.copy"),
        Binding("s", "wish('save')", "Save", id="runs.save"),
        Binding("slash", "wish('search')", "Search", id="runs.search", key_display="/"),
        Binding("n", "wish('forth')", "Next match", show=False, id="runs.match-next"),
        Binding("N", "wish('back')", "Previous match", show=False, id="runs.match-previous"),
    ]

    class Wished(Message):
        """A key was pressed; the console knows what to do."""

        def __init__(self, wish: str) -> None:
            super().__init__()
            self.wish = wish

    def action_wish(self, wish: str) -> None:
        """Tell the console."""
        self.post_message(self.Wished(wish))


def _output(line: OutputLine) -> list[Piece]:
    # Both streams stand together; a bar tells them apart without colouring what a program coloured.
    # The thinnest bar, ▏, is a blank in the character sets without braille.
    return [("│", "crit") if line.is_error else (" ", "text"), *line.spans]
