"""The spans of time a chart can show, and how finely each is kept."""

from typing import Final

import msgspec

SECOND_MS: Final = 1000
MINUTE_MS: Final = 60 * SECOND_MS
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS


class Range(msgspec.Struct, frozen=True):
    """One span; `step_ms` is the finest bucket kept for it, at most 360 of them.

    Finer is useless: 360 buckets are more dot columns than the widest chart of four has at 200 columns.
    """

    label: str
    span_ms: int
    step_ms: int

    @property
    def buckets(self) -> int:
        """How many buckets of `step_ms` the span holds."""
        return self.span_ms // self.step_ms


FIVE_MINUTES: Final = Range("5m", 5 * MINUTE_MS, SECOND_MS)
ONE_HOUR: Final = Range("1h", HOUR_MS, 10 * SECOND_MS)
ONE_DAY: Final = Range("24h", DAY_MS, 4 * MINUTE_MS)
ONE_WEEK: Final = Range("7d", 7 * DAY_MS, 28 * MINUTE_MS)

RANGES: Final = (FIVE_MINUTES, ONE_HOUR, ONE_DAY, ONE_WEEK)


def labelled(label: str) -> Range:
    """Return the range of this label, the shortest where there is none."""
    return next((one for one in RANGES if one.label == label), FIVE_MINUTES)


def shorter(current: Range) -> Range:
    """Return the next shorter range; the shortest stays."""
    return RANGES[max(0, RANGES.index(current) - 1)]


def longer(current: Range) -> Range:
    """Return the next longer range; the longest stays."""
    return RANGES[min(len(RANGES) - 1, RANGES.index(current) + 1)]
