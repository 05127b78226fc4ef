"""Asks for one line of text."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from chatops_tui.screens.closing import close
from chatops_tui.screens.form import Field, Form
from chatops_tui.widgets.box_title import set_box_title
from chatops_tui.widgets.dialog import Dialog
from chatops_tui.widgets.key_footer import KeyFooter


class OneLine(Dialog[str | None]):
    """Answers with what was typed, never empty; None for nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="one-line.cancel", key_display="esc"),
    ]

    def __init__(self, title: str, field: Field) -> None:
        super().__init__()
        self._title = title
        self._field = field

    def compose(self) -> ComposeResult:
        """Lay out the field."""
        with Vertical(classes="dialog") as box:
            set_box_title(box, self._title)
            yield Form(self._field)
        yield KeyFooter()

    def on_mount(self) -> None:
        """Type into it at once."""
        self.query_one(Form).focus_first_empty()

    def action_cancel(self) -> None:
        """Answer nothing."""
        close(self, None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what was typed."""
        event.stop()
        text = event.value.strip()
        if text:
            close(self, text)
        else:
            self.query_one(Form).say("Type something, or press Esc.", wrong=True)
