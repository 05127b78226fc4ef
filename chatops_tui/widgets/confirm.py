"""The question before something that interrupts or destroys, docked at the bottom."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input

from chatops_tui.render.spans import Cell
from chatops_tui.widgets.box_title import set_box_title
from chatops_tui.widgets.dialog import Dialog
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock

ARM_S: Final = 0.3
"""For this long nothing confirms, so that a `y` typed ahead for something else cannot."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked."""

    title: str
    lines: Sequence[Cell]
    """What happens to what: the exact target and command, and what depends on it. Clean text."""
    yes: str
    """The verb on the button."""
    type_to_confirm: str = ""
    """What must be typed, for what cannot be undone; empty asks for y or n."""


class Confirm(Dialog[bool]):
    """Answers True for yes, False for no.

    The focus is on Cancel, or in the field for the name. Escape and n always cancel. Never centred: what it
    is about stays visible above it.
    """

    DEFAULT_CSS = """
    Confirm {
        background: transparent;
        align: center bottom;
        & > #confirm-box {
            width: 100%;
            height: auto;
            padding: 0 1;
            background: $surface;
            border: round $warning;
            border-title-color: $text-warning;
            border-title-style: bold;
        }
        & #confirm-name { margin: 1 0 0 0; background: $background; padding: 0 1; }
        & #confirm-buttons { height: 1; align-horizontal: right; margin: 1 0 0 0; }
        & ToastRack { dock: top; align: right top; }
        & Button { margin: 0 0 0 2; min-width: 12; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "answer(False)", "Cancel", id="confirm.cancel"),
        Binding("n", "answer(False)", "No", show=False, id="confirm.no"),
        Binding("y", "answer(True)", "Yes", id="confirm.yes"),
        Binding("left,right", "app.focus_next", "Other button", show=False),
    ]

    def __init__(self, question: Question, *, arm_s: float = ARM_S) -> None:
        super().__init__()
        self._question = question
        self._arm_s = arm_s
        self._armed = False

    def compose(self) -> ComposeResult:
        """Lay out the question and its answers."""
        by_name = bool(self._question.type_to_confirm)
        box = Vertical(id="confirm-box")
        set_box_title(box, self._question.title)
        with box:
            yield TextBlock(id="confirm-text")
            if by_name:
                field = Input(placeholder="type it here", compact=True, id="confirm-name")
                field.cursor_blink = False
                yield field
            with Horizontal(id="confirm-buttons"):
                label = self._question.yes
                yield Button(
                    label if by_name else f"y {label}", id="confirm-yes", compact=True, disabled=by_name
                )
                yield Button("Cancel" if by_name else "n Cancel", id="confirm-no", compact=True)
        # Those of the screen below do nothing now.
        yield KeyFooter()

    def on_mount(self) -> None:
        """Put the focus where nothing happens by accident, and start the delay."""
        self.query_one("#confirm-text", TextBlock).set_lines(self._text())
        # Not `focus()`, which takes its time: before it the first button, yes, would have the focus.
        self.set_focus(self.query_one("#confirm-name" if self._question.type_to_confirm else "#confirm-no"))
        self.set_timer(self._arm_s, self._arm)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Confirm only when armed, and by key only where no name must be typed."""
        if action == "answer" and parameters == (True,):
            return self._armed and not self._question.type_to_confirm
        return super().check_action(action, parameters)

    def action_answer(self, answer: bool) -> None:  # noqa: FBT001 - Textual's actions take positional arguments
        """Close with `answer`."""
        # Waiting for it inside a handler of the screen itself would never end.
        _ = self.dismiss(answer)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self._close(yes=event.button.id == "confirm-yes")

    @on(Input.Changed)
    def _typed(self) -> None:
        self.query_one("#confirm-yes", Button).disabled = not self._may_confirm()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._may_confirm():
            self._close(yes=True)

    def _close(self, *, yes: bool) -> None:
        if not yes or (self._armed and self._may_confirm()):
            _ = self.dismiss(yes)

    def _may_confirm(self) -> bool:
        wanted = self._question.type_to_confirm
        return not wanted or self.query_one("#confirm-name", Input).value.strip() == wanted.strip()

    def _arm(self) -> None:
        self._armed = True
        self.refresh_bindings()

    def _text(self) -> list[Cell]:
        lines = list(self._question.lines)
        if self._question.type_to_confirm:
            lines.append(
                [("Type ", "muted"), (self._question.type_to_confirm, "strong"), (" to go on.", "muted")]
            )
        return lines
