"""What people type about alerts, and how it is shown to them again: conditions, times, weekly hours. Pure.

Whatever a function with `_text` returns, its counterpart understands as the same.
"""

import re
from decimal import Decimal
from typing import Final, get_args

from chatops_tui.render.alerts import SIGNS, unit_of
from chatops_wire import metrics
from chatops_wire.metrics import Unit
from chatops_wire.rest_alerts import (
    CONDITIONS,
    EVERY_DAY,
    Aggregation,
    Comparison,
    Day,
    Severity,
    Weekly,
)

_CONDITION: Final = re.compile(r"\s*(\S.*?)\s*(>=|<=|==|!=|<>|=|>|<)\s*(\S+)\s*")
_COMPARISONS: Final[dict[str, Comparison]] = {sign: name for name, sign in SIGNS.items()} | {
    "==": "eq",
    "<>": "ne",
}
_AMOUNT: Final = re.compile(r"([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*([a-z%°/]*)", re.IGNORECASE)
_SIZES: Final = {"": 1.0, "b": 1.0, "k": 1024.0, "m": 1024.0**2, "g": 1024.0**3, "t": 1024.0**4}
_SUFFIXES: Final[dict[Unit, tuple[str, ...]]] = {
    "percent": ("", "%"),
    "celsius": ("", "c", "°c", "°"),
    "load": ("",),
    "count": ("",),
    "bool": ("",),
}
_PARTS: Final = re.compile(r"(\d+(?:\.\d+)?)(d|h|m|s)?")
_SECONDS: Final = {"d": 86_400, "h": 3600, "m": 60, "s": 1}
_CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_WEEKLY_FORM: Final = "a time of day like 22:00-06:00, with days before it (mon-fri) and a time zone after it"


class WrongTextError(ValueError):
    """Not what is asked for; the text is a sentence without a full stop that says what is."""


def condition(text: str) -> tuple[str, Comparison, float]:
    """Return metric, comparison and value of `disk.percent:/var > 90`; WrongTextError."""
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise WrongTextError("a metric, a comparison and a value, like disk.percent:/var > 90")
    metric = known_metric(found[1])
    return metric, _COMPARISONS[found[2]], amount(found[3], unit_of(metric))


def condition_text(metric: str, comparison: Comparison, value: float) -> str:
    """Return the condition as it is typed."""
    return f"{metric} {SIGNS[comparison]} {amount_text(value, unit_of(metric))}"


def known_metric(text: str) -> str:
    """Return the name of a metric, or of a condition of containers, with its label; WrongTextError."""
    family, colon, label = text.partition(":")
    if family in CONDITIONS:
        if colon and not label:
            raise WrongTextError(f"nothing after {text}")
        return text
    try:
        return metrics.parse(text).text
    except metrics.UnknownMetricError as exc:
        raise WrongTextError(str(exc)) from exc


def amount(text: str, unit: Unit) -> float:
    """Return a value with or without its unit: `90`, `90%`, `2G`, `10M/s`, `5m`; WrongTextError."""
    if unit == "seconds":
        return seconds(text)
    found = _AMOUNT.fullmatch(text.strip())
    number, suffix = (found[1], found[2].lower()) if found else ("", "")
    if found and unit in {"bytes", "bytes/s"}:
        scale = _SIZES.get(suffix.removesuffix("/s").removesuffix("ib").removesuffix("b"))
        if scale is not None:
            return float(number) * scale
    elif found and suffix in _SUFFIXES[unit]:
        return float(number)
    raise WrongTextError(f"{text.strip()!r} is no value in {unit}")


def amount_text(value: float, unit: Unit) -> str:
    """Return a value as it is typed, exactly."""
    if unit == "seconds":
        return seconds_text(value) or "0s"
    if unit in {"bytes", "bytes/s"}:
        for suffix in "tgmk":
            if value and value % _SIZES[suffix] == 0:
                return f"{int(value / _SIZES[suffix])}{suffix.upper()}"
    return f"{int(value)}" if value.is_integer() and abs(value) < 1e15 else repr(value)  # noqa: PLR2004 - exact below


