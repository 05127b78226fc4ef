"""A server, or a container of it, at any moment: drawn from the store of now, or one made of that moment."""

import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from rich.style import Style
from textual.strip import Strip

from chatops_tui.render import numbers
from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_tui.requests import ReelWish, RequestFailedError
from chatops_tui.screens.chart_limits import limits_of
from chatops_tui.screens.charts import Kind, MetricChart, curves_of
from chatops_tui.screens.context import Context
from chatops_tui.screens.time_screen import TimeScreen
from chatops_tui.store.alert_selectors import fired
from chatops_tui.store.past import WAITING, past_store
from chatops_tui.store.store import Store
from chatops_tui.store.time_view import block_of
from chatops_tui.store.vitals import CHARTED
from chatops_tui.widgets.lines import TextBlock

if TYPE_CHECKING:
    from textual.timer import Timer

    from chatops_wire.rest_alerts import ThresholdView
    from chatops_wire.rest_moments import MomentView

# A crosshair that only passes by asks the hub for nothing.
ASK_AFTER_S: Final = 0.15
_RAW: Final = "raw"


class PastLine(TextBlock):
    """Says which moment is shown, and how to get back; on a ground of its own that nothing else has."""

    def __init__(self) -> None:
        super().__init__(id="past-line", classes="-gone")

    def render_line(self, y: int) -> Strip:
        """Return the line; of 16 colours none is a ground to read on: light and dark swap."""
        strip = super().render_line(y)
        return strip.apply_style(Style(reverse=True)) if self.app.native_ansi_color else strip


