"""How long things are kept, as people type and read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from chatops_tui.store.alert_texts import WrongTextError

FLAG: Final = "flag"
"""Typed for: what the hub's own flag says."""


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that is kept."""

    name: str
    """Of the hub's field."""
    label: str
    about: str
    most: int
    least: int = 1
    unit: str = "day"

    def said(self, value: int) -> str:
        """Return a length in words."""
        return f"{value} {self.unit}" if self.unit == "MB" or value == 1 else f"{value} {self.unit}s"

    def read(self, typed: str) -> int | None:
        """Return what was typed, None for the hub's flag.

        Raises:
            WrongTextError: It is no length the hub takes; begins with the label.
        """
        text = typed.strip().lower().removesuffix("mb").removesuffix("d").strip()
        if text in {FLAG, ""}:
            return None
        if not (text.isascii() and text.isdigit() and self.least <= int(text) <= self.most):
            raise WrongTextError(
                f"{self.label}: {typed!r} is no whole number from {self.least} to {self.most} ({self.unit}s),"
                f" nor {FLAG!r}"
            )
        return int(text)


_DECADE: Final = 3650
TERMS: Final = (
    Term("raw_days", "Samples", "every sample, one by one, with its top processes", _DECADE),
    Term("minutes_days", "By the minute", "average, lowest and highest of each minute", _DECADE),
    Term("ten_minutes_days", "By ten minutes", "of each ten minutes", _DECADE),
    Term("hours_days", "By the hour", "of each hour, the longest of all", 10 * _DECADE),
    Term("commands_days", "Commands", "commands, their output, recordings of terminals", _DECADE),
    Term("output_mb", "Their output", "beyond it the oldest output goes", 1_000_000, 16, "MB"),
    Term("events_days", "Events", "the timeline; the audit log is never cut", _DECADE),
)
"""As they are shown."""
BY_NAME: Final = {term.name: term for term in TERMS}


def patch_of(typed: Mapping[str, str]) -> dict[str, int | None]:
    """Return the body of the request for what was typed, by field; WrongTextError."""
    return {name: BY_NAME[name].read(text) for name, text in typed.items()}
