"""When the next sample is due, and which source with it. Pure: time and chance come as arguments."""

import math
from dataclasses import dataclass, replace
from typing import Final

# Nobody needs more than a sample a second, and a hub that asked for it would burn this machine's time.
MIN_INTERVAL_S: Final = 1.0
MAX_INTERVAL_S: Final = 3600.0
# Shorter than this the counters of processor time (10 ms steps) give no meaningful shares.
_WARM_UP_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Schedule:
    """Samples fall on a grid of the interval, shifted by a phase of this agent's own.

    So a fleet that started in one instant does not send in one instant, the grid never drifts however
    long a sample takes, and ticks missed while the machine slept are skipped, not made up for.
    """

    own_interval_s: float
    phase: float
    """A random number in [0, 1), drawn once a start."""
    asked_interval_s: float | None = None
    """What the hub wants instead, within the bounds above."""

    @property
    def interval_s(self) -> float:
        """Seconds between samples."""
        return self.own_interval_s if self.asked_interval_s is None else self.asked_interval_s

    def configured(self, interval_s: float | None) -> "Schedule":
        """Return the schedule after the hub asked for an interval; None gives the agent's own back."""
        asked = None if interval_s is None else min(MAX_INTERVAL_S, max(MIN_INTERVAL_S, interval_s))
        return replace(self, asked_interval_s=asked)

    def first_due(self, started: float) -> float:
        """Return when the first sample is due: soon, so that a new machine shows at once.

        It too is spread, over a second.
        """
        return started + _WARM_UP_S + self.phase

    def next_due(self, last: float) -> float:
        """Return when the sample after the one taken at `last` is due: the next tick of the grid.

        A tick less than half an interval away is skipped, for the sample before it came late or the
        interval has just changed.
        """
        offset = self.phase * self.interval_s
        earliest = last + self.interval_s / 2
        return math.ceil((earliest - offset) / self.interval_s) * self.interval_s + offset


def is_due(every_s: float, last: float | None, now: float) -> bool:
    """Say whether a source asked at `last` (None: never) is due again at `now`; 0 is with every sample."""
    # Samples come a little early or late; a source due every 10 s must not slip to the third 5 s tick.
    return last is None or now - last >= every_s * 0.9
