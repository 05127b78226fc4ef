"""Widgets that are a few lines of text in inks, redrawn only where they changed."""

from collections.abc import Sequence

from textual import events
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from chatops_tui.render.spans import Cell, Span, fit
from chatops_tui.widgets import palette


class Lines(Widget):
    """A widget that draws its own lines; a subclass says what stands in them.

    Call `sync` after anything `compose_lines` reads has changed.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = "Lines { height: 1; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._drawn: list[list[Span]] = []

    def compose_lines(self, width: int, height: int) -> Sequence[Cell]:
        """Return at most `height` lines; each is cut or filled to `width` cells. Never called with a zero."""
        raise NotImplementedError

    def sync(self) -> None:
        """Draw again what changed; nothing when the widget has no room yet."""
        width, height = self.content_size
        if not width or not height:
            return
        lines = [fit(line, width) for line in self.compose_lines(width, height)[:height]]
        before, self._drawn = self._drawn, lines
        if len(before) != len(lines):
            self.refresh()
            return
        dirty = [
            Region(0, y, self.size.width, 1)
            for y, (old, new) in enumerate(zip(before, lines, strict=True), self.gutter.top)
            if old != new
        ]
        if dirty:
            self.refresh(*dirty)

    def render_line(self, y: int) -> Strip:
        """Return line `y` of the content."""
        spans: Sequence[Span] = self._drawn[y] if y < len(self._drawn) else ()
        return palette.draw(self, spans, self.content_size.width)

    def on_resize(self, _event: events.Resize) -> None:
        """Fit the lines to the new size."""
        self.sync()


class TextBlock(Lines):
    """Lines that somebody else composed: facts, lists, messages. Grows with them unless it has a height."""

    DEFAULT_CSS = "TextBlock { height: auto; }"

    _content: Sequence[Cell] = ()

    def set_lines(self, lines: Sequence[Cell]) -> None:
        """Show `lines`, whose text must be clean (`render.text.clean`).

        They are kept: hand over a new list each time.
        """
        resized = len(lines) != len(self._content)
        self._content = lines
        if resized and self.styles.is_auto_height:
            self.refresh(layout=True)
        self.sync()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's
        """Return as many rows as there are lines."""
        return len(self._content)

    def compose_lines(self, _width: int, _height: int) -> Sequence[Cell]:
        """Return the lines as they were given."""
        return self._content