class PastScreen(TimeScreen):
    """Loads what the hub knows of the moment the crosshair stands on."""

    def __init__(self, context: Context, server_id: str) -> None:
        super().__init__(context)
        self._server_id = server_id
        self._ask_timer: Timer | None = None
        self._told: MomentView | None = None
        self._is_asking = False
        self._zoomed: int | None = None
        self.thresholds: Sequence[ThresholdView] = ()
        """The hub's, once they are known."""

    @property
    def server_id(self) -> str:
        """Which server."""
        return self._server_id

    @property
    def charted(self) -> tuple[str, ...]:
        """What has to be known of the past to be drawn; the first gives the steps."""
        return CHARTED

    @property
    def alert_families(self) -> tuple[str, ...]:
        """Whose alerts one goes to, as `fired` takes them."""
        return ("",)

    @property
    def kinds(self) -> Sequence[Kind]:
        """The charts that can have all the room, one after the other."""
        raise NotImplementedError

    def zoom_to(self, kind: Kind | None) -> None:
        """Give one chart all the room, or share it again."""
        raise NotImplementedError

    @property
    def present_ms(self) -> int:
        """Now, on the agent's clock."""
        memory = self.given.store.server(self._server_id)
        now_ms = self.given.now_ms()
        return now_ms if memory is None else memory.now_ms(now_ms)

    @property
    def is_past(self) -> bool:
        """Whether what is shown is over."""
        return not self.times.is_live

    def sample_times(self) -> Sequence[int]:
        """Return when the CPU was measured near the crosshair."""
        memory = self.given.store.server(self._server_id)
        if memory is None:
            return ()
        _seen, curves = curves_of(memory, self.charted[:1], self.times, self.given.now_ms())
        return curves[0].times_ms if curves else ()

    def alert_times(self) -> Sequence[int]:
        """Return when the alerts of what is shown began to fire."""
        found = fired(self.given.store.alerts.of_server(self._server_id), self.alert_families)
        return sorted(alert.fired_ms or alert.started_ms for alert in found)

    def past_wishes(self) -> frozenset[ReelWish]:
        """Return what has to be known of the past to be drawn."""
        if not self.is_past or not self.charted:
            return frozenset()
        seen = self.times.stretch(self.present_ms)
        return frozenset({ReelWish(self._server_id, self.charted, block_of(seen), seen.end_ms)})

    def time_changed(self) -> None:
        """Show the new moment at once as far as it is known, and ask for the rest."""
        if self._ask_timer is not None:
            self._ask_timer.stop()
            self._ask_timer = None
        moment_ms = self.times.moment_ms
        if moment_ms is None:
            self.workers.cancel_group(self, "moment")
            self._told, self._is_asking = None, False
            return
        held = self.store if self._told is not None else self._blank(moment_ms, WAITING)
        self.hold(held, moment_ms)
        self._is_asking = True
        self._ask_timer = self.set_timer(ASK_AFTER_S, lambda: self._ask(moment_ms))

    def action_zoom(self) -> None:
        """Give the next chart all the room; after the last one all share it again."""
        after = 0 if self._zoomed is None else self._zoomed + 1
        self._zoom(after if after < len(self.kinds) else None)

    def leave_zoom(self) -> bool:
        """Share the room again; False where no chart had it all."""
        if self._zoomed is None:
            return False
        self._zoom(None)
        return True

    def draw_limits(self) -> None:
        """Draw the hub's thresholds in the charts they are about."""
        memory = self.given.store.server(self._server_id)
        if memory is None:
            return
        for chart in self.query(MetricChart):
            chart.set_limits(limits_of(self.thresholds, memory.row, chart.kind.metrics) or None)

    def load_thresholds(self) -> None:
        """Draw the hub's thresholds once they are known; without them the usual ones stay."""
        self.run_worker(self._load_thresholds(), name="thresholds", exit_on_error=False)

    def draw_past_line(self) -> None:
        """Say which moment is shown, or nothing."""
        line = self.query_one(PastLine)
        moment_ms = self.times.moment_ms
        line.set_class(moment_ms is None, "-gone")
        if moment_ms is not None:
            line.set_lines([self._past_cell(moment_ms)])

    def _past_cell(self, moment_ms: int) -> Cell:
        zone, present_ms = self.given.zone, self.present_ms
        at = datetime.fromtimestamp(moment_ms / 1000, zone)
        is_this_year = at.year == datetime.fromtimestamp(present_ms / 1000, zone).year
        day = f"{at:%a %d %b}" if is_this_year else f"{at:%a %d %b %Y}"
        ago = numbers.duration_long((present_ms - moment_ms) / 1000)
        return [
            (" PAST ", "strong"),
            (f" {day} {at:%H:%M:%S}", "strong"),
            (f"  {ago} ago", "text"),
            ("   0", "strong"),
            (" live", "text"),
            ("  ;", "strong"),
            (f" step {self.step.label}", "text"),
            (f"  {self._state()}", "text"),
        ]

    def _state(self) -> str:
        told = self._told
        if self._is_asking or told is None:
            return "loading…" if self._is_asking else "nothing known"
        if told.sample is None:
            return "no sample near"
        age = numbers.duration(told.sample_age_s)
        return f"sample {age} before" if told.tier in {_RAW, None} else f"averages of {told.tier}"

    def _zoom(self, index: int | None) -> None:
        self._zoomed = index
        self.set_class(index is not None, "-zoomed")
        self.zoom_to(None if index is None else self.kinds[index])
        self.call_after_refresh(self.sync, frozenset())

    def _blank(self, at_ms: int, absence: str) -> Store:
        return past_store(self.given.store, self._server_id, at_ms, None, absence)

    def _ask(self, at_ms: int) -> None:
        self.run_worker(self._load(at_ms), name="moment", group="moment", exclusive=True, exit_on_error=False)

    async def _load(self, at_ms: int) -> None:
        try:
            told = await self.given.hub.past.moment(self._server_id, at_ms)
        except RequestFailedError as exc:
            self._told, self._is_asking = None, False
            self.hold(self._blank(at_ms, clean(str(exc))), at_ms)
        else:
            self._told, self._is_asking = told, False
            self.hold(past_store(self.given.store, self._server_id, at_ms, told), at_ms)
        self.sync(frozenset())

    async def _load_thresholds(self) -> None:
        with contextlib.suppress(RequestFailedError):
            self.thresholds = await self.given.alerting.thresholds.all()
        self.draw_limits()
        self.sync(frozenset())
