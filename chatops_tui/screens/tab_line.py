"""The line of tabs below the status bar, with the time range at its end."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from rich.cells import cell_len
from textual import events
from textual.message import Message

from chatops_tui.render.spans import Cell, Span, width
from chatops_tui.widgets.lines import Lines

_GAP: Final = 2


class TabLine(Lines):
    """`1 Overview  2 Processes …          5m [ ]`; the chosen one stands out."""

    class Chosen(Message):
        """A click on a tab."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self) -> None:
        super().__init__(id="tabs")
        self._titles: tuple[str, ...] = ()
        self._shorts: tuple[str, ...] = ()
        self._shown = (0, "")
        self._ends: list[int] = []
        """Where each tab ends, in cells, as it is drawn."""

    def set_titles(self, titles: Sequence[str], shorts: Sequence[str] = ()) -> None:
        """Offer these tabs; each title begins with the digit that chooses it.

        Args:
            titles: Of all tabs.
            shorts: The same for where there is less room; the chosen one is never shortened.
        """
        if tuple(titles) != self._titles:
            self._titles, self._shorts = tuple(titles), tuple(shorts or titles)
            self.sync()

    def show(self, index: int, note: str) -> None:
        """Mark the tab at `index`, from 0, and say `note` at the right."""
        if (index, note) != self._shown:
            self._shown = (index, note)
            self.sync()

    def compose_lines(self, columns: int, _rows: int) -> list[Cell]:
        """Return the line."""
        note = self._shown[1]
        right: list[Span] = [(f"{note} ", "strong"), ("[ ]", "accent"), (" ", "text")] if note else []
        # Where it gets tight the tabs move together before their names are shortened, and then left out.
        ways = [(_GAP, self._titles), (1, self._titles), (1, self._shorts), *self._without_names()]
        lines = [self._left(gap, titles) for gap, titles in ways]
        left = next((line for line in lines if width(line) + width(right) <= columns), lines[-1])
        room = columns - width(left) - width(right)
        # A digit and a name are two spans each, after the margin.
        cells = list(accumulate(cell_len(text) for text, _ink in left))
        self._ends = cells[2::2]
        return [[*left, (" " * max(0, room), "text"), *(right if room >= 0 else [])]]

    def on_click(self, event: events.Click) -> None:
        """Choose the clicked tab."""
        index = next((at for at, end in enumerate(self._ends) if event.x < end), None)
        if index is not None:
            self.post_message(self.Chosen(index))

    def _without_names(self) -> list[tuple[int, Sequence[str]]]:
        """Return the shortest ways: of more and more tabs, from the last on, only the digit."""
        shorts = self._shorts
        cuts = range(len(shorts) - 1, -1, -1)
        return [(1, [*shorts[:cut], *(short.partition(" ")[0] for short in shorts[cut:])]) for cut in cuts]

    def _left(self, gap: int, titles: Sequence[str]) -> list[Span]:
        chosen, _note = self._shown
        spans: list[Span] = [(" ", "text")]
        for at, title in enumerate(titles):
            digit, _, name = (self._titles[at] if at == chosen else title).partition(" ")
            after = " " * gap if name else ""
            spans.append((f"{digit} ", "accent" if at == chosen else "muted"))
            spans.append((name + after, "strong" if at == chosen else "muted"))
        return spans
