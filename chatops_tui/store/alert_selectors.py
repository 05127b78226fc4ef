"""What a screen asks of alerts: which, in which order."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from chatops_tui.store.alerts import SEVERITIES, Alert, Standing
from chatops_tui.store.filters import Language, compiled

_STANDING_WORDS: Final[Mapping[Standing, str]] = {
    Standing.FIRING: "firing",
    Standing.QUIET: "silenced",
    Standing.ACKNOWLEDGED: "acknowledged",
    Standing.PENDING: "pending",
    Standing.RESOLVED: "resolved",
}

ALERTS: Final[Language[Alert]] = Language(
    words=lambda alert: (
        alert.view.server_name,
        alert.view.metric,
        alert.view.threshold_name,
        alert.view.message,
        alert.view.target or "",
        *alert.view.labels,
    ),
    fields={
        "server": lambda alert, value: value in alert.view.server_name.lower(),
        "metric": lambda alert, value: value in alert.view.metric.lower(),
        "tag": lambda alert, value: any(value in tag.lower() for tag in alert.view.labels),
        "severity": lambda alert, value: alert.view.severity.startswith(value),
        "status": lambda alert, value: (
            alert.view.status.startswith(value) or _STANDING_WORDS[alert.standing].startswith(value)
        ),
        "by": lambda alert, value: value in (alert.view.acknowledged_by or "").lower(),
    },
    numbers={"value": lambda alert: alert.view.value},
)


def alerts(items: Iterable[Alert], text: str = "", *, with_resolved: bool) -> list[Alert]:
    """Return those that match the filter `text`, what wants somebody first, of equal ones the newest.

    Args:
        items: In any order.
        text: As in `store.filters`; empty picks all.
        with_resolved: Whether those that have ended are among them.
    """
    matches = compiled(text, ALERTS)
    found = [alert for alert in items if (with_resolved or alert.is_open) and matches(alert)]
    return sorted(found, key=_urgency)


def fired(items: Iterable[Alert], families: Sequence[str]) -> list[Alert]:
    """Return those that fired on a metric of `families`, the oldest first.

    Args:
        items: In any order.
        families: How the names of the metrics begin; one with a label is the whole name.
    """
    prefixes = tuple(family for family in families if ":" not in family)
    found = [
        one
        for one in items
        if one.has_fired and (one.view.metric.startswith(prefixes) or one.view.metric in families)
    ]
    return sorted(found, key=lambda alert: alert.started_ms)


def _urgency(alert: Alert) -> tuple[int, int, int]:
    standing = alert.standing
    # Of what is over nobody wants the worst first.
    severity = 0 if standing is Standing.RESOLVED else SEVERITIES.index(alert.view.severity)
    since_ms = alert.resolved_ms or 0 if standing is Standing.RESOLVED else alert.started_ms
    return standing, severity, -since_ms
