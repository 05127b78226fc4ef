"""A form: labelled fields, one line for what is wrong, keyboard only."""

import textwrap
from typing import ClassVar, Literal

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Input, Label

from chatops_tui.render.text import clean
from chatops_tui.widgets.lines import TextBlock


class Field(msgspec.Struct, frozen=True):
    """One line to type into."""

    id: str
    label: str
    value: str = ""
    placeholder: str = ""
    secret: bool = False
    enter: Literal["ok", "next", "next-empty"] = "ok"
    """What Enter does: done, to the next field, or to the next empty field and without one done."""


class Entry(Input):
    """A field that says in the footer what Enter does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "OK", id="form.enter", key_display="⏎"),
        Binding("enter", "go_on", "Next", id="form.enter-next", key_display="⏎"),
    ]

    def __init__(self, field: Field) -> None:
        super().__init__(
            field.value, placeholder=field.placeholder, password=field.secret, id=field.id, compact=True
        )
        # A blinking cursor alone costs 2.6 kB/s.
        self.cursor_blink = False
        self._enter = field.enter

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Call what Enter does by its name."""
        if action in {"submit", "go_on"}:
            return self._goes_on is (action == "go_on")
        return super().check_action(action, parameters)

    async def action_go_on(self) -> None:
        """Do what Enter does; whoever has the form knows where it leads."""
        await self.action_submit()

    @property
    def _goes_on(self) -> bool:
        if self._enter == "next-empty" and self.is_attached:
            return self.query_ancestor(Form).next_empty(self) is not None
        return self._enter == "next"


class Form(Vertical):
    """Fields below each other. Enter goes to the next empty field, and from the last one submits."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", "Next field", show=False, id="form.next"),
        Binding("up", "app.focus_previous", "Previous field", show=False, id="form.previous"),
    ]

    def __init__(self, *fields: Field) -> None:
        super().__init__()
        self._fields = fields
        self._before = {field.id: field.value for field in fields}

    def compose(self) -> ComposeResult:
        """Lay out the fields and the line for what is wrong."""
        for field in self._fields:
            yield _row(field)
        yield TextBlock(classes="form-message")

    async def add(self, field: Field) -> None:
        """Ask for one thing more, below the others; what is asked for already is left alone."""
        if self.has(field.id):
            return
        self._fields = (*self._fields, field)
        self._before[field.id] = field.value
        await self.mount(_row(field), before=self.query_one(".form-message"))

    def has(self, field_id: str) -> bool:
        """Say whether this is asked for."""
        return any(field.id == field_id for field in self._fields)

    def values(self) -> dict[str, str]:
        """Return what stands in the fields, by id."""
        return {field.id: self.query_one(f"#{field.id}", Input).value for field in self._fields}

    def next_empty(self, after: Widget) -> Input | None:
        """Return the first empty field below `after`."""
        boxes = list(self.query(Input))
        later = boxes[boxes.index(after) + 1 :] if isinstance(after, Input) and after in boxes else boxes
        return next((box for box in later if not box.value), None)

    def focus_first_empty(self) -> None:
        """Begin where something is missing."""
        boxes = list(self.query(Input))
        # At once: what is typed meanwhile belongs here.
        self.screen.set_focus(next((box for box in boxes if not box.value), boxes[-1]))

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Show a sentence below the fields; remote text is fine."""
        self.query_one(".form-message", TextBlock).set_lines(
            [
                [("✖ " if wrong and first else "  ", "crit"), (line, "crit" if wrong else "muted")]
                for first, line in _wrapped(clean(text), self.content_size.width - 2)
            ]
        )

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        # The first value of a field is told as a change too, and what went wrong is said after that.
        if event.input.has_focus and event.value != self._before.get(event.input.id or ""):
            self.say("")
            self.screen.refresh_bindings()
        self._before[event.input.id or ""] = event.value


def _row(field: Field) -> Horizontal:
    box = Entry(field)
    return Horizontal(Label(field.label, markup=False), box, classes="field")


def _wrapped(text: str, columns: int) -> list[tuple[bool, str]]:
    """Return the lines of `text`, and whether each is the first; at least 20 cells wide."""
    return [(not at, line) for at, line in enumerate(textwrap.wrap(text, max(20, columns)))]
