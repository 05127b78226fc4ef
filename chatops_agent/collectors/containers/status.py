"""The state of a container in the words of `docker ps`. Pure.

The engine words it when it is asked; its words grow old with every second, and asking costs its time.
"""

from dataclasses import dataclass
from typing import Final

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
# From github.com/docker/go-units, HumanDuration: up to so many hours, in units of so many, called so.
_LONG: Final = (
    (48, 1, "hours"),
    (24 * 14, 24, "days"),
    (24 * 60, 24 * 7, "weeks"),
    (24 * 730, 24 * 30, "months"),
)
_HEALTH: Final = {"starting": "health: starting", "healthy": "healthy", "unhealthy": "unhealthy"}


@dataclass(frozen=True, slots=True)
class Phase:
    """What the words depend on. Times are Unix milliseconds, None where it never happened."""

    state: str
    health: str | None = None
    exit_code: int = 0
    started_ms: int | None = None
    finished_ms: int | None = None


def in_words(phase: Phase, now_ms: int) -> str:
    """Return what `docker ps` shows in its column STATUS."""
    started = duration(now_ms - phase.started_ms) if phase.started_ms is not None else ""
    finished = duration(now_ms - phase.finished_ms) if phase.finished_ms is not None else ""
    match phase.state:
        case "running":
            health = _HEALTH.get(phase.health or "")
            return f"Up {started} ({health})" if health else f"Up {started}"
        case "paused":
            return f"Up {started} (Paused)"
        case "restarting":
            return f"Restarting ({phase.exit_code}) {finished} ago"
        case "exited" if finished:
            return f"Exited ({phase.exit_code}) {finished} ago"
        case "removing":
            return "Removal In Progress"
        case _:
            return phase.state.capitalize()


def duration(milliseconds: int) -> str:
    """Return a span of time as Docker's programs word it; a negative one is less than a second."""
    seconds = milliseconds // 1000
    if seconds < 1:
        return "Less than a second"
    if seconds < _MINUTE:
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    if seconds < _HOUR:
        return "About a minute" if seconds < 2 * _MINUTE else f"{seconds // _MINUTE} minutes"
    # Rounded to the nearest hour, but for years.
    hours = (seconds + _HOUR // 2) // _HOUR
    if hours == 1:
        return "About an hour"
    for limit, unit, name in _LONG:
        if hours < limit:
            return f"{hours // unit} {name}"
    return f"{seconds // _HOUR // 24 // 365} years"