def seconds(text: str) -> float:
    """Return a duration: `90`, `90s`, `5m`, `1h30m`, `2d`, nothing for none; WrongTextError."""
    typed = text.strip().lower().replace(" ", "")
    parts = _PARTS.findall(typed)
    without_unit = sum(not unit for _number, unit in parts)
    is_whole = "".join(number + unit for number, unit in parts) == typed
    if not is_whole or (without_unit and len(parts) > 1):
        raise WrongTextError(f"{text.strip()!r} is no duration: 90s, 5m, 1h30m, 2d")
    return sum((float(number) * _SECONDS[unit or "s"] for number, unit in parts), 0.0)


def seconds_text(value: float) -> str:
    """Return a duration as it is typed, exactly; empty for none."""
    whole = int(value)
    if whole != value:
        # Without an exponent, which is no part of a duration.
        return f"{Decimal(repr(value)):f}s"
    parts: list[str] = []
    for unit, size in _SECONDS.items():
        count, whole = divmod(whole, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def severity(text: str) -> Severity:
    """Return `critical`, `warning` or `info`, of which the beginning is enough; WrongTextError."""
    typed = text.strip().lower()
    found: list[Severity] = [one for one in get_args(Severity) if typed and one.startswith(typed)]
    if not found:
        raise WrongTextError(f"a severity is info, warning or critical, not {text.strip()!r}")
    return found[0]


def window(text: str) -> tuple[Aggregation, float]:
    """Return what is made of how many seconds: `avg 5m`; nothing judges each sample; WrongTextError."""
    words = text.split()
    if not words:
        return "last", 0.0
    names: tuple[Aggregation, ...] = get_args(Aggregation)
    chosen = next((name for name in names if name == words[0].lower()), None)
    length = seconds("".join(words[1:]))
    if chosen is None or not length:
        raise WrongTextError(f"a window is avg, max or min and how long (avg 5m), not {text.strip()!r}")
    return chosen, length


def window_text(aggregation: Aggregation, window_s: float) -> str:
    """Return a window as it is typed; empty for none."""
    return f"{aggregation} {seconds_text(window_s)}" if window_s else ""


def weekly(text: str, zone: str) -> Weekly | None:
    """Return the hours of some days: `mon-fri 22:00-06:00 Europe/Berlin`; None for none; WrongTextError.

    Without days it is every day, without a zone `zone`.
    """
    words = text.split()
    if not words:
        return None
    place = next((at for at, word in enumerate(words) if ":" in word), None)
    if place is None:
        raise WrongTextError(f"{text.strip()!r} has no {_WEEKLY_FORM}")
    begin, dash, end = words[place].partition("-")
    zones = words[place + 1 :]
    if not dash or len(zones) > 1:
        raise WrongTextError(f"{text.strip()!r} is not {_WEEKLY_FORM}")
    return Weekly(
        days=_days("".join(words[:place])),
        from_=_clock(begin),
        to=_clock(end),
        tz=zones[0] if zones else zone,
    )


def weekly_text(hours: Weekly | None) -> str:
    """Return weekly hours as they are typed; empty for none."""
    if hours is None:
        return ""
    days = "" if set(hours.days) == set(EVERY_DAY) else _days_text(hours.days) + " "
    return f"{days}{hours.from_}-{hours.to} {hours.tz}"


def _clock(text: str) -> str:
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise WrongTextError(f"{text!r} is no time of day like 22:00")
    return f"{int(found[1]):02}:{found[2]}"


def _days(text: str) -> tuple[Day, ...]:
    if not text:
        return EVERY_DAY
    chosen: set[Day] = set()
    for part in text.lower().split(","):
        first, _, last = part.partition("-")
        begin, end = _day(first), _day(last or first)
        # Over the weekend too: sat-mon.
        count = (EVERY_DAY.index(end) - EVERY_DAY.index(begin)) % len(EVERY_DAY)
        chosen |= {EVERY_DAY[(EVERY_DAY.index(begin) + n) % len(EVERY_DAY)] for n in range(count + 1)}
    return tuple(day for day in EVERY_DAY if day in chosen)


def _day(text: str) -> Day:
    for day in EVERY_DAY:
        if text.startswith(day):
            return day
    raise WrongTextError(f"{text!r} is no day: mon, tue, wed, thu, fri, sat, sun")


def _days_text(days: tuple[Day, ...]) -> str:
    places = [EVERY_DAY.index(day) for day in days]
    in_a_row = len(places) > 2 and places == list(range(places[0], places[0] + len(places)))  # noqa: PLR2004 - a range
    return f"{days[0]}-{days[-1]}" if in_a_row else ",".join(days)
