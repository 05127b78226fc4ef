"""Which stretch of time charts show, and which moment of it: zooming, panning and stepping. Pure."""

from typing import Final

import msgspec
from msgspec.structs import replace

from chatops_tui.store.ranges import DAY_MS, FIVE_MINUTES, HOUR_MS, MINUTE_MS, RANGES, SECOND_MS, Range

SPANS_MS: Final = (
    MINUTE_MS, 2 * MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS,
    6 * HOUR_MS, 12 * HOUR_MS, DAY_MS, 2 * DAY_MS, 7 * DAY_MS,
)  # fmt: skip
"""What zooming goes through, the ranges among them."""

_UNITS: Final = ((DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "m"), (SECOND_MS, "s"))
# A pan keeps three quarters of what was seen: the eye finds its place again.
_PAN_PARTS: Final = 4


class Stretch(msgspec.Struct, frozen=True):
    """A piece of time, Unix milliseconds; `end_ms` is after `start_ms`."""

    start_ms: int
    end_ms: int

    @property
    def span_ms(self) -> int:
        """How long it is."""
        return self.end_ms - self.start_ms

    def contains(self, at_ms: int) -> bool:
        """Return whether a moment lies in it, both ends included."""
        return self.start_ms <= at_ms <= self.end_ms


class Step(msgspec.Struct, frozen=True):
    """How far one goes in the past by one key; 0 is to the next sample."""

    label: str
    ms: int


STEPS: Final = (
    Step("sample", 0),
    Step("1 min", MINUTE_MS),
    Step("10 min", 10 * MINUTE_MS),
    Step("1 h", HOUR_MS),
)


class TimeView(msgspec.Struct, frozen=True):
    """What is seen. Live it ends now and has no moment; in the past it stands still and always has one.

    `now_ms` of every method is the present on the clock of whatever is charted.
    """

    span_ms: int = FIVE_MINUTES.span_ms
    end_ms: int | None = None
    moment_ms: int | None = None

    @property
    def is_live(self) -> bool:
        """Whether it follows the present."""
        return self.moment_ms is None or self.end_ms is None

    @property
    def label(self) -> str:
        """Return the span in a word: `5m`, `24h`, `7d`."""
        return span_label(self.span_ms)

    @property
    def range(self) -> Range:
        """The range whose live series hold what is seen."""
        return covering(self.span_ms)

    def stretch(self, now_ms: int) -> Stretch:
        """Return from when until when."""
        end_ms = now_ms if self.end_ms is None else self.end_ms
        return Stretch(end_ms - self.span_ms, end_ms)

    def live(self) -> "TimeView":
        """Return the same span up to now."""
        return replace(self, end_ms=None, moment_ms=None)

    def spanning(self, span_ms: int, now_ms: int) -> "TimeView":
        """Return another span; the moment keeps its place in the picture."""
        if self.moment_ms is None or self.end_ms is None:
            return replace(self, span_ms=span_ms)
        behind = (self.end_ms - self.moment_ms) * span_ms // self.span_ms
        end_ms = min(now_ms, self.moment_ms + behind)
        return replace(self, span_ms=span_ms, end_ms=max(end_ms, self.moment_ms))

    def zoomed(self, steps: int, now_ms: int) -> "TimeView":
        """Return a shorter span for positive `steps`, a longer one for negative; at the ends it stays."""
        spans = SPANS_MS if steps < 0 else SPANS_MS[::-1]
        beyond = [span for span in spans if (span > self.span_ms) == (steps < 0) and span != self.span_ms]
        return self.spanning(beyond[min(abs(steps), len(beyond)) - 1], now_ms) if beyond else self

    def panned(self, parts: int, now_ms: int) -> "TimeView":
        """Return it `parts` quarters of its span later; the moment moves along, and ends at live.

        Who goes on as far as they went back is in the present again, though that went on meanwhile: on the
        way there what is nearer than half a step is live.
        """
        shift_ms = parts * self.span_ms // _PAN_PARTS
        moment_ms = (now_ms if self.moment_ms is None else self.moment_ms) + shift_ms
        if moment_ms >= now_ms - max(0, shift_ms) // 2:
            return self.live()
        end_ms = (now_ms if self.end_ms is None else self.end_ms) + shift_ms
        return self._past(moment_ms, min(now_ms, end_ms))

    def at(self, moment_ms: int, now_ms: int) -> "TimeView":
        """Return it with this moment in it; the present or later is live."""
        if moment_ms >= now_ms:
            return self.live()
        seen = self.stretch(now_ms)
        if seen.contains(moment_ms):
            return self._past(moment_ms, seen.end_ms)
        return self._past(moment_ms, min(now_ms, moment_ms + self.span_ms // _PAN_PARTS))

    def moved(self, by_ms: int, now_ms: int) -> "TimeView":
        """Return it with its moment (live: now) so much later."""
        return self.at((now_ms if self.moment_ms is None else self.moment_ms) + by_ms, now_ms)

    def _past(self, moment_ms: int, end_ms: int) -> "TimeView":
        moment_ms = max(0, moment_ms)
        return replace(self, moment_ms=moment_ms, end_ms=max(end_ms, moment_ms))


def covering(span_ms: int) -> Range:
    """Return the shortest range that holds `span_ms`, the longest where none does."""
    return next((one for one in RANGES if one.span_ms >= span_ms), RANGES[-1])


def span_label(span_ms: int) -> str:
    """Return e.g. `15m`, `24h`, `7d`: in the largest unit that divides it, but a day as 24 hours."""
    if span_ms == DAY_MS:
        return "24h"
    size, unit = next(((size, unit) for size, unit in _UNITS if span_ms % size == 0), _UNITS[-1])
    return f"{span_ms // size}{unit}"


def block_of(seen: Stretch) -> Stretch:
    """Return the piece to load for what is seen: four spans of it, on a grid.

    So panning asks the hub for the next piece only after a whole span, and always has half a span to spare.
    """
    unit = max(1, seen.span_ms)
    first = (seen.start_ms // unit - 1) * unit
    return Stretch(max(0, first), first + 4 * unit)
