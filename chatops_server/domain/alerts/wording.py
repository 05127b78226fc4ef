"""What is said of an alert, in the words people read."""

from typing import Final

from chatops_server.domain.alerts.alert import Alert
from chatops_server.domain.alerts.readings import SERVER_UP
from chatops_wire.metrics import Unit
from chatops_wire.rest_alerts import Comparison
from chatops_wire.times import LAST_MS, format_ms

_SIGNS: Final[dict[Comparison, str]] = {
    "gt": ">",
    "gte": "≥",
    "lt": "<",
    "lte": "≤",
    "eq": "=",
    "ne": "≠",
}
_STEPS: Final = ("", "K", "M", "G", "T", "P")
_BINARY: Final = 1024.0


def message(alert: Alert, unit: Unit) -> str:
    """Return one line: `disk.percent is 96.2 % (/var) > 95 % since 2026-01-31 12:00:00 UTC`."""
    since = f"since {format_ms(min(alert.started_ms, LAST_MS))[:19].replace('T', ' ')} UTC"
    if alert.value is None:
        return f"{alert.metric} does not come any more, {since}"
    if alert.metric == SERVER_UP:
        return f"the server is {'up' if alert.value else 'down'} {since}"
    value, limit = amount(alert.value, unit), amount(alert.threshold_value, unit)
    is_named = alert.target is None or alert.metric.endswith(f":{alert.target}")
    where = "" if is_named else f" ({alert.target})"
    return f"{alert.metric} is {value}{where} {_SIGNS[alert.comparison]} {limit} {since}"


def amount(value: float, unit: Unit) -> str:
    """Return a number with its unit, as short as it may be."""
    match unit:
        case "percent":
            return f"{_short(value)} %"
        case "celsius":
            return f"{_short(value)} °C"
        case "seconds":
            return f"{_short(value)} s"
        case "bytes":
            return _bytes(value)
        case "bytes/s":
            return f"{_bytes(value)}/s"
        case "load" | "count" | "bool":
            return _short(value)


def _bytes(value: float) -> str:
    for step in _STEPS[:-1]:
        if abs(value) < _BINARY:
            return f"{_short(value)} {step}{'i' if step else ''}B"
        value /= _BINARY
    return f"{_short(value)} {_STEPS[-1]}iB"


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0") if abs(value) < 1e15 else f"{value:.3g}"  # noqa: PLR2004 - beyond which floats have no tenths
