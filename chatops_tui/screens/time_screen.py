"""A live screen with charts: one range, one crosshair, and the keys that move both in time."""

from collections.abc import Sequence
from typing import ClassVar, Final

from msgspec.structs import replace
from textual.binding import BindingType
from textual.widgets import Input

from chatops_tui.clock import clock
from chatops_tui.screens.context import Context
from chatops_tui.screens.go_to_time import LIVE, GoToTime
from chatops_tui.screens.live import LiveScreen
from chatops_tui.screens.time_keys import MOVING, TIME_KEYS
from chatops_tui.store.ranges import RANGES, labelled
from chatops_tui.store.time_view import STEPS, Step, TimeView

# Under which the range is remembered: one for all, as one expects to find what one left.
_KEPT: Final = "charts"
# Without samples to step through a crosshair still moves: a 200th of the picture is about a cell.
_CELLS: Final = 200


class TimeScreen(LiveScreen):
    """`times` says what is seen; a subclass draws it, and follows `time_changed`."""

    BINDINGS: ClassVar[list[BindingType]] = list(TIME_KEYS)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        last = labelled(context.kept.view.ranges.get(_KEPT, ""))
        self.times = TimeView(span_ms=last.span_ms)
        self._step_at = 0

    @property
    def present_ms(self) -> int:
        """Now, on the clock of what is charted."""
        return self.given.now_ms()

    @property
    def step(self) -> Step:
        """How far `,` and `.` go."""
        return STEPS[self._step_at]

    @property
    def has_time(self) -> bool:
        """Whether what is shown now has a time to move in."""
        return True

    def sample_times(self) -> Sequence[int]:
        """Return when the samples near the crosshair were taken, ascending."""
        return ()

    def alert_times(self) -> Sequence[int]:
        """Return when alerts began to fire, ascending."""
        return ()

    def time_changed(self) -> None:
        """Do what another time needs besides being drawn."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys to whoever types, and offer the way back only from the past."""
        if action in MOVING:
            return self.has_time and not isinstance(self.focused, Input)
        if action == "live":
            return not self.times.is_live and not isinstance(self.focused, Input)
        if action == "freeze" and not self.times.is_live:
            # It stands still anyway.
            return False
        return super().check_action(action, parameters)

    def thaw(self) -> None:
        """Let the picture go on, in the present."""
        super().thaw()
        self.times = self.times.live()

    def note(self) -> str:
        """Say that it is the past, and which."""
        moment_ms = self.times.moment_ms
        if moment_ms is None:
            return super().note()
        return f"PAST {clock(moment_ms, self.given.zone)}"

    def action_range(self, step: int) -> None:
        """Show the next longer or shorter range; in the past the crosshair keeps its moment."""
        spans = [one.span_ms for one in RANGES]
        beyond = [span for span in spans if (span > self.times.span_ms) == (step > 0)]
        others = [span for span in beyond if span != self.times.span_ms]
        if others:
            wanted = min(others) if step > 0 else max(others)
            self.change_time(self.times.spanning(wanted, self.present_ms))
        elif self.times.is_live:
            self.change_time(self.times)

    def action_zoom_time(self, steps: int) -> None:
        """Show less or more time, round the crosshair."""
        self.change_time(self.times.zoomed(steps, self.present_ms))

    def action_pan(self, parts: int) -> None:
        """Go a quarter of what is seen back or forth."""
        if parts > 0 and self.times.is_live:
            return
        self.change_time(self.times.panned(parts, self.present_ms))

    def action_step_time(self, direction: int) -> None:
        """Move the crosshair by a step."""
        if direction > 0 and self.times.is_live:
            return
        if self.step.ms:
            self.change_time(self.times.moved(direction * self.step.ms, self.present_ms))
        else:
            self._step_to_sample(direction)

    def action_step_size(self) -> None:
        """Take the next size of steps."""
        self._step_at = (self._step_at + 1) % len(STEPS)
        self.refresh_bindings()
        if self.times.is_live:
            self.notify(f"Steps of {self.step.label} by , and .", timeout=2, markup=False)
        self.sync(frozenset())

    def action_alert_time(self, direction: int) -> None:
        """Go to where the alert before, or the next one, began."""
        here = self._moment_ms
        if direction < 0:
            found = max((at for at in self.alert_times() if at < here), default=None)
        else:
            found = min((at for at in self.alert_times() if at > here), default=None)
        if found is None:
            self.notify(f"No alert is known {'before' if direction < 0 else 'after'} this.", markup=False)
        else:
            self.change_time(self.times.at(found, self.present_ms))

    def action_go_to_time(self) -> None:
        """Type a time."""
        self.ask(GoToTime(self.present_ms, self.given.zone), self._time_typed)

    def action_live(self) -> None:
        """Go back to now."""
        self.change_time(self.times.live())

    def change_time(self, times: TimeView) -> None:
        """Show another time; the present is live again, also where it was frozen."""
        if times.is_live or self.times.is_live:
            # What was frozen is of its own time: neither the present nor the past is drawn from it.
            super().thaw()
        self.times = times
        view = self.given.kept.view
        self.given.kept.change(replace(view, ranges={**view.ranges, _KEPT: times.range.label}))
        self.set_class(not times.is_live, "-past")
        self.time_changed()
        self.refresh_bindings()
        self.sync(frozenset())

    @property
    def _moment_ms(self) -> int:
        return self.present_ms if self.times.moment_ms is None else self.times.moment_ms

    def _step_to_sample(self, direction: int) -> None:
        here, times = self._moment_ms, self.sample_times()
        if direction < 0:
            found = max((at for at in times if at < here), default=None)
        else:
            found = min((at for at in times if at > here), default=None)
        if found is None:
            by_ms = max(1000, self.times.span_ms // _CELLS)
            self.change_time(self.times.moved(direction * by_ms, self.present_ms))
        else:
            self.change_time(self.times.at(found, self.present_ms))

    def _time_typed(self, answer: str | None) -> None:
        if answer == LIVE:
            self.action_live()
        elif answer is not None:
            self.change_time(self.times.at(int(answer), self.present_ms))
