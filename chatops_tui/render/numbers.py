"""Values as text of a small, fixed width: sizes, rates, percentages, times.

What is missing (None, NaN, an infinity) is always the same dash. Sizes and rates count in 1024s, like free,
htop and Docker do.
"""

import math
from collections.abc import Callable, Mapping
from typing import Final, TypeGuard

from chatops_wire.metrics import Unit

MISSING: Final = "–"  # noqa: RUF001 - the dash is meant

SIZE_WIDTH: Final = 5
"""The widest size or rate: `12.1M`, `1023K`."""

PERCENT_WIDTH: Final = 4
"""The widest percentage of a machine: `100%`. A process may take more."""

_BINARY: Final = 1024
_UNITS: Final = "BKMGTPE"

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


def is_number(value: float | None) -> TypeGuard[float]:
    """Return whether there is something to show."""
    return value is not None and math.isfinite(value)


def size(value: float | None) -> str:
    """Return bytes in at most 5 characters: `0B`, `812B`, `9.5K`, `12.1M`, `300K`, `1023K`."""
    if not is_number(value):
        return MISSING
    sign, amount = ("-", -value) if value < 0 else ("", value)
    power = 0
    # Half a unit below the step already rounds up to it: 1023.6K is 1.0M, never 1024K.
    while amount >= _BINARY - 0.5 and power < len(_UNITS) - 1:
        amount /= _BINARY
        power += 1
    return f"{sign}{_short(amount) if power else round(amount)}{_UNITS[power]}"


def rate(value: float | None) -> str:
    """Return bytes per second like `size`, without the B: `0`, `9.5K`, `12.1M`. The caller adds `/s`."""
    return size(value).removesuffix("B")


def percent(value: float | None, decimals: int = 0) -> str:
    """Return `94%`, or `31.2%` with one decimal. Not bounded by 100."""
    return f"{_positive_zero(value, decimals):.{decimals}f}%" if is_number(value) else MISSING


def load(value: float | None) -> str:
    """Return a load average in at most 4 characters up to 9999: `0.42`, `8.10`, `12.3`, `123`."""
    if not is_number(value):
        return MISSING
    if value < 9.995:  # noqa: PLR2004 - what still rounds to a single digit before the point
        return f"{_positive_zero(value, 2):.2f}"
    return f"{value:.1f}" if value < 99.95 else f"{value:.0f}"  # noqa: PLR2004 - likewise for two


def celsius(value: float | None) -> str:
    """Return whole degrees: `54°C`."""
    return f"{_positive_zero(value, 0):.0f}°C" if is_number(value) else MISSING


def count(value: float | None) -> str:
    """Return a number of things in at most 5 characters: `0`, `812`, `9999`, `12.1k`, `1.2M`."""
    if not is_number(value):
        return MISSING
    if abs(value) < 9999.5:  # noqa: PLR2004 - four digits are shorter than any abbreviation
        return f"{_positive_zero(value, 0):.0f}"
    amount, power = value / 1000, 0
    while abs(amount) >= 999.5 and power < 3:  # noqa: PLR2004 - rounds to the next step; T is the last
        amount, power = amount / 1000, power + 1
    return f"{_short(amount)}{'kMGT'[power]}"


def duration(seconds: float | None) -> str:
    """Return the largest whole unit in at most 4 characters up to 999 days: `45s`, `12m`, `3h`, `41d`."""
    if not is_number(seconds):
        return MISSING
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m"
    return f"{whole // _HOUR}h" if whole < _DAY else f"{whole // _DAY}d"


def duration_long(seconds: float | None) -> str:
    """Return the two largest units: `45s`, `12m 5s`, `3h 4m`, `41d 3h`."""
    if not is_number(seconds):
        return MISSING
    whole = max(0, int(seconds))
    for large, small, names in ((_DAY, _HOUR, "dh"), (_HOUR, _MINUTE, "hm"), (_MINUTE, 1, "ms")):
        if whole >= large:
            rest = whole % large // small
            return f"{whole // large}{names[0]} {rest}{names[1]}" if rest else f"{whole // large}{names[0]}"
    return f"{whole}s"


def age(seconds: float | None) -> str:
    """Return how long ago, in at most 4 characters: `0.6s`, `4s`, `12m`; in the future it is `0.0s`."""
    if not is_number(seconds):
        return MISSING
    shown = max(0.0, seconds)
    return f"{shown:.1f}s" if shown < 0.95 else duration(shown + 0.05)  # noqa: PLR2004 - rounds to a second


def milliseconds(value: float | None) -> str:
    """Return a round-trip time: `0.4ms`, `38ms`, `1.2s`."""
    if not is_number(value):
        return MISSING
    if value < 0.95:  # noqa: PLR2004 - rounds to one
        return f"{max(0.0, value):.1f}ms"
    return f"{value:.0f}ms" if value < 999.5 else f"{value / 1000:.1f}s"  # noqa: PLR2004 - rounds to 1000


def of_unit(value: float | None, unit: Unit) -> str:
    """Return `value` as its unit is written; rates carry `/s`, a flag is `yes` or `no`."""
    return _BY_UNIT[unit](value) if is_number(value) else MISSING


def _short(amount: float) -> str:
    """Return two or three digits: `9.5`, `12.1`, `300`."""
    return f"{amount:.1f}" if abs(amount) < 99.95 else f"{amount:.0f}"  # noqa: PLR2004 - rounds to three digits


def _positive_zero(value: float, decimals: int) -> float:
    """Return `value` rounded, with a plain 0 where rounding would print `-0`."""
    return round(value, decimals) or 0.0


_BY_UNIT: Final[Mapping[Unit, Callable[[float], str]]] = {
    "percent": percent,
    "bytes": size,
    "bytes/s": lambda value: f"{rate(value)}/s",
    "celsius": celsius,
    "load": load,
    "count": count,
    "seconds": duration_long,
    "bool": lambda value: "yes" if value else "no",
}
