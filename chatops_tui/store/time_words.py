"""A moment as people type it: `-2h`, `14:05`, `yesterday 14:05`, `2026-01-31 14:05`. Pure."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from chatops_wire.times import LAST_MS

EXAMPLES: Final = "-2h   14:05   yesterday 14:05   2026-01-31 14:05"
NOW: Final = "now"

_UNITS_S: Final = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AMOUNT: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(min|[smhdw])\s*", re.ASCII)
_AGO: Final = re.compile(rf"-?\s*((?:{_AMOUNT.pattern})+)(ago)?", re.ASCII)
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_DAYS: Final = {"today": 0, "yesterday": 1}
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Nobody's samples are older, and a thousand years ago is no date any more.
_MOST_S: Final = 400 * 86_400


class MomentError(ValueError):
    """It names no moment, or one to come; the text is a sentence for whoever typed it."""


def parse_moment(text: str, now_ms: int, zone: tzinfo) -> int | None:
    """Return the moment as Unix milliseconds; None for `now`. Clock times are of `zone`.

    A clock time alone is the last time it was that late: after midnight `23:50` is yesterday's.

    Raises:
        MomentError: See the class.
    """
    words = " ".join(text.lower().split())
    if words in {NOW, "live", "0"}:
        return None
    found_ms = _ago(words, now_ms)
    if found_ms is None:
        found_ms = _of_day(words, now_ms, zone)
    if found_ms is None:
        found_ms = _written_out(text.strip(), zone)
    if found_ms is None:
        raise MomentError(f"That is no time. Try {EXAMPLES}")
    if found_ms > now_ms:
        raise MomentError("That is still to come: only the past can be shown.")
    if found_ms < 0:
        raise MomentError("That is before 1970.")
    return found_ms


def _ago(words: str, now_ms: int) -> int | None:
    matched = _AGO.fullmatch(words)
    # `5m` alone may be meant as either; a sign or the word says which.
    if matched is None or not (words.startswith("-") or matched[4]):
        return None
    seconds = sum(float(amount) * _UNITS_S[unit] for amount, unit in _AMOUNT.findall(matched[1]))
    if seconds > _MOST_S:
        raise MomentError("That is longer ago than anything is kept.")
    return now_ms - int(seconds * 1000)


def _of_day(words: str, now_ms: int, zone: tzinfo) -> int | None:
    """Return the moment of `14:05`, `yesterday`, `yesterday 14:05`, `mon 9:00`."""
    now = datetime.fromtimestamp(now_ms / 1000, zone)
    first, _, rest = words.partition(" ")
    back = _days_back(first, now)
    clock = _CLOCK.fullmatch(rest if back is not None else words)
    if clock is None and (back is None or rest):
        return None
    hour, minute, second = (int(part or 0) for part in clock.groups()) if clock else (now.hour, now.minute, 0)
    try:
        at = now.replace(hour=hour, minute=minute, second=second, microsecond=0)
    except ValueError:
        raise MomentError("A day has no such time.") from None
    if back is not None:
        at -= timedelta(days=back)
    elif at > now:
        at -= timedelta(days=1)
    return int(at.timestamp() * 1000)


def _days_back(word: str, now: datetime) -> int | None:
    if word in _DAYS:
        return _DAYS[word]
    at = next((at for at, day in enumerate(_WEEKDAYS) if word.startswith(day) and word.isalpha()), None)
    # Today's own name means a week ago: today has a name of its own.
    return None if at is None else (now.weekday() - at - 1) % 7 + 1


def _written_out(text: str, zone: tzinfo) -> int | None:
    """Return the moment of an ISO date with or without a time and an offset."""
    try:
        at = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=zone)
    try:
        return min(int(at.astimezone(UTC).timestamp() * 1000), LAST_MS)
    except (OverflowError, ValueError):
        return None
