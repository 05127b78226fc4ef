"""The line of tabs below the status bar, with the time range at its end."""

from collections.abc import Sequence

from textual import events
from textual.message import Message

from chatops_tui.render.spans import Cell, Span, width
from chatops_tui.widgets.lines import Lines


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
        self._shown = (0, "")

    def set_titles(self, titles: Sequence[str]) -> None:
        """Offer these tabs; each title begins with the digit that chooses it."""
        if tuple(titles) != self._titles:
            self._titles = tuple(titles)
            self.sync()

    def show(self, index: int, note: str) -> None:
        """Mark the tab at `index`, from 0, and say `note` at the right."""
        if (index, note) != self._shown:
            self._shown = (index, note)
            self.sync()

    def compose_lines(self, columns: int, _rows: int) -> list[Cell]:
        """Return the line."""
        chosen, note = self._shown
        left: list[Span] = [(" ", "text")]
        for at, title in enumerate(self._titles):
            digit, _, name = title.partition(" ")
            left.append((f"{digit} ", "accent" if at == chosen else "muted"))
            left.append((f"{name}  ", "strong" if at == chosen else "muted"))
        right: list[Span] = [(f"{note} ", "strong"), ("[ ]", "accent"), (" ", "text")] if note else []
        gap = columns - width(left) - width(right)
        return [[*left, (" " * max(0, gap), "text"), *(right if gap >= 0 else [])]]

    def on_click(self, event: events.Click) -> None:
        """Choose the clicked tab."""
        x = 1
        for at, title in enumerate(self._titles):
            x += len(title) + 2
            if event.x < x:
                self.post_message(self.Chosen(at))
                return
