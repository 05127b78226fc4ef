"""Which columns of a table one wants to see."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from chatops_tui.render.columns import Column
from chatops_tui.screens.closing import close
from chatops_tui.widgets.box_title import set_box_title
from chatops_tui.widgets.dialog import Dialog


class ColumnChoice(Dialog[frozenset[str] | None]):
    """Answers with the keys of the columns that are not wanted; None: as before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "done", "Done", id="columns.done"),
        Binding("space", "switch", "Show or hide", show=False, id="columns.switch"),
        Binding("j", "down", "Down", show=False, id="columns.down"),
        Binding("k", "up", "Up", show=False, id="columns.up"),
    ]

    def __init__(self, columns: Sequence[Column], hidden: frozenset[str]) -> None:
        """Offer every column with a title but the first, which says what a row is."""
        super().__init__()
        self._columns = [column for column in columns if column.title][1:]
        self._hidden = set(hidden)

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        options = OptionList(*(Option(self._title(one), id=one.key) for one in self._columns), markup=False)
        set_box_title(options, "Columns: enter shows or hides")
        yield options

    def on_mount(self) -> None:
        """Stand on the first."""
        self.query_one(OptionList).highlighted = 0

    def action_done(self) -> None:
        """Take what was chosen."""
        close(self, frozenset(self._hidden))

    def action_switch(self) -> None:
        """Show or hide the column under the cursor."""
        self.query_one(OptionList).action_select()

    def action_down(self) -> None:
        """Go down."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """Go up."""
        self.query_one(OptionList).action_cursor_up()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        column = self._columns[event.option_index]
        self._hidden ^= {column.key}
        event.option_list.replace_option_prompt_at_index(event.option_index, self._title(column))

    def _title(self, column: Column) -> str:
        return f"{'○' if column.key in self._hidden else '●'} {column.title}"
