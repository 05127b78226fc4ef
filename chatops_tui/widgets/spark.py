"""A sparkline on a line of its own."""

from collections.abc import Sequence

from chatops_tui.render.buckets import Series
from chatops_tui.render.charset import Charset
from chatops_tui.render.spans import Cell, Ink
from chatops_tui.render.sparkline import history, sparkline
from chatops_tui.widgets.lines import Lines


class Spark(Lines):
    """The last `span_ms` of a series, one cell a column of time, the newest on the right."""

    _series: Series | None = None
    _span: tuple[int, int] = (0, 1)
    _look: tuple[float | None, Ink, Charset] = (None, "series-1", "braille")

    def set_look(
        self, *, top: float | None = None, ink: Ink = "series-1", charset: Charset = "braille"
    ) -> None:
        """Say what the highest mark stands for (None: the largest value), and how it is drawn."""
        self._look = (top, ink, charset)

    def show(self, series: Series, *, end_ms: int, span_ms: int) -> None:
        """Draw the values of the `span_ms` before `end_ms`."""
        self._series, self._span = series, (end_ms, span_ms)
        self.sync()

    def compose_lines(self, width: int, _height: int) -> Sequence[Cell]:
        """Return the line."""
        if self._series is None:
            return [()]
        end_ms, span_ms = self._span
        top, ink, charset = self._look
        values = history(self._series, end_ms=end_ms, span_ms=span_ms, size=width)
        return [[(sparkline(values, top=top, charset=charset), ink)]]
