"""The `/` line: narrows a list while one types."""

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from chatops_tui.render.spans import fit
from chatops_tui.widgets.lines import TextBlock

if TYPE_CHECKING:
    from textual.widget import Widget


class FilterBar(Horizontal):
    """Hidden until `open`; live as one types; Enter keeps the filter and leaves, Escape clears it and leaves.

    A kept filter stays visible until it is cleared. Where the focus was before it goes back to.
    """

    DEFAULT_CSS = """
    FilterBar {
        height: 1;
        display: none;
        &.-shown { display: block; }
        & > #filter-mark { width: 3; }
        & > #filter-count { width: 20; }
        & > Input { width: 1fr; height: 1; border: none; padding: 0; background: $background; }
        & > Input:focus { border: none; background: $background; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "Clear filter", id="filter.clear"),
        Binding("down", "keep", "To the list", id="filter.keep"),
    ]

    class Changed(Message):
        """The text is another one; also posted, with an empty text, when the filter was cleared."""

        def __init__(self, bar: "FilterBar", text: str) -> None:
            super().__init__()
            self.bar = bar
            self.text = text

        @property
        def control(self) -> "FilterBar":
            """The bar, for selectors of `@on`."""
            return self.bar

    def __init__(
        self,
        placeholder: str = "",
        *,
        mark: str = "/",
        id: str | None = None,  # noqa: A002 - Textual's name for it
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._placeholder = placeholder
        self._mark = mark
        self._return_to: Widget | None = None

    def compose(self) -> ComposeResult:
        """Lay out mark, input and counts."""
        yield TextBlock(id="filter-mark")
        field = Input(placeholder=self._placeholder, compact=True, select_on_focus=False)
        # A blinking cursor alone costs 2.6 kB/s.
        field.cursor_blink = False
        # Out of the way of Tab and of the screen's first focus until it is opened.
        field.can_focus = False
        yield field
        yield TextBlock(id="filter-count")

    def on_mount(self) -> None:
        """Draw the mark."""
        # Gone already where the screen was left as soon as it was opened.
        for mark in self.query("#filter-mark").results(TextBlock):
            mark.set_lines([[(f" {self._mark} ", "accent")]])

    @property
    def text(self) -> str:
        """The filter as it was typed; empty when there is none."""
        return self.query_one(Input).value

    def open(self) -> None:
        """Show the line and type into it, at the end of what was kept."""
        field = self.query_one(Input)
        if not field.has_focus:
            self._return_to = self.screen.focused
        self.add_class("-shown")
        field.cursor_position = len(field.value)
        field.can_focus = True
        field.focus()

    def put(self, text: str) -> None:
        """Show a filter, as if it had been typed and kept."""
        self.query_one(Input).value = text
        self.set_class(bool(text), "-shown")

    def set_counts(self, shown: int, total: int) -> None:
        """Say how many of how many rows the filter leaves."""
        self.say(f"{shown}/{total}")

    def set_found(self, count: int | None) -> None:
        """Say in how many lines something is found; None: nothing is looked for."""
        self.say("" if count is None else "1 line" if count == 1 else f"{count} lines")

    def say(self, text: str) -> None:
        """Say something of the filter at the end of the line; clean text."""
        self.query_one("#filter-count", TextBlock).set_lines([fit([(f"{text} ", "muted")], 19, "right")])

    def action_keep(self) -> None:
        """Leave the line; the filter stays, and so does the line unless it is empty."""
        self.set_class(bool(self.text), "-shown")
        self._leave()

    def action_clear(self) -> None:
        """Take the filter away and leave."""
        self.query_one(Input).value = ""
        self.remove_class("-shown")
        self._leave()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(self, event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_keep()

    def _leave(self) -> None:
        field = self.query_one(Input)
        target, self._return_to = self._return_to, None
        had_focus, field.can_focus = field.has_focus, False
        if not had_focus:
            return
        usable = target is not None and target.is_attached and target.focusable
        self.screen.set_focus(target if usable else None)
        if not usable:
            self.screen.focus_next()
