"""A dialog with a form for anything about alerts: Enter saves, and may show beforehand what that will do."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_tui.requests import RequestFailedError
from chatops_tui.screens.closing import close
from chatops_tui.screens.form import Field, Form
from chatops_tui.store.alert_texts import WrongTextError
from chatops_tui.widgets.box_title import set_box_title
from chatops_tui.widgets.dialog import Dialog
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock

if TYPE_CHECKING:
    from textual.timer import Timer

# Whoever still types has not said yet what is to be looked at.
_LOOK_AFTER_S: Final = 0.4

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FormPlan:
    """What a dialog asks, and what is done with the answers.

    Both functions may raise WrongTextError (a text beginning with a field's label puts the cursor there) and
    RequestFailedError, which stay in the dialog.
    """

    title: str
    fields: Sequence[Field]
    save: Callable[[Values], Awaitable[str]]
    """Returns a sentence that says what has been done."""
    preview: Callable[[Values], Awaitable[Sequence[Cell]]] | None = None
    """Lines about what the values would do; asked for again when somebody has typed."""
    note: Sequence[Cell] = ()
    """Lines that stand above the fields: what it is about."""
    first: str = ""
    """The id of the field one begins in; empty: the first one."""


class AlertForm(Dialog[str | None]):
    """Answers with what has been done, None for nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "Next field", id="alert-form.next"),
        Binding("escape", "cancel", "Cancel", id="alert-form.cancel"),
    ]

    def __init__(self, plan: FormPlan) -> None:
        super().__init__()
        self._plan = plan
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay out the form."""
        with Vertical(classes="dialog wide") as box:
            set_box_title(box, self._plan.title)
            yield TextBlock(id="alert-form-note")
            form = Form(*self._plan.fields)
            form.add_class("-dense")
            yield form
            if self._plan.preview is not None:
                yield TextBlock(id="alert-form-preview")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin with the first field, and look at what they would do."""
        self.query_one("#alert-form-note", TextBlock).set_lines(list(self._plan.note))
        self.set_focus(self.query_one(f"#{self._plan.first or self._plan.fields[0].id}", Input))
        self._look()

    def action_cancel(self) -> None:
        """Leave everything as it is."""
        close(self, None)

    @on(Input.Changed)
    def _typed(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_LOOK_AFTER_S, self._look)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self._save(self.query_one(Form).values())

    @work(exclusive=True, exit_on_error=False, group="save")
    async def _save(self, values: Values) -> None:
        form = self.query_one(Form)
        form.say("Saving…")
        try:
            close(self, await self._plan.save(values))
        except WrongTextError as exc:
            form.say(f"{exc}.", wrong=True)
            self._go_to(str(exc))
        except RequestFailedError as exc:
            form.say(str(exc), wrong=True)

    def _look(self) -> None:
        if self._plan.preview is not None and self.is_attached:
            self._preview(self._plan.preview, self.query_one(Form).values())

    @work(exclusive=True, exit_on_error=False, group="preview")
    async def _preview(self, look: Callable[[Values], Awaitable[Sequence[Cell]]], values: Values) -> None:
        try:
            lines = list(await look(values))
        except WrongTextError as exc:
            lines = [[(clean(f"{exc}."), "muted")]]
        except RequestFailedError as exc:
            lines = [[(clean(str(exc)), "muted")]]
        self.query_one("#alert-form-preview", TextBlock).set_lines(lines)

    def _go_to(self, sentence: str) -> None:
        """Put the cursor into the field the sentence begins with."""
        for field in self._plan.fields:
            if sentence.lower().startswith(f"{field.label.lower()}:"):
                self.query_one(f"#{field.id}", Input).focus()
