"""The rows of a table and the cursor on them: where it is, where it goes, what is marked."""

from collections.abc import Sequence
from typing import ClassVar, Final, TypeAlias

from textual.binding import Binding, BindingType
from textual.geometry import Offset, Region, Size
from textual.scroll_view import ScrollView

from chatops_tui.widgets import table_messages
from chatops_tui.widgets.row_order import RowId, RowOrder

HEADER_ROWS: Final = 1


class CursorTable(ScrollView, can_focus=True):
    """Rows by id under one line of titles; whoever draws them derives from it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move_cursor(1)", "Down", show=False, id="list.down"),
        Binding("up,k", "move_cursor(-1)", "Up", show=False, id="list.up"),
        Binding("pagedown", "move_page(1)", "Page down", show=False, id="list.page-down"),
        Binding("pageup", "move_page(-1)", "Page up", show=False, id="list.page-up"),
        Binding("home,g", "move_home", "Top", show=False, id="list.top"),
        Binding("end,G", "move_end", "Bottom", show=False, id="list.bottom"),
        Binding("enter", "select_row", "Open", show=False, id="list.open"),
        Binding("space", "toggle_mark", "Mark", show=False, id="list.mark"),
    ]

    RowHighlighted: TypeAlias = table_messages.RowHighlighted
    RowSelected: TypeAlias = table_messages.RowSelected
    HeaderSelected: TypeAlias = table_messages.HeaderSelected
    MarksChanged: TypeAlias = table_messages.MarksChanged

    def __init__(
        self,
        *,
        opens: bool = True,
        markable: bool = False,
        id: str | None = None,  # noqa: A002 - Textual's name for it
        classes: str | None = None,
    ) -> None:
        """Have no rows yet.

        Args:
            opens: Whether a row can be opened, by Enter or a double click.
            markable: Whether Space marks rows; the mark takes one cell on the left.
            id: For CSS and queries.
            classes: CSS classes.
        """
        super().__init__(id=id, classes=classes)
        self._opens = opens
        self._margin = 1 if markable else 0
        self._rows = RowOrder()
        self._touched = False

    @property
    def cursor_row(self) -> RowId | None:
        """The row the cursor is on; None exactly when the table is empty."""
        return self._rows.cursor

    @property
    def order(self) -> Sequence[RowId]:
        """All rows, from top to bottom."""
        return self._rows.ids

    @property
    def marked(self) -> frozenset[RowId]:
        """The marked rows, visible or not; a row that goes away loses its mark."""
        return self._rows.marked

    def move_to(self, row_id: RowId) -> None:
        """Put the cursor on `row_id` and scroll there; nothing happens when there is no such row."""
        place_of_row = self._rows.index(row_id)
        if place_of_row is not None:
            self._move(place_of_row)

    def clear_marks(self) -> None:
        """Take every mark away; posts nothing."""
        if self._rows.marked:
            self._rows.clear_marks()
            self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Draw the rows that came into view."""
        super().watch_scroll_y(old_value, new_value)
        self._place_hardware_cursor()

    def action_move_cursor(self, rows: int) -> None:
        """Move down by `rows`, or up."""
        self._move(self._rows.cursor_index + rows)

    def action_move_page(self, pages: int) -> None:
        """Move by the height of the table, less one row for orientation."""
        self._move(self._rows.cursor_index + pages * max(1, self._page - 1))

    def action_move_home(self) -> None:
        """Go to the first row."""
        self._move(0)

    def action_move_end(self) -> None:
        """Go to the last row."""
        self._move(len(self._rows) - 1)

    def action_select_row(self) -> None:
        """Say that the user wants what is under the cursor."""
        if self._rows.cursor is not None:
            self.post_message(self.RowSelected(self, self._rows.cursor))

    def action_toggle_mark(self) -> None:
        """Mark or unmark the row under the cursor and go one down."""
        if self._rows.cursor is not None:
            self._rows.toggle_mark(self._rows.cursor)
            self._refresh_row_of(self._rows.cursor)
            self.post_message(self.MarksChanged(self, self._rows.marked))
            self.action_move_cursor(1)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave Space and Enter to the screen where rows cannot be marked or opened."""
        if action == "toggle_mark":
            return bool(self._margin)
        if action == "select_row":
            return self._opens
        return super().check_action(action, parameters)

    def on_focus(self) -> None:
        """Let the terminal's own cursor stand on the row, which is what screen readers follow."""
        self._place_hardware_cursor()

    def _move(self, to: int) -> None:
        self._touched = True
        before = self._rows.cursor
        self._rows.move_to(to)
        self._keep_in_view()
        if self._rows.cursor != before:
            self._refresh_row_of(before)
            self._cursor_moved()

    def _cursor_moved(self) -> None:
        """Draw the cursor where it is now and tell the screen, at most once a move."""
        self._refresh_row_of(self._rows.cursor)
        self._place_hardware_cursor()
        self.post_message(self.RowHighlighted(self, self._rows.cursor))

    def _is_in_view(self, row: int) -> bool:
        return self.scroll_offset.y <= row < self.scroll_offset.y + self._page

    def _keep_in_view(self) -> None:
        """Scroll as little as needed to show the cursor."""
        row, page = self._rows.cursor_index, self._page
        if page and not self._is_in_view(row):
            top = row if row < self.scroll_offset.y else row - page + 1
            self.scroll_to(y=top, animate=False)

    def _place_hardware_cursor(self) -> None:
        if self.has_focus:
            line = self._rows.cursor_index - self.scroll_offset.y + HEADER_ROWS
            self.app.cursor_position = self.region.offset + Offset(
                0, max(0, min(line, self._room.height - 1))
            )

    @property
    def _room(self) -> Size:
        """What there is beside the scroll bar."""
        return self.scrollable_content_region.size

    @property
    def _page(self) -> int:
        """How many rows there is room for."""
        return max(0, self._room.height - HEADER_ROWS)

    def _refresh_row_of(self, row_id: RowId | None) -> None:
        row = None if row_id is None else self._rows.index(row_id)
        if row is not None and self._is_in_view(row):
            self._refresh_rows([row - self.scroll_offset.y])

    def _refresh_rows(self, lines: Sequence[int]) -> None:
        """Draw lines again, counted from the first row in view."""
        width, top = self._room.width, HEADER_ROWS
        if lines:
            self.refresh(*(Region(0, top + line, width, 1) for line in lines))
