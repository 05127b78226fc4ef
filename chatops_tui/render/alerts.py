"""An alert and its threshold in words and marks: `▲ disk.percent:/var > 90%`, `✖ firing`."""

from typing import Final

from chatops_tui.render import numbers
from chatops_tui.render.spans import Ink
from chatops_wire.metrics import CATALOGUE, Unit
from chatops_wire.rest_alerts import CONDITIONS, AlertStatus, Comparison, Severity

SIGNS: Final[dict[Comparison, str]] = {
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "eq": "=",
    "ne": "!=",
}
_LOOK: Final[dict[Severity, tuple[str, Ink]]] = {
    "critical": ("✖", "crit"),
    "warning": ("▲", "warn"),
    "info": ("●", "info"),
}
_STATUS_INKS: Final[dict[AlertStatus, Ink]] = {
    "pending": "muted",
    "firing": "strong",
    "acknowledged": "info",
    "resolved": "ok",
}
# Beyond this many digits a number is read by nobody.
_DIGITS: Final = 6


def severity_mark(severity: Severity) -> str:
    """Return the one-cell mark: ✖ ▲ ●."""
    return _LOOK[severity][0]


def severity_ink(severity: Severity) -> Ink:
    """Return the ink the severity is written in."""
    return _LOOK[severity][1]


def status_ink(status: AlertStatus) -> Ink:
    """Return the ink the status is written in."""
    return _STATUS_INKS[status]


def unit_of(metric: str) -> Unit:
    """Return the unit of a metric with or without label; of one of a newer hub, a plain count."""
    family = metric.partition(":")[0]
    known = CATALOGUE.get(family) or CONDITIONS.get(family)
    return known.unit if known else "count"


def amount(metric: str, value: float | None) -> str:
    """Return a value of a metric as a person reads it: `91%`, `1.5G`, `12M/s`, `2m 5s`, `down`."""
    if value is None:
        return "no data"
    unit = unit_of(metric)
    if unit == "bool":
        return "up" if value else "down"
    # A threshold of 99.5 must not look like one of 100.
    if unit in {"percent", "load", "count", "celsius"}:
        sign = {"percent": "%", "celsius": "°C"}.get(unit, "")
        return f"{_short(value)}{sign}"
    return numbers.of_unit(value, unit)


def condition(metric: str, comparison: Comparison, value: float) -> str:
    """Return what has to hold: `disk.percent:/var > 90%`."""
    if unit_of(metric) == "bool":
        return f"{metric} {SIGNS[comparison]} {value:g}"
    return f"{metric} {SIGNS[comparison]} {amount(metric, value)}"


def _short(value: float) -> str:
    return f"{round(value, 1 if abs(value) < 10_000 else 0):.{_DIGITS}g}"  # noqa: PLR2004 - four digits
