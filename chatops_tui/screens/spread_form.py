"""Asks how a command is to be spread over many servers."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from chatops_tui.screens.closing import close
from chatops_tui.screens.form import Field, Form
from chatops_tui.store.spread import Spread, spread_of
from chatops_tui.widgets.box_title import set_box_title
from chatops_tui.widgets.dialog import Dialog
from chatops_tui.widgets.key_footer import KeyFooter


class SpreadForm(Dialog[Spread | None]):
    """Answers with what was chosen; None: nothing is changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "Next field", id="spread.next"),
        Binding("escape", "cancel", "Cancel", id="spread.cancel", key_display="esc"),
    ]

    def __init__(self, spread: Spread) -> None:
        super().__init__()
        self._spread = spread

    def compose(self) -> ComposeResult:
        """Lay out the fields."""
        spread = self._spread
        with Vertical(classes="dialog wide") as box:
            set_box_title(box, "How to run it on many servers")
            yield Form(
                Field(
                    "spread-first",
                    "First",
                    str(spread.first or ""),
                    "on so many, then look (empty: on all)",
                    enter="next",
                ),
                Field(
                    "spread-stop",
                    "Stop after",
                    str(spread.stop_after or ""),
                    "so many failed (empty: never)",
                    enter="next",
                ),
                Field("spread-at-once", "At once", str(spread.at_once), "20"),
            )
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin at the top."""
        self.set_focus(self.query_one("#spread-first", Input))

    def action_cancel(self) -> None:
        """Change nothing."""
        close(self, None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go to the next field, and from the last one take what is there."""
        event.stop()
        form = self.query_one(Form)
        boxes = list(form.query(Input))
        if event.input is not boxes[-1]:
            boxes[boxes.index(event.input) + 1].focus()
            return
        values = form.values()
        spread = spread_of(values["spread-at-once"], values["spread-stop"], values["spread-first"])
        if isinstance(spread, Spread):
            close(self, spread)
        else:
            form.say(spread, wrong=True)
