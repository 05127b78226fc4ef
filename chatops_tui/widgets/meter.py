"""One value on one line: label, bar, figure."""

from collections.abc import Sequence

from chatops_tui.render.meter import MeterView, meter_line
from chatops_tui.render.spans import Cell
from chatops_tui.widgets.lines import Lines


class Meter(Lines):
    """A bar with its label and figure, in the ink of its level."""

    _view = MeterView("")

    def show(self, view: MeterView) -> None:
        """Draw `view` when it is another than before."""
        if view != self._view:
            self._view = view
            self.sync()

    def compose_lines(self, width: int, _height: int) -> Sequence[Cell]:
        """Return the line."""
        return [meter_line(self._view, width)]
