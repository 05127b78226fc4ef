"""Glyphs for terminals whose font has none of ours: the last step before a line goes out."""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from chatops_tui.render.charset import Charset, substitute


class GlyphFilter(LineFilter):
    """Replaces what the character set lacks, in every widget, Textual's own included."""

    def __init__(self, charset: Charset) -> None:
        super().__init__(enabled=charset != "braille")
        self._charset = charset

    def apply(self, segments: list[Segment], _background: Color) -> list[Segment]:
        """Return `segments` of the same width in glyphs of the character set."""
        return [Segment(substitute(text, self._charset), style, control) for text, style, control in segments]
