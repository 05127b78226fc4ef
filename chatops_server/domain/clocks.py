"""What the hub makes of agents' clocks: when a sample stands, and how far a clock is off."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Literal

# No network delays a sample into the future. Beyond this its time is a mistake of its clock: it would stand
# where no chart of today looks, and stay there until retention caught up with it.
FUTURE_MS: Final = 10 * 60_000
# Off by more than this a clock is worth telling a person about; within the lesser, it is right again.
OFF_MS: Final = 30_000
RIGHT_AGAIN_MS: Final = 2_000
# A clock that was set is believed once all readings before that are gone: a minute of samples each 5 s.
_READINGS: Final = 12
# One sample may have waited on a busy link.
_ENOUGH: Final = 3

Turn = Literal["off", "right"]


def standing(said_ms: int, received_ms: int) -> int:
    """Return when a sample stands in history: at its own time, or too far in the future at its arrival."""
    return received_ms if said_ms > received_ms + FUTURE_MS else said_ms


@dataclass(slots=True)
class AgentClock:
    """One connection's readings: an agent's time beside ours when a sample of it arrived."""

    is_off: bool = False
    """Whether the last turn was one to `off`."""
    _readings: deque[int] = field(default_factory=lambda: deque(maxlen=_READINGS))

    @property
    def ahead_ms(self) -> int | None:
        """By how much it is ahead of ours, less what its quickest sample of late took; None: no reading."""
        # A sample that had to wait makes its clock look late, none makes it look early.
        return max(self._readings, default=None)

    def read(self, said_ms: int, now_ms: int) -> Turn | None:
        """Take a reading of a sample that was made just now; say when the clock turned out off, or right."""
        self._readings.append(said_ms - now_ms)
        ahead_ms = abs(max(self._readings))
        if not self.is_off and ahead_ms > OFF_MS and len(self._readings) >= _ENOUGH:
            self.is_off = True
            return "off"
        if self.is_off and ahead_ms <= RIGHT_AGAIN_MS:
            self.is_off = False
            return "right"
        return None
