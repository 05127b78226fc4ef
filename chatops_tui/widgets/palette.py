"""The inks as colours of the theme, the same in every widget that draws its own lines.

They are no component classes: Textual would resolve every ink of every widget anew at each change of focus or
class, which was half of the time to a first picture and of every test of a screen.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip
from textual.widget import Widget

from chatops_tui.render.spans import Ink, Span


class _Paint(NamedTuple):
    """How an ink is made."""

    colour: str
    """A variable of the theme; on 16 colours a colour of the terminal or `foreground`."""
    strength: float = 1.0
    """How much of it covers the background."""
    attributes: str = ""
    """Rich's words."""


# Text colours of the theme, which keep their contrast on its background; series take the two colours that no
# level uses.
_PAINTS: Final[Mapping[Ink, _Paint]] = {
    "text": _Paint("foreground"),
    "strong": _Paint("foreground", attributes="bold"),
    "muted": _Paint("foreground", 0.72),
    "rule": _Paint("foreground", 0.28),
    "accent": _Paint("text-accent"),
    "info": _Paint("text-primary"),
    "ok": _Paint("text-success"),
    "warn": _Paint("text-warning"),
    "crit": _Paint("text-error", attributes="bold"),
    "off": _Paint("foreground", 0.68),
    "bar-ok": _Paint("text-success", 0.85),
    "bar-warn": _Paint("text-warning", 0.9),
    "bar-crit": _Paint("text-error"),
    "spark": _Paint("text-primary", 0.65),
    "spark-warn": _Paint("text-warning", 0.65),
    "spark-crit": _Paint("text-error", 0.7),
    "series-1": _Paint("text-primary"),
    "series-2": _Paint("text-secondary"),
    "series-3": _Paint("text-accent"),
    "series-4": _Paint("foreground"),
    "cursor": _Paint("text-accent", attributes="bold"),
}
# On 16 colours blue is unreadable on black, and there is no grey.
_ANSI_PAINTS: Final[Mapping[Ink, _Paint]] = {
    **_PAINTS,
    "muted": _Paint("foreground", attributes="dim"),
    "rule": _Paint("foreground", attributes="dim"),
    "off": _Paint("foreground", attributes="dim"),
    "accent": _Paint("ansi_cyan"),
    "info": _Paint("ansi_cyan"),
    "bar-ok": _Paint("ansi_green"),
    "bar-warn": _Paint("ansi_yellow"),
    "bar-crit": _Paint("ansi_red"),
    "spark": _Paint("ansi_cyan"),
    "spark-warn": _Paint("ansi_yellow"),
    "spark-crit": _Paint("ansi_red"),
    "series-1": _Paint("ansi_cyan"),
    "series-2": _Paint("ansi_magenta"),
    "series-3": _Paint("ansi_bright_blue"),
    "cursor": _Paint("ansi_cyan", attributes="bold"),
}


class _Colours(NamedTuple):
    """What the inks of one line are made of: asked of the app once and not for every span."""

    paints: Mapping[Ink, _Paint]
    variables: Mapping[str, str]
    background: Color

    def style(self, ink: Ink) -> Style:
        paint = self.paints[ink]
        return _painted(self.variables.get(paint.colour, paint.colour), self.background, paint)


def ink_style(widget: Widget, ink: Ink) -> Style:
    """Return the style of `ink` on the background of `widget`, in the theme of now."""
    return _colours(widget).style(ink)


def draw(widget: Widget, spans: Iterable[Span], width: int, over: Style | None = None) -> Strip:
    """Return `spans` as a line of `width` cells of `widget`.

    Args:
        widget: Whose background is used.
        spans: Text that was cleaned, at most `width` cells.
        width: The line is filled up to here.
        over: Laid over every ink: the background of a cursor.
    """
    colours = _colours(widget)
    styles: dict[Ink, Style] = {"text": _over(colours.style("text"), over)}
    segments: list[Segment] = []
    for text, ink in spans:
        if ink not in styles:
            styles[ink] = _over(colours.style(ink), over)
        segments.append(Segment(text, styles[ink]))
    return Strip(segments).adjust_cell_length(width, styles["text"])


def _over(style: Style, over: Style | None) -> Style:
    return style if over is None else style + over


def _colours(widget: Widget) -> _Colours:
    app = widget.app
    paints = _ANSI_PAINTS if app.native_ansi_color else _PAINTS
    return _Colours(paints, app.theme_variables, widget.background_colors[1])


# Some twenty inks on a handful of backgrounds in each theme.
@lru_cache(maxsize=1024)
def _painted(colour: str, background: Color, paint: _Paint) -> Style:
    ink = Color.parse(colour)
    # The terminal's own colours cannot be mixed.
    mixed = ink if ink.ansi is not None else background.blend(ink, paint.strength * ink.a, alpha=1.0)
    return Style.from_color(mixed.rich_color, background.rich_color) + Style.parse(paint.attributes)
