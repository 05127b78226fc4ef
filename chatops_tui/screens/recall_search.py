"""ctrl+r: the history, narrowed while one types; what is chosen goes to the line, nothing is run."""

from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from chatops_tui.render.text import clean
from chatops_tui.screens.closing import close
from chatops_tui.store.recall import Recall
from chatops_tui.widgets.box_title import set_box_title
from chatops_tui.widgets.dialog import Dialog
from chatops_tui.widgets.key_footer import KeyFooter

# More than this one narrows rather than scrolls.
_MOST: Final = 100


class _Words(Input):
    """Says in the footer what Enter does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Put on the line", id="recall.put", key_display="⏎"),
    ]


class RecallSearch(Dialog[str | None]):
    """Answers with a command, None for none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "cancel", "Cancel", id="recall.cancel", key_display="esc"),
        Binding("down,ctrl+n", "step(1)", "Older", show=False, id="recall.older"),
        Binding("up,ctrl+p", "step(-1)", "Newer", show=False, id="recall.newer", priority=True),
        Binding("ctrl+r", "step(1)", "Older", show=False, id="recall.again"),
    ]

    def __init__(self, recall: Recall, typed: str) -> None:
        super().__init__()
        self._recall = recall
        self._typed = typed
        self._found: list[str] = []

    def compose(self) -> ComposeResult:
        """Lay out the list above the line."""
        with Vertical(id="recall-box") as box:
            set_box_title(box, "Search the history")
            yield OptionList(markup=False, id="recall-list")
            field = _Words(self._typed, placeholder="words of a command", compact=True, id="recall-words")
            field.cursor_blink = False
            yield field
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin with what was typed."""
        self.query_one("#recall-list").can_focus = False
        self.query_one(Input).focus()
        self._narrow(self._typed)

    def action_cancel(self) -> None:
        """Choose nothing."""
        close(self, None)

    def action_step(self, step: int) -> None:
        """Go to an older command, or a newer one."""
        options = self.query_one(OptionList)
        if self._found:
            at = (options.highlighted or 0) + step
            options.highlighted = min(len(self._found) - 1, max(0, at))

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._narrow(event.value)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        at = self.query_one(OptionList).highlighted
        close(self, self._found[at] if at is not None and at < len(self._found) else None)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        close(self, self._found[event.option_index])

    def _narrow(self, words: str) -> None:
        self._found = self._recall.matching(words)[:_MOST]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(clean(command)) for command in self._found])
        options.highlighted = 0 if self._found else None
