"""A chart of one to four series over clock time."""

from collections.abc import Sequence

from msgspec.structs import replace

from chatops_tui.render.buckets import Series
from chatops_tui.render.chart import ChartStyle, ChartView, chart_lines
from chatops_tui.render.crosshair import Limit
from chatops_tui.render.marks import Mark
from chatops_tui.render.spans import Cell
from chatops_tui.widgets.lines import Lines


class TimeChart(Lines):
    """Title with the current values, y axis with units, braille plot, x axis with clock times.

    Set what is to be seen, then `sync`: only rows that differ are drawn again. Columns of time are counted
    from the epoch, so the plot moves only when a cell is complete.
    """

    DEFAULT_CSS = "TimeChart { height: 1fr; min-height: 4; }"

    def __init__(
        self,
        style: ChartStyle,
        *,
        id: str | None = None,  # noqa: A002 - Textual's name for it
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._style = style
        self._view = ChartView(message="loading…")

    @property
    def view(self) -> ChartView:
        """What is shown."""
        return self._view

    def set_style(self, style: ChartStyle) -> None:
        """Draw in another look from now on."""
        self._style = style

    def set_series(self, series: Sequence[Series], start_ms: int, end_ms: int) -> None:
        """Show these from `start_ms` to `end_ms` (Unix milliseconds).

        At most four, the important one first. None of them with a value says `no data yet`; a message that
        was set before goes away.
        """
        known = any(value is not None for one in series for value in one.values)
        message = "" if known else "no data yet"
        self._view = replace(
            self._view, series=tuple(series), start_ms=start_ms, end_ms=end_ms, message=message
        )

    def set_headline(self, headline: Cell) -> None:
        """Show the current values beside the title."""
        self._view = replace(self._view, headline=headline)

    def set_cursor(self, at_ms: int | None) -> None:
        """Stand the crosshair on a moment; None: there is none."""
        self._view = replace(self._view, cursor_ms=at_ms)

    def set_limits(self, limits: Sequence[Limit] | None) -> None:
        """Draw these thresholds; None: the usual ones of its kind."""
        self._view = replace(self._view, limits=limits)

    def set_top(self, top: float | None) -> None:
        """Have the y axis reach at least this."""
        self._view = replace(self._view, top=top)

    def set_marks(self, marks: Sequence[Mark]) -> None:
        """Show on the time axis when alerts fired."""
        self._view = replace(self._view, marks=tuple(marks))

    def set_message(self, message: str) -> None:
        """Say `message` instead of the plot: `loading…`, or why there is nothing."""
        self._view = replace(self._view, message=message)

    def compose_lines(self, width: int, height: int) -> Sequence[Cell]:
        """Return the chart in the size there is."""
        return chart_lines(self._style, self._view, width, height)
