"""Lines that come faster than one reads: follows the newest, scrolls back, searches."""

import re
from collections.abc import Sequence
from typing import ClassVar, Final, Protocol

from msgspec.structs import replace
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from chatops_tui.render.sgr import Style
from chatops_tui.render.spans import Ink
from chatops_tui.widgets.output_paint import Piece, draw_line, draw_row
from chatops_tui.widgets.palette import ink_style
from chatops_tui.widgets.row_map import RowMap, one_each, wrapped

# A quarter of a usual terminal: what was at the edge stays in sight.
_SIDE_STEP: Final = 20


class LineSource(Protocol):
    """Whoever has the lines; index 0 is the oldest kept."""

    @property
    def dropped(self) -> int:
        """How many lines have left at the beginning, ever."""
        ...

    def __len__(self) -> int:
        """How many there are."""
        ...

    def pieces(self, index: int) -> Sequence[Piece]:
        """Return one line, ready to be drawn."""
        ...


class Said:
    """A few lines that stand there in place of others."""

    dropped = 0

    def __init__(self, lines: Sequence[Sequence[Piece]] = ()) -> None:
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    def pieces(self, index: int) -> Sequence[Piece]:
        """Return one line."""
        return self._lines[index]


class ScrollBack(ScrollView, can_focus=True):
    """Follows the end until somebody scrolls up; `f` or the last line follows again.

    Call `sync` when the source has changed. Lines that leave at the beginning move nothing that is looked at.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    ScrollBack {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        background: $background;
        &:ansi { scrollbar-color: ansi_bright_black; scrollbar-background: ansi_default; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False, id="lines.down"),
        Binding("up,k", "move(-1)", "Up", show=False, id="lines.up"),
        Binding("pagedown", "move_page(1)", "Page down", show=False, id="lines.page-down"),
        Binding("pageup", "move_page(-1)", "Page up", show=False, id="lines.page-up"),
        Binding("home,g", "top", "Top", show=False, id="lines.top"),
        Binding("end,G", "follow", "Newest", show=False, id="lines.newest"),
        Binding("f", "toggle_follow", "Follow", id="lines.follow"),
        Binding("w", "wrap", "Wrap", id="lines.wrap"),
        Binding("right", "sideways(1)", "Further right", show=False, id="lines.right"),
        Binding("left", "sideways(-1)", "Further left", show=False, id="lines.left"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._source: LineSource = Said()
        self._dropped = 0
        self._left = 0
        self._wanted: re.Pattern[str] | None = None
        self._map = RowMap(0)
        self._wraps = False
        self.is_following = True

    def __len__(self) -> int:
        return len(self._source)

    def sync(self, source: LineSource) -> None:
        """Show these lines: the newest, or as before where somebody has scrolled up."""
        top = self._top - max(0, source.dropped - self._dropped)
        self._source, self._dropped = source, source.dropped
        self._lay_out(top)
        # Textual moves the bar only where it is shown already, and it comes with the first line too many.
        self.call_after_refresh(self._place_bar)

    def _lay_out(self, top: int) -> None:
        """Find each line its rows, and show the newest, or else `top` as the first line."""
        was_at = self._map.row_of(self._top)
        self._map = self._mapped()
        self.virtual_size = Size(0, self._map.rows)
        row = self._map.row_of(max(0, top))
        if self.is_following:
            self._to_end()
        elif row != was_at:
            self.scroll_to(y=row, animate=False, force=True)
        self.refresh()

    def _mapped(self) -> RowMap:
        width = self.scrollable_content_region.width
        return wrapped(self._source, width) if self._wraps and width > 0 else one_each(self._source)

    @property
    def _top(self) -> int:
        """The line at the top."""
        return self._map.line_at(self.scroll_offset.y)[0]

    def search(self, text: str) -> int:
        """Mark `text` in the lines, capitals or not; return in how many lines it stands."""
        return self.highlight(sought(text) if text else None)

    def highlight(self, wanted: re.Pattern[str] | None) -> int:
        """Mark what matches in the lines, None: nothing; return in how many lines something does."""
        self._wanted = wanted
        self.refresh()
        return len(self._matches())

    def find(self, step: int) -> bool:
        """Go to the next line down (1) or up (-1) that has what is searched for; False without one."""
        matches = self._matches()
        if not matches:
            return False
        here = self._map.line_at(self.scroll_offset.y + self._page // 2)[0]
        beyond = [at for at in matches if (at > here if step > 0 else at < here)]
        ahead = beyond or matches
        self._show(ahead[0] if step > 0 else ahead[-1])
        return True

    def scroll_to_line(self, index: int) -> None:
        """Put a line at the top, as far as there are lines below it."""
        self._scroll_to_row(self._map.row_of(index))

    def _scroll_to_row(self, row: int) -> None:
        self.is_following = False
        self.scroll_to(y=row, animate=False, force=True)
        self._look_whether_at_end()

    def action_move(self, rows: int) -> None:
        """Scroll by `rows`."""
        self._scroll_to_row(max(0, self.scroll_offset.y + rows))

    def action_move_page(self, pages: int) -> None:
        """Scroll by the height, less one line for orientation."""
        self.action_move(pages * max(1, self._page - 1))

    def action_top(self) -> None:
        """Go to the oldest line."""
        self.scroll_to_line(0)

    def action_follow(self) -> None:
        """Go to the newest line, and follow."""
        self.is_following = True
        self._to_end()

    def action_toggle_follow(self) -> None:
        """Follow the newest line, or stand still."""
        if self.is_following:
            self.is_following = False
        else:
            self.action_follow()
        self.refresh()

    def action_wrap(self) -> None:
        """Let long lines go on in the rows below, or cut them at the edge."""
        top = self._top
        self._wraps = not self._wraps
        self._left = 0
        self._lay_out(top)
        if not self.is_following:
            # One may have been further down in the line.
            self.scroll_to_line(top)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Move sideways only where lines are cut."""
        return not self._wraps if action == "sideways" else super().check_action(action, parameters)

    def action_sideways(self, steps: int) -> None:
        """Show what lies further right, or left again."""
        self._left = max(0, self._left + steps * _SIDE_STEP)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return line `y` of what is visible."""
        width = self.scrollable_content_region.width
        index, row = self._map.line_at(self.scroll_offset.y + y)
        if width <= 0 or not 0 <= index < len(self._source):
            return Strip.blank(max(0, width), ink_style(self, "text"))
        pieces = self._source.pieces(index)
        if self._wanted is not None:
            pieces = marked(pieces, self._wanted)
        if self._wraps:
            return draw_row(self, pieces, row, width)
        return draw_line(self, pieces, self._left, width)

    def on_resize(self, _event: events.Resize) -> None:
        """Stay at the end, or at the line one reads; rows are as wide as there is room."""
        self._lay_out(self._top)

    def on_mouse_scroll_up(self, _event: events.MouseScrollUp) -> None:
        """Stand still where somebody scrolls to."""
        self.is_following = False

    def on_mouse_scroll_down(self, _event: events.MouseScrollDown) -> None:
        """Follow again from the end on."""
        self.call_after_refresh(self._look_whether_at_end)

    @property
    def _page(self) -> int:
        return max(0, self.scrollable_content_region.height)

    def _to_end(self) -> None:
        self.scroll_to(y=max(0, self._map.rows - self._page), animate=False, force=True)

    def _place_bar(self) -> None:
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = self.scroll_y

    def _look_whether_at_end(self) -> None:
        self.is_following = self.scroll_offset.y + self._page >= self._map.rows

    def _matches(self) -> list[int]:
        source, wanted = self._source, self._wanted
        if wanted is None:
            return []
        return [at for at in range(len(source)) if wanted.search(_text(source.pieces(at)))]

    def _show(self, index: int) -> None:
        self._scroll_to_row(max(0, self._map.row_of(index) - self._page // 2))


def sought(text: str) -> re.Pattern[str]:
    """Return what finds `text`, capitals or not."""
    return re.compile(re.escape(text), re.IGNORECASE)


def marked(pieces: Sequence[Piece], wanted: re.Pattern[str]) -> list[Piece]:
    """Return the pieces with everything that matches in reverse."""
    found = [match.span() for match in wanted.finditer(_text(pieces)) if match[0]]
    result: list[Piece] = []
    start = 0
    for text, look in pieces:
        end = start + len(text)
        place = start
        for left, right in found:
            if left < end and right > place:
                result.append((text[place - start : max(place, left) - start], look))
                result.append((text[max(place, left) - start : min(end, right) - start], _reversed(look)))
                place = min(end, right)
        result.append((text[place - start :], look))
        start = end
    return [piece for piece in result if piece[0]]


def _reversed(look: Ink | Style) -> Style:
    return replace(look, reverse=not look.reverse) if isinstance(look, Style) else Style(reverse=True)


def _text(pieces: Sequence[Piece]) -> str:
    return "".join(text for text, _look in pieces)
