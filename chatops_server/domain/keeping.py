"""For how long a hub keeps what it stores: its flags, and what an admin has set since in their place."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final

from chatops_server.domain.tiers import DAY_MS, Keep

_MEGABYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Terms:
    """How many days each kind of record stays, and how much output of commands."""

    raw_days: int = 7
    minutes_days: int = 30
    ten_minutes_days: int = 180
    hours_days: int = 730
    commands_days: int = 90
    """Commands, their output and recordings of terminals."""
    output_mb: int = 1024
    """Output of commands, compressed; beyond it the oldest goes."""
    events_days: int = 90
    """The timeline. A quarter: long enough to look back over a release. The audit log is never cut."""

    @property
    def tiers(self) -> Keep:
        """Samples and their rollups."""
        return Keep(self.raw_days, self.minutes_days, self.ten_minutes_days, self.hours_days)

    @property
    def output_bytes(self) -> int:
        """How much output of commands is kept."""
        return self.output_mb * _MEGABYTE

    def commands_since(self, now_ms: int) -> int:
        """Return since when commands are kept."""
        return now_ms - self.commands_days * DAY_MS

    def events_since(self, now_ms: int) -> int:
        """Return since when events are kept."""
        return now_ms - self.events_days * DAY_MS

    def with_set(self, values: Mapping[str, int]) -> "Terms":
        """Return these with some of them set; names that are none are left out."""
        return replace(self, **{name: value for name, value in values.items() if name in NAMES})


NAMES: Final = tuple(field.name for field in fields(Terms))
"""What there is to set, in the order it is shown."""
