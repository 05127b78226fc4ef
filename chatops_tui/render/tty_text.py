"""A program's output for a terminal that is shared with it: text, colours, new lines, and nothing else."""

from collections.abc import Iterable, Sequence
from typing import Final

from rich.cells import cell_len

from chatops_tui.render.charset import Charset, substitute
from chatops_tui.render.output_lines import Line, OutputLines
from chatops_tui.render.sgr import PLAIN, Styled, sequence
from chatops_tui.render.text import MAX_LINE

_RESET: Final = sequence(PLAIN)


class TtyText:
    """One stream, as it comes. A line that was rewritten is drawn again from its beginning."""

    def __init__(self, charset: Charset = "braille", limit: int = MAX_LINE) -> None:
        self._charset = charset
        self._lines = OutputLines(limit)
        self._shown: tuple[Styled, ...] = ()
        """What of the line under way the terminal shows."""

    def feed(self, data: bytes) -> str:
        """Return what the terminal is to be sent for the next chunk."""
        done = self._scrolled(self._lines.feed(data))
        spans = self._lines.open.spans
        drawn, self._shown = self._drawn(spans), spans
        return done + drawn

    def finish(self) -> str:
        """Return the rest; nothing more comes. The last line is not ended where the program did not."""
        return self._scrolled(self._lines.finish())

    def _scrolled(self, lines: Iterable[Line]) -> str:
        parts: list[str] = []
        for line in lines:
            parts.append(self._drawn(line.spans) + ("\n" if line.ends else ""))
            self._shown = ()
        return "".join(parts)

    def _drawn(self, spans: Sequence[Styled]) -> str:
        """Return what makes the line under way look like this, with the cursor behind it."""
        added = _added(self._shown, spans)
        if added is not None:
            return coloured(added, self._charset)
        whole = coloured(spans, self._charset)
        surplus = _width(self._shown) - _width(spans)
        # Blanks instead of "erase to the end": of escape sequences only colours leave here.
        return f"\r{whole}{' ' * surplus}\r{whole}" if surplus > 0 else f"\r{whole}"


def coloured(spans: Iterable[Styled], charset: Charset) -> str:
    """Return the text with its colours, which end with it."""
    shown = ((substitute(text, charset), style) for text, style in spans)
    return "".join(text if style == PLAIN else f"{sequence(style)}{text}{_RESET}" for text, style in shown)


def _added(shown: Sequence[Styled], spans: Sequence[Styled]) -> list[Styled] | None:
    """Return what `spans` have beyond `shown`; None when something that is shown has changed."""
    if not shown:
        return list(spans)
    last = len(shown) - 1
    if len(spans) <= last or tuple(spans[:last]) != tuple(shown[:last]):
        return None
    (old, old_style), (new, style) = shown[last], spans[last]
    if style != old_style or not new.startswith(old):
        return None
    return [(new[len(old) :], style), *spans[last + 1 :]]


def _width(spans: Iterable[Styled]) -> int:
    return sum(cell_len(text) for text, _style in spans)
