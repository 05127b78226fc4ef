"""Which resolutions of the past there are, how long each is kept, and which one answers a chart."""

from dataclasses import dataclass
from typing import Final

_S: Final = 1_000
_MIN: Final = 60 * _S
_H: Final = 60 * _MIN
DAY_MS: Final = 24 * _H


@dataclass(frozen=True, slots=True)
class Tier:
    """One resolution: buckets of `step_ms`, kept in chunks that begin at multiples of `span_ms`."""

    number: int
    """For ever: it stands in the database."""
    name: str
    step_ms: int
    span_ms: int

    def chunk_of(self, ts_ms: int) -> int:
        """Return the start of the chunk that holds this time."""
        return ts_ms - ts_ms % self.span_ms

    def start_of(self, ts_ms: int) -> int:
        """Return the start of the bucket that holds this time."""
        return ts_ms - ts_ms % self.step_ms


# Samples one by one. Longer chunks would have to be read whole for a short chart, and written whole again for
# a late sample; shorter ones compress worse.
RAW: Final = Tier(0, "raw", 1, _H)
MINUTES: Final = Tier(1, "1m", _MIN, _H)
TEN_MINUTES: Final = Tier(2, "10m", 10 * _MIN, 12 * _H)
HOURS: Final = Tier(3, "1h", _H, 4 * DAY_MS)
ROLLUPS: Final = (MINUTES, TEN_MINUTES, HOURS)
TIERS: Final = (RAW, *ROLLUPS)
# No resolution of a chart: who used the machine (domain/process_snapshots.py), kept as long as samples.
PROCESSES: Final = Tier(4, "processes", 30 * _S, _H)


@dataclass(frozen=True, slots=True)
class Keep:
    """How many days each tier is kept."""

    raw_days: int = 7
    minutes_days: int = 30
    ten_minutes_days: int = 180
    hours_days: int = 730

    def oldest(self, tier: Tier, now_ms: int) -> int:
        """Return the start of the oldest chunk that is still kept whole."""
        days = (self.raw_days, self.minutes_days, self.ten_minutes_days, self.hours_days)[tier.number]
        return tier.chunk_of(max(now_ms - days * DAY_MS, 0)) if days else 0

    def finest(self, start_ms: int, now_ms: int) -> Tier:
        """Return the finest tier that is kept as far back as `start_ms`; hours if none is."""
        return next((tier for tier in TIERS if self.oldest(tier, now_ms) <= start_ms), HOURS)

    def best(self, step_ms: int, start_ms: int, now_ms: int) -> Tier:
        """Return the coarsest tier that makes up buckets of this width and is kept back to `start_ms`."""
        fitting = (tier for tier in reversed(TIERS) if step_ms % tier.step_ms == 0)
        kept = (tier for tier in fitting if self.oldest(tier, now_ms) <= start_ms)
        return next(kept, self.finest(start_ms, now_ms))
