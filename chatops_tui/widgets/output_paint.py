"""Lines of a program's output as strips: its own colours where it chose some, our inks elsewhere."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, TypeAlias

from rich.color import Color
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.strip import Strip
from textual.widget import Widget

from chatops_tui.render.sgr import Colour, Style
from chatops_tui.render.spans import Ink
from chatops_tui.widgets.palette import ink_style

Piece: TypeAlias = tuple[str, Ink | Style]
"""Text without control characters, and how it looks."""

# Where a line goes on beyond the right edge.
_MORE: Final = "›"  # noqa: RUF001 - the same arrow as in the breadcrumb


def draw_line(widget: Widget, pieces: Sequence[Piece], left: int, width: int) -> Strip:
    """Return cells `left` to `left + width` of a line; the last one says where there is more of it."""
    strip = _strip(widget, pieces)
    plain = ink_style(widget, "text")
    if strip.cell_length - left <= width:
        return strip.crop(left, left + width).adjust_cell_length(width, plain)
    more = Strip([Segment(_MORE, ink_style(widget, "muted"))])
    return Strip.join([strip.crop(left, left + width - 1).adjust_cell_length(width - 1, plain), more])


def draw_row(widget: Widget, pieces: Sequence[Piece], row: int, width: int) -> Strip:
    """Return the row of this number, from 0, of a line that goes on from row to row."""
    strip = _strip(widget, pieces).crop(row * width, (row + 1) * width)
    return strip.adjust_cell_length(width, ink_style(widget, "text"))


def _strip(widget: Widget, pieces: Sequence[Piece]) -> Strip:
    return Strip([Segment(text, style_of(widget, look)) for text, look in pieces])


def style_of(widget: Widget, look: Ink | Style) -> RichStyle:
    """Return an ink or a program's style on the background of `widget`."""
    if isinstance(look, Style):
        return ink_style(widget, "text") + _rich(look)
    return ink_style(widget, look)


# A program uses a handful of styles; one that uses thousands costs time, not memory.
@lru_cache(maxsize=1024)
def _rich(style: Style) -> RichStyle:
    return RichStyle(
        color=_colour(style.fg),
        bgcolor=_colour(style.bg),
        bold=style.bold or None,
        dim=style.dim or None,
        italic=style.italic or None,
        underline=style.underline or None,
        reverse=style.reverse or None,
        strike=style.strike or None,
    )


def _colour(colour: Colour | None) -> Color | None:
    if colour is None:
        return None
    return Color.from_rgb(*colour) if isinstance(colour, tuple) else Color.from_ansi(colour)
