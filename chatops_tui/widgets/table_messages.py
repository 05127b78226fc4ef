"""What a table tells its screen; handlers are named `on_live_table_…`, or `@on(RowSelected)`."""

from typing import TYPE_CHECKING

from textual.message import Message

from chatops_tui.widgets.row_order import RowId

if TYPE_CHECKING:
    from chatops_tui.widgets.cursor_table import CursorTable


class TableMessage(Message):
    """Something happened in a table."""

    def __init__(self, table: "CursorTable") -> None:
        super().__init__()
        self.table = table

    @property
    def control(self) -> "CursorTable":
        """The table, for selectors of `@on`."""
        return self.table


class RowHighlighted(TableMessage, namespace="live_table"):
    """The cursor stands on another row; `row_id` is None when no row is left."""

    def __init__(self, table: "CursorTable", row_id: RowId | None) -> None:
        super().__init__(table)
        self.row_id = row_id


class RowSelected(TableMessage, namespace="live_table"):
    """Enter, or a double click, on a row."""

    def __init__(self, table: "CursorTable", row_id: RowId) -> None:
        super().__init__(table)
        self.row_id = row_id


class HeaderSelected(TableMessage, namespace="live_table"):
    """A click on the title of a sortable column."""

    def __init__(self, table: "CursorTable", key: str) -> None:
        super().__init__(table)
        self.key = key


class MarksChanged(TableMessage, namespace="live_table"):
    """The user marked or unmarked a row."""

    def __init__(self, table: "CursorTable", marked: frozenset[RowId]) -> None:
        super().__init__(table)
        self.marked = marked
