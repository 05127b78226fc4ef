"""A short list to choose one thing from, at the bottom, so that what it is about stays visible."""

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from chatops_tui.screens.closing import close
from chatops_tui.widgets.box_title import set_box_title
from chatops_tui.widgets.dialog import Dialog


class Choice(msgspec.Struct, frozen=True):
    """One entry."""

    id: str
    title: str


class Choose(Dialog[str | None]):
    """Answers with the id of what was chosen, None for nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "cancel", "Cancel", id="choose.cancel"),
        Binding("j", "down", "Down", show=False, id="choose.down"),
        Binding("k", "up", "Up", show=False, id="choose.up"),
    ]

    def __init__(self, title: str, choices: Sequence[Choice], current: str) -> None:
        super().__init__()
        self._title = title
        self._choices = tuple(choices)
        self._current = current

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        options = OptionList(*(Option(choice.title, id=choice.id) for choice in self._choices), markup=False)
        set_box_title(options, self._title)
        yield options

    def on_mount(self) -> None:
        """Stand on what is chosen now."""
        ids = [choice.id for choice in self._choices]
        self.query_one(OptionList).highlighted = ids.index(self._current) if self._current in ids else 0

    def action_cancel(self) -> None:
        """Choose nothing."""
        close(self, None)

    def action_down(self) -> None:
        """Go down."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """Go up."""
        self.query_one(OptionList).action_cursor_up()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        close(self, event.option_id)
