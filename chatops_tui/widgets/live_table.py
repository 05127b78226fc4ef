"""A table whose rows change every second: draws only changed lines, and the cursor follows its row."""

from collections.abc import Callable, Collection, Sequence
from collections.abc import Set as AbstractSet
from typing import ClassVar, Final

from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.strip import Strip

from chatops_tui.render.columns import Column, Placed, place
from chatops_tui.render.spans import Cell, Span, faded, fit, lifted
from chatops_tui.render.table import header_line, row_line
from chatops_tui.widgets import palette
from chatops_tui.widgets.cursor_table import HEADER_ROWS, CursorTable
from chatops_tui.widgets.row_order import RowId

CellSource = Callable[[RowId], Sequence[Cell]]
"""Gives the cells of a row, one for each column, whether shown or not. Called for visible rows only."""

_NO_ROWS: Final[frozenset[RowId]] = frozenset()


class LiveTable(CursorTable):
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
        & > .live-table--cursor { background: $primary 8%; }
        &:focus > .live-table--cursor { background: $primary 16%; text-style: bold; }
        &:ansi { scrollbar-color: ansi_bright_black; scrollbar-background: ansi_default; }
        &:ansi > .live-table--cursor { text-style: bold; }
        &:ansi:focus > .live-table--cursor {
            background: ansi_blue; color: ansi_bright_white; text-style: bold;
        }
    }
    """

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
        super().__init__(opens=opens, markable=markable, id=id, classes=classes)
        self._columns = tuple(columns)
        self._placed: Sequence[Placed] = ()
        self._source: CellSource = lambda _row_id: ()
        self._cells: dict[RowId, list[list[Span]]] = {}
        self._dimmed: Collection[RowId] = _NO_ROWS
        self._hidden: frozenset[str] = frozenset()
        self._sort: tuple[str, bool] | None = None
        self._message: Sequence[Cell] = ()

    # What a screen asks and tells.

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
        if order is not self._rows.ids and order != self._rows.ids:
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

    @property
    def columns(self) -> Sequence[Column]:
        """Every column, whether there is room for it or not."""
        return self._columns

    @property
    def hidden(self) -> frozenset[str]:
        """The keys of the columns nobody wants to see."""
        return self._hidden

    def hide(self, keys: Collection[str]) -> None:
        """Leave these columns out; the first one with a title stays, since it says what a row is."""
        first = next((column.key for column in self._columns if column.title), "")
        hidden = frozenset(keys) - {first}
        if hidden != self._hidden:
            self._hidden = hidden
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

    # Drawing.

    def render_line(self, y: int) -> Strip:
        """Return line `y` of what is visible."""
        if y < HEADER_ROWS:
            titles = header_line(self._placed, self._columns, self._sort)
            return palette.draw(self, [(" " * self._margin, "text"), *titles], self._room.width)
        if not self._rows.ids:
            line = y - HEADER_ROWS - 1
            message = self._message[line] if 0 <= line < len(self._message) else ()
            return palette.draw(self, fit((("  ", "text"), *message), self._room.width), self._room.width)
        visible = self._rows.window(y - HEADER_ROWS + self.scroll_offset.y, 1)
        if not visible:
            return palette.draw(self, (), self._room.width)
        return self._draw_row(visible[0])

    def on_resize(self, _event: events.Resize) -> None:
        """Choose the columns that fit."""
        self._place()
        self._keep_in_view()

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
        self.virtual_size = Size(0, len(order) + HEADER_ROWS)
        if was_empty != (not order):
            self.refresh()
        if in_view:
            self._keep_in_view()
        if self._rows.cursor != cursor:
            self._cursor_moved()

    def _visible_ids(self) -> Sequence[RowId]:
        return self._rows.window(self.scroll_offset.y, self._page)

    # The mouse.

    def on_click(self, event: events.Click) -> None:
        """Move to the clicked row, open it on the second click, or choose a column to sort by."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y < HEADER_ROWS:
            self._click_header(offset.x - self._margin)
            return
        clicked = self._rows.window(offset.y - HEADER_ROWS + self.scroll_offset.y, 1)
        if clicked:
            self.move_to(clicked[0])
            if event.chain > 1 and self._opens:
                self.action_select_row()

    def _click_header(self, x: int) -> None:
        for at in self._placed:
            if at.x <= x < at.x + at.width and at.column.sortable:
                self.post_message(self.HeaderSelected(self, at.column.key))

    # What is drawn again.

    def _place(self) -> None:
        # What stands in a cell may depend on its width: ask again.
        self._cells.clear()
        self._placed = place(self._columns, self._room.width - self._margin, self._hidden)
        self.refresh()

    def _refresh_header(self) -> None:
        self.refresh(Region(0, 0, self._room.width, HEADER_ROWS))
