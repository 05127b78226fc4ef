"""A map of many servers at one glance: tiles in lines, and a cursor that goes from one to the next."""

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from chatops_tui.render.spans import Span, fit
from chatops_tui.render.tiles import TILE, MapLine, Tile, map_lines, tile_span
from chatops_tui.widgets import palette


class HeatMap(ScrollView, can_focus=True):
    """Draws only what is in view, and of that only lines that differ from what is on screen."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"heat-map--cursor"}
    DEFAULT_CSS = """
    HeatMap {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        background: $background;
        & > .heat-map--cursor { text-style: reverse bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1, 0)", "Left", show=False, id="map.left"),
        Binding("right", "move(1, 0)", "Right", show=False, id="map.right"),
        Binding("down,j", "move(0, 1)", "Down", show=False, id="map.down"),
        Binding("up,k", "move(0, -1)", "Up", show=False, id="map.up"),
        Binding("home,g", "end(-1)", "First", show=False, id="map.first"),
        Binding("end,G", "end(1)", "Last", show=False, id="map.last"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="map.page-down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="map.page-up"),
        Binding("enter", "open", "Open", id="map.open", key_display="⏎"),
    ]

    class Moved(Message):
        """The cursor stands on another server."""

        def __init__(self, server_id: str) -> None:
            super().__init__()
            self.server_id = server_id

    class Opened(Message):
        """Somebody wants to see the server under the cursor."""

        def __init__(self, server_id: str) -> None:
            super().__init__()
            self.server_id = server_id

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._groups: Sequence[tuple[str, Sequence[Tile]]] = ()
        self._lines: list[MapLine] = []
        self._cursor = ""

    @property
    def cursor(self) -> str:
        """The server under the cursor; empty while there is none."""
        return self._cursor

    def move_to(self, server_id: str) -> None:
        """Put the cursor on a server that is there."""
        if server_id != self._cursor and self._place(server_id) is not None:
            self._set_cursor(server_id)

    def show(self, groups: Sequence[tuple[str, Sequence[Tile]]]) -> None:
        """Draw these servers, group by group; the cursor stays with its server, else goes to the first."""
        self._groups = groups
        self._lay_out()
        if self._place(self._cursor) is None:
            self._set_cursor(self._first())

    def render_line(self, y: int) -> Strip:
        """Return line `y` of what is visible."""
        at = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        if not 0 <= at < len(self._lines):
            return palette.draw(self, (), width)
        line = self._lines[at]
        if line.title:
            return palette.draw(self, fit(((line.title, "strong"),), width), width)
        return self._tiles(line, width)

    def on_resize(self, _event: events.Resize) -> None:
        """Put as many tiles beside each other as there is room for."""
        self._lay_out()
        self._keep_in_view()

    def on_click(self, event: events.Click) -> None:
        """Go to the clicked server, and open it on the second click."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        at, across = offset.y + self.scroll_offset.y, offset.x // TILE
        if 0 <= at < len(self._lines) and across < len(self._lines[at].tiles):
            self._set_cursor(self._lines[at].tiles[across].id)
            if event.chain > 1:
                self.action_open()

    def action_open(self) -> None:
        """Open the server under the cursor."""
        if self._cursor:
            self.post_message(self.Opened(self._cursor))

    def action_move(self, across: int, down: int) -> None:
        """Go to the neighbour; across the end of a line to the next one."""
        place = self._place(self._cursor)
        if place is None:
            return
        if across:
            ids = [tile.id for line in self._lines for tile in line.tiles]
            self._set_cursor(ids[min(len(ids) - 1, max(0, ids.index(self._cursor) + across))])
            return
        line = place.y + down
        while 0 <= line < len(self._lines) and not self._lines[line].tiles:
            line += down
        if 0 <= line < len(self._lines):
            tiles = self._lines[line].tiles
            self._set_cursor(tiles[min(place.x, len(tiles) - 1)].id)

    def action_end(self, which: int) -> None:
        """Go to the first or the last server."""
        if which < 0:
            self._set_cursor(self._first())
        elif self._lines and self._lines[-1].tiles:
            self._set_cursor(self._lines[-1].tiles[-1].id)

    def action_page(self, pages: int) -> None:
        """Go down by what is in view, or up."""
        for _ in range(max(1, self.scrollable_content_region.height - 1)):
            self.action_move(0, pages)

    def _tiles(self, line: MapLine, width: int) -> Strip:
        spans: list[Span] = [tile_span(tile) for tile in line.tiles]
        strip = palette.draw(self, spans, width)
        for at, tile in enumerate(line.tiles):
            if tile.id == self._cursor:
                left, right = at * TILE, (at + 1) * TILE
                cut, marked, rest = strip.divide([left, right, width])
                over = self.get_component_rich_style("heat-map--cursor", partial=True)
                style = over if self.has_focus else Style(bold=True, underline=True)
                return Strip.join([cut, marked.apply_style(style), rest])
        return strip

    def _lay_out(self) -> None:
        before, self._lines = self._lines, map_lines(self._groups, self.scrollable_content_region.width)
        self.virtual_size = Size(0, len(self._lines))
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        for line in range(top, top + height):
            if self._lines[line : line + 1] != before[line : line + 1]:
                self._refresh_line(line)

    def _set_cursor(self, server_id: str) -> None:
        before, self._cursor = self._place(self._cursor), server_id
        place = self._place(server_id)
        for one in (before, place):
            if one is not None:
                self._refresh_line(one.y)
        self._keep_in_view()
        if server_id:
            self.post_message(self.Moved(server_id))

    def _keep_in_view(self) -> None:
        place, height = self._place(self._cursor), self.scrollable_content_region.height
        if place is None or not height or self.scroll_offset.y <= place.y < self.scroll_offset.y + height:
            return
        top = place.y if place.y < self.scroll_offset.y else place.y - height + 1
        self.scroll_to(y=top, animate=False)

    def _place(self, server_id: str) -> Offset | None:
        """Return the tile (across) and line (down) of a server."""
        if not server_id:
            return None
        for down, line in enumerate(self._lines):
            for across, tile in enumerate(line.tiles):
                if tile.id == server_id:
                    return Offset(across, down)
        return None

    def _first(self) -> str:
        return next((line.tiles[0].id for line in self._lines if line.tiles), "")

    def _refresh_line(self, line: int) -> None:
        self.refresh(Region(0, line - self.scroll_offset.y, self.scrollable_content_region.width, 1))
