"""Parts of the week: maintenance windows and quiet hours, in the time of a place."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chatops_wire.rest_alerts import EVERY_DAY, Weekly


class ZoneError(ValueError):
    """No such time zone, or none is known to this machine."""


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """Return a time zone. Reads it from disk the first time: that is not for an event loop.

    Raises:
        ZoneError: See there.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ZoneError(f"unknown time zone {name[:64]!r}") from exc


def is_within(weekly: Weekly, at_ms: int) -> bool:
    """Return whether a moment lies within; the beginning counts, the end does not.

    A part that ends before it begins goes on into the next day and belongs to the day it begins on; one
    that ends as it begins is the whole day. Where clocks are put forward or back, what counts is what
    they show.

    Raises:
        ZoneError: See `zone`.
    """
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone(weekly.tz))
    clock = local.strftime("%H:%M")
    if weekly.from_ == weekly.to:
        return _is_on(weekly, local.date())
    if weekly.from_ < weekly.to:
        return _is_on(weekly, local.date()) and weekly.from_ <= clock < weekly.to
    if clock >= weekly.from_:
        return _is_on(weekly, local.date())
    return clock < weekly.to and _is_on(weekly, local.date() - _DAY)


def end_of(weekly: Weekly, at_ms: int) -> int:
    """Return when the part of the week that holds `at_ms` is over, to the five minutes; at most a day later.

    Raises:
        ZoneError: See `zone`.
    """
    step = at_ms - at_ms % _STEP_MS
    for _ in range(_DAY // timedelta(milliseconds=_STEP_MS)):
        step += _STEP_MS
        if not is_within(weekly, step):
            break
    return step


def _is_on(weekly: Weekly, day: date) -> bool:
    return EVERY_DAY[day.weekday()] in weekly.days


_DAY: Final = timedelta(days=1)
_STEP_MS: Final = 5 * 60 * 1000
