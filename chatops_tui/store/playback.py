"""How far a recording has been played: its pace, its pauses, and where one has gone to in it."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final

from chatops_tui.render.recording import Recording, Shown

# A pause in which nothing was shown is not waited for any longer than this, unless somebody wants that.
IDLE_S: Final = 2.0
SPEEDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)


class Playback:
    """A place in a recording, in seconds of a time in which long pauses are short."""

    def __init__(self, recording: Recording, *, speed: float = 1.0, idle_s: float | None = IDLE_S) -> None:
        """Begin at the beginning, playing; `idle_s` None: every pause takes its time."""
        self._recording = recording
        self.speed = speed
        self._idle_s = idle_s
        self._times = _times(recording.pieces, idle_s)
        self._next = 0
        self.place_s = 0.0
        self.is_paused = False

    @property
    def skips_idle(self) -> bool:
        """Whether long pauses are made short."""
        return self._idle_s is not None

    @property
    def lasts_s(self) -> float:
        """How long it takes at speed 1."""
        return self._times[-1] if self._times else 0.0

    @property
    def is_over(self) -> bool:
        """Everything has been shown."""
        return self._next >= len(self._times)

    @property
    def due_in_s(self) -> float | None:
        """Seconds until the next piece is to be shown; None: not before something is pressed."""
        if self.is_paused or self.is_over:
            return None
        return max(0.0, (self._times[self._next] - self.place_s) / self.speed)

    def advance(self, elapsed_s: float) -> Sequence[Shown]:
        """Let time pass, and return what is to be shown by now."""
        if self.is_paused or self.is_over:
            return ()
        return self._to(self.place_s + elapsed_s * self.speed)

    def forward(self, by_s: float) -> Sequence[Shown]:
        """Go on by so much at once, and return what is to be shown by then."""
        return self._to(self.place_s + by_s)

    def back(self, by_s: float) -> Sequence[Shown]:
        """Go back, and return everything from the beginning up to there: a screen cannot be undone."""
        self._next = 0
        return self._to(max(0.0, self.place_s - by_s))

    def again(self) -> Sequence[Shown]:
        """Return everything up to here once more, for a screen that was drawn over."""
        return self._recording.pieces[: self._next]

    def faster(self, step: int) -> None:
        """Take the next speed of SPEEDS, or with -1 the one before."""
        at = min(range(len(SPEEDS)), key=lambda index: abs(SPEEDS[index] - self.speed))
        self.speed = SPEEDS[min(len(SPEEDS) - 1, max(0, at + step))]

    def toggle_idle(self) -> None:
        """Make long pauses short, or let them take their time; one stays at the piece one is at."""
        self._idle_s = None if self.skips_idle else IDLE_S
        self._times = _times(self._recording.pieces, self._idle_s)
        self.place_s = self._times[self._next - 1] if self._next else 0.0

    def _to(self, place_s: float) -> Sequence[Shown]:
        self.place_s = min(place_s, self.lasts_s)
        before, self._next = self._next, bisect_right(self._times, self.place_s)
        return self._recording.pieces[before : self._next]


def _times(pieces: Sequence[Shown], idle_s: float | None) -> list[float]:
    """Return when each piece is shown."""
    if idle_s is None:
        return [piece.at_s for piece in pieces]
    waits = [0.0, *(after.at_s - before.at_s for before, after in pairwise(pieces))]
    first = min(pieces[0].at_s, idle_s) if pieces else 0.0
    return list(accumulate((min(wait, idle_s) for wait in waits[1:]), initial=first)) if pieces else []
