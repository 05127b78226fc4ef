"""A table whose rows change every second: draws only changed lines, and the cursor follows its row."""

from collections.abc import Callable, Collection, Sequence
from collections.abc import Set as AbstractSet
from typing import ClassVar, Final, TypeAlias

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset, Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from chatops_tui.render.columns import Column, Placed, place
from chatops_tui.render.spans import Cell, Span, faded, fit, lifted
from chatops_tui.render.table import header_line, row_line
from chatops_tui.widgets import palette, table_messages
from chatops_tui.widgets.row_order import RowId, RowOrder

CellSource = Callable[[RowId], Sequence[Cell]]
"""Gives the cells of a row, one for each column, whether shown or not. Called for visible rows only."""

_HEADER_ROWS: Final = 1
_NO_ROWS: Final[frozenset[RowId]] = frozenset()


class LiveTable(ScrollView, can_focus=True):
    """Rows by id, drawn by the line.

    `sync` takes the order of all rows and a callback for the cells of one, which is asked for the rows on
    screen only, so five thousand rows cost as much as fifty. The cursor stays with its row when the order
    changes and moves to the nearest row when that row goes away; as long as nobody touched or focused the
    table it stays at the top.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"live-table--cursor"}
    DEFAULT_CSS = """
    LiveTable {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        background: $background;
        & > .live-table--cursor { background: $primary 22%; }
        &:focus > .live-table--cursor { background: $primary 45%; text-style: bold; }
        &:ansi { scrollbar-color: ansi_bright_black; scrollbar-background: ansi_default; }
        &:ansi > .live-table--cursor { text-style: bold; }
        &:ansi:focus > .live-table--cursor {
            background: ansi_blue; color: ansi_bright_white; text-style: bold;
        }
    }
    """
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
        columns: Sequence[Column],
        *,
        opens: bool = True,
        markable: bool = False,
        id: str | None = None,  # noqa: A002 - Textual's name for it
        classes: str | None = None,
    ) -> None:
        """Make an empty table.

        Args:
            columns: From left to right; the largest priority goes first when it gets narrow.
            opens: Whether a row can be opened, by Enter or a double click.
            markable: Whether Space marks rows; the mark takes one cell on the left.
            id: For CSS and queries.
            classes: CSS classes.
        """
        super().__init__(id=id, classes=classes)
        self._columns = tuple(columns)
        self._placed: Sequence[Placed] = ()
        self._opens = opens
        self._margin = 1 if markable else 0
        self._rows = RowOrder()
        self._source: CellSource = lambda _row_id: ()
        self._cells: dict[RowId, list[list[Span]]] = {}
        self._dimmed: Collection[RowId] = _NO_ROWS
        self._touched = False
        self._sort: tuple[str, bool] | None = None
        self._message: Sequence[Cell] = ()

    # What a screen asks and tells.

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

    @property
    def shown_columns(self) -> list[str]:
        """The keys of the columns there is room for."""
        return [placed.column.key for placed in self._placed]

    @property
    def widths(self) -> dict[str, int]:
        """How wide each shown column is at the moment, by its key."""
        return {placed.column.key: placed.width for placed in self._placed}

    def sync(
        self,
        order: Sequence[RowId],
        cell_source: CellSource,
        changed: AbstractSet[RowId] | None = None,
        *,
        dimmed: Collection[RowId] = _NO_ROWS,
    ) -> None:
        """Show these rows, and draw the lines that differ from what is on screen.

        Args:
            order: Unique ids from top to bottom; kept, so hand over a sequence that does not change later.
            cell_source: Kept, and asked again when rows scroll into view.
            changed: Rows whose cells may be others than last time; None asks for all visible ones.
            dimmed: Rows drawn without colour: offline, stopped, stale.
        """
        before = self._visible_ids()
        stale_dim = self._dimmed
        self._source, self._dimmed = cell_source, dimmed
        if order != self._rows.ids:
            self._replace_order(order)
        visible = self._visible_ids()
        previous, self._cells = self._cells, {}
        dirty = [
            line
            for line, row_id in enumerate(visible)
            if self._update(row_id, previous, changed)
            or line >= len(before)
            or before[line] != row_id
            or (row_id in stale_dim) != (row_id in dimmed)
        ]
        dirty.extend(range(len(visible), len(before)))
        self._refresh_rows(dirty)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Take other columns; the next `sync` must give cells for these."""
        self._columns = tuple(columns)
        self._place()

    def set_sort(self, key: str | None, *, reverse: bool = False) -> None:
        """Show an arrow at the title of column `key`: ▼ for descending (`reverse`), ▲ for ascending."""
        sort = None if key is None else (key, reverse)
        if sort != self._sort:
            self._sort = sort
            self._refresh_header()

    def set_empty_message(self, lines: Sequence[Cell]) -> None:
        """Say `lines` where rows would be when there are none."""
        if lines != self._message:
            self._message = lines
            if not self._rows.ids:
                self.refresh()

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

    # Drawing.

    def render_line(self, y: int) -> Strip:
        """Return line `y` of what is visible."""
        if y < _HEADER_ROWS:
            titles = header_line(self._placed, self._columns, self._sort)
            return palette.draw(self, [(" " * self._margin, "text"), *titles], self._room.width)
        if not self._rows.ids:
            line = y - _HEADER_ROWS - 1
            message = self._message[line] if 0 <= line < len(self._message) else ()
            return palette.draw(self, fit((("  ", "text"), *message), self._room.width), self._room.width)
        visible = self._rows.window(y - _HEADER_ROWS + self.scroll_offset.y, 1)
        if not visible:
            return palette.draw(self, (), self._room.width)
        return self._draw_row(visible[0])

    def on_resize(self, _event: events.Resize) -> None:
        """Choose the columns that fit."""
        self._place()
        self._keep_in_view()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Draw the rows that came into view."""
        super().watch_scroll_y(old_value, new_value)
        self._place_hardware_cursor()

    def _draw_row(self, row_id: RowId) -> Strip:
        cells = self._cells.get(row_id)
        if cells is None:
            cells = self._cells[row_id] = self._ask(row_id)
        spans = row_line(self._placed, cells)
        if row_id in self._dimmed:
            spans = faded(spans)
        if self._margin:
            spans.insert(0, ("▌", "accent") if row_id in self._rows.marked else (" ", "text"))
        over = self._cursor_style() if row_id == self._rows.cursor else None
        if over is not None:
            spans = lifted(spans)
        return palette.draw(self, spans, self._room.width, over)

    def _cursor_style(self) -> Style:
        """Return what is laid over the row of the cursor.

        Only on 16 colours it has a colour of its own: there an ink can be invisible on its background.
        """
        style = self.get_component_rich_style("live-table--cursor")
        if self.get_component_styles("live-table--cursor").has_rule("color"):
            return style
        return Style(bgcolor=style.bgcolor, bold=style.bold)

    # Rows.

    def _ask(self, row_id: RowId) -> list[list[Span]]:
        return [list(cell) for cell in self._source(row_id)]

    def _update(
        self, row_id: RowId, previous: dict[RowId, list[list[Span]]], changed: AbstractSet[RowId] | None
    ) -> bool:
        """Take the cells of a visible row; return whether they are others than before."""
        known = previous.get(row_id)
        if known is not None and changed is not None and row_id not in changed:
            self._cells[row_id] = known
            return False
        cells = self._cells[row_id] = self._ask(row_id)
        return cells != known

    def _replace_order(self, order: Sequence[RowId]) -> None:
        cursor = self._rows.cursor
        was_empty = not self._rows.ids
        in_view = self._is_in_view(self._rows.cursor_index)
        self._rows.replace(order, follow=self._touched or self.has_focus)
        self.virtual_size = Size(0, len(order) + _HEADER_ROWS)
        if was_empty != (not order):
            self.refresh()
        if in_view:
            self._keep_in_view()
        if self._rows.cursor != cursor:
            self._cursor_moved()

    def _visible_ids(self) -> Sequence[RowId]:
        return self._rows.window(self.scroll_offset.y, self._page)

    @property
    def _room(self) -> Size:
        """What there is beside the scroll bar."""
        return self.scrollable_content_region.size

    @property
    def _page(self) -> int:
        """How many rows there is room for."""
        return max(0, self._room.height - _HEADER_ROWS)

    # The cursor.

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

    def on_click(self, event: events.Click) -> None:
        """Move to the clicked row, open it on the second click, or choose a column to sort by."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y < _HEADER_ROWS:
            self._click_header(offset.x - self._margin)
            return
        clicked = self._rows.window(offset.y - _HEADER_ROWS + self.scroll_offset.y, 1)
        if clicked:
            self.move_to(clicked[0])
            if event.chain > 1 and self._opens:
                self.action_select_row()

    def on_focus(self) -> None:
        """Let the terminal's own cursor stand on the row, which is what screen readers follow."""
        self._place_hardware_cursor()

    def _click_header(self, x: int) -> None:
        for at in self._placed:
            if at.x <= x < at.x + at.width and at.column.sortable:
                self.post_message(self.HeaderSelected(self, at.column.key))

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
            line = self._rows.cursor_index - self.scroll_offset.y + _HEADER_ROWS
            self.app.cursor_position = self.region.offset + Offset(
                0, max(0, min(line, self._room.height - 1))
            )

    # What is drawn again.

    def _place(self) -> None:
        # What stands in a cell may depend on its width: ask again.
        self._cells.clear()
        self._placed = place(self._columns, self._room.width - self._margin)
        self.refresh()

    def _refresh_header(self) -> None:
        self.refresh(Region(0, 0, self._room.width, _HEADER_ROWS))

    def _refresh_row_of(self, row_id: RowId | None) -> None:
        row = None if row_id is None else self._rows.index(row_id)
        if row is not None and self._is_in_view(row):
            self._refresh_rows([row - self.scroll_offset.y])

    def _refresh_rows(self, lines: Sequence[int]) -> None:
        """Draw lines again, counted from the first row in view."""
        width, top = self._room.width, _HEADER_ROWS
        if lines:
            self.refresh(*(Region(0, top + line, width, 1) for line in lines))
