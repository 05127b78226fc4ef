"""The one-line bar at the top of every screen."""

from collections.abc import Sequence

from msgspec.structs import replace

from chatops_tui.render.severity import Level
from chatops_tui.render.spans import Cell
from chatops_tui.render.status import LinkState, Status, status_line
from chatops_tui.widgets.lines import Lines
from chatops_wire.rest_alerts import Severity


class StatusBar(Lines):
    """Breadcrumb, link state, counts and clock; drops the least important when narrow. Each setter draws."""

    DEFAULT_CSS = "StatusBar { dock: top; height: 1; background: $panel; }"

    _status = Status()

    @property
    def status(self) -> Status:
        """What is shown."""
        return self._status

    def set_crumbs(self, *crumbs: str) -> None:
        """Say where one is, from the outermost on; clean text."""
        self._show(replace(self._status, crumbs=crumbs))

    def set_link(self, link: LinkState) -> None:
        """Say how the connection to the hub is."""
        self._show(replace(self._status, link=link))

    def set_counts(self, counts: Sequence[tuple[Level, int]]) -> None:
        """Say how many servers are on which level, in this order; zeros are not shown."""
        self._show(replace(self._status, counts=tuple(counts)))

    def set_alerts(self, alerts: Sequence[tuple[Severity, int]]) -> None:
        """Say how many alerts of each severity fire and nobody looks after; zeros are not shown."""
        self._show(replace(self._status, alerts=tuple(alerts)))

    def set_note(self, note: str) -> None:
        """Say something short that holds for the whole screen, or nothing."""
        self._show(replace(self._status, note=note))

    def set_clock(self, clock: str) -> None:
        """Say what time it is."""
        self._show(replace(self._status, clock=clock))

    def compose_lines(self, width: int, _height: int) -> Sequence[Cell]:
        """Return the line."""
        return [status_line(self._status, width)]

    def _show(self, status: Status) -> None:
        if status != self._status:
            self._status = status
            self.sync()
