"""Whether an alert comes and goes too often to be told of each time."""

from dataclasses import dataclass, replace
from typing import Final

# More than two whole episodes within half an hour: what follows would only tell the same again.
MOST_CHANGES: Final = 4
WITHIN_MS: Final = 30 * 60 * 1000
# Without a change for so long it is over.
STEADY_AFTER_MS: Final = 10 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Flaps:
    """The times at which an alert fired or ended, the newest MOST_CHANGES + 1 of them; ascending."""

    changes_ms: tuple[int, ...] = ()
    is_flapping: bool = False


def changed(flaps: Flaps, now_ms: int) -> Flaps:
    """Return the flaps after the alert fired or ended once more."""
    recent = tuple(at for at in flaps.changes_ms if at > now_ms - WITHIN_MS)
    kept = (*recent, now_ms)[-MOST_CHANGES - 1 :]
    return Flaps(kept, flaps.is_flapping or len(kept) > MOST_CHANGES)


def looked_at(flaps: Flaps, now_ms: int) -> Flaps:
    """Return the flaps as time passes: no longer flapping once nothing changed for STEADY_AFTER_MS."""
    if flaps.is_flapping and now_ms - flaps.changes_ms[-1] >= STEADY_AFTER_MS:
        return replace(flaps, is_flapping=False, changes_ms=())
    return flaps
