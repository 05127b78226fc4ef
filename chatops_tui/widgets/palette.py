"""The inks as colours of the theme, the same in every widget that draws its own lines."""

from collections.abc import Iterable
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from chatops_tui.render.spans import INKS, Ink, Span

COMPONENTS: Final = {f"ink--{ink}" for ink in INKS}
"""For `COMPONENT_CLASSES` of a widget that uses `css`."""

# Text colours of the theme, which keep their contrast on its background; series take the two colours that no
# level uses. On 16 colours blue is unreadable on black and there is no grey, hence the second half.
_CSS: Final = """
    & > .ink--text { color: $foreground; }
    & > .ink--strong { color: $foreground; text-style: bold; }
    & > .ink--muted { color: $foreground 60%; }
    & > .ink--rule { color: $foreground 28%; }
    & > .ink--accent { color: $text-accent; }
    & > .ink--info { color: $text-primary; }
    & > .ink--ok { color: $text-success; }
    & > .ink--warn { color: $text-warning; }
    & > .ink--crit { color: $text-error; text-style: bold; }
    & > .ink--off { color: $foreground 45%; }
    & > .ink--bar-ok { color: $text-success 60%; }
    & > .ink--bar-warn { color: $text-warning 70%; }
    & > .ink--bar-crit { color: $text-error 75%; }
    & > .ink--spark { color: $text-primary 65%; }
    & > .ink--series-1 { color: $text-primary; }
    & > .ink--series-2 { color: $text-secondary; }
    &:ansi {
        & > .ink--spark { color: ansi_cyan; }
        & > .ink--bar-ok { color: ansi_green; }
        & > .ink--bar-warn { color: ansi_yellow; }
        & > .ink--bar-crit { color: ansi_red; }
        & > .ink--muted { color: $foreground; text-style: dim; }
        & > .ink--rule { color: $foreground; text-style: dim; }
        & > .ink--off { color: $foreground; text-style: dim; }
        & > .ink--accent { color: ansi_cyan; }
        & > .ink--info { color: ansi_cyan; }
        & > .ink--series-1 { color: ansi_cyan; }
        & > .ink--series-2 { color: ansi_magenta; }
    }
"""


def css(widget: str) -> str:
    """Return the rules that give every ink its colour inside widgets of the class named `widget`."""
    return f"{widget} {{{_CSS}}}\n"


def ink_style(widget: Widget, ink: Ink) -> Style:
    """Return the style of `ink` on the background of `widget`; cached by Textual until the theme changes."""
    return widget.get_component_rich_style(f"ink--{ink}")


def draw(widget: Widget, spans: Iterable[Span], width: int, over: Style | None = None) -> Strip:
    """Return `spans` as a line of `width` cells of `widget`.

    Args:
        widget: Whose inks are used.
        spans: Text that was cleaned, at most `width` cells.
        width: The line is filled up to here.
        over: Laid over every ink: the background of a cursor.
    """
    segments = [Segment(text, _style(widget, ink, over)) for text, ink in spans]
    return Strip(segments).adjust_cell_length(width, _style(widget, "text", over))


def _style(widget: Widget, ink: Ink, over: Style | None) -> Style:
    style = ink_style(widget, ink)
    return style if over is None else style + over
