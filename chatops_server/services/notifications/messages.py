"""Notifications as they are worded: one alert, a list of them, a test."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, Literal

from chatops_wire.rest_alerts import AlertView, Notification, Severity

Event = Literal["firing", "resolved", "repeat", "escalated", "flapping", "steady"]

_RANK: Final[dict[Severity, int]] = {"info": 0, "warning": 1, "critical": 2}
# A list that nobody scrolls through tells less than its length.
MOST_NAMED: Final = 50


def notification(notification_id: str, event: Event, alert: AlertView) -> Notification:
    """Return the message about one alert; when it is sent is filled in then."""
    said = {
        "firing": alert.message,
        "repeat": f"still: {alert.message}",
        "escalated": f"nobody has acknowledged: {alert.message}",
        "flapping": f"it comes and goes, nothing more is told of it until it is over: {alert.message}",
        "steady": f"it no longer comes and goes, now it is {alert.status}",
        "resolved": f"{alert.resolution or 'ended'}: {alert.message}",
    }[event]
    head = "RESOLVED" if event == "resolved" else alert.severity.upper()
    where = alert.server_name or alert.server_id
    lines = [said, *([f"Runbook: {alert.runbook}"] if alert.runbook else [])]
    return Notification(
        id=notification_id,
        event=event,
        title=f"[{head}] {where}: {alert.threshold_name or alert.metric}",
        message="\n".join(lines),
        severity=alert.severity,
        sent_at="",
        alert=alert,
        alerts=(alert,),
    )


def gathered(bodies: Sequence[Notification]) -> Notification:
    """Return one message that tells several, at least one; its id follows from theirs."""
    if len(bodies) == 1:
        return bodies[0]
    alerts = [alert for body in bodies for alert in body.alerts]
    severity = max((body.severity for body in bodies), key=_RANK.__getitem__)
    is_over = all(body.event == "resolved" for body in bodies)
    lines = [f"{body.title}: {body.message.splitlines()[0]}" for body in bodies[:MOST_NAMED]]
    if len(bodies) > MOST_NAMED:
        lines.append(f"and {len(bodies) - MOST_NAMED} more")
    return Notification(
        id="ntf_" + sha256(" ".join(body.id for body in bodies).encode()).hexdigest()[:16],
        event="group",
        title=f"[{'RESOLVED' if is_over else severity.upper()}] {len(bodies)} alerts: {_what(alerts)}",
        message="\n".join(lines),
        severity=severity,
        sent_at="",
        alert=alerts[0] if alerts else None,
        alerts=tuple(alerts),
    )


def trial(notification_id: str, channel: str, sent_at: str) -> Notification:
    """Return the message of the test button."""
    return Notification(
        id=notification_id,
        event="test",
        title=f"[TEST] channel {channel}",
        message="This is a test: notifications of this hub arrive here.",
        severity="info",
        sent_at=sent_at,
        alert=None,
        alerts=(),
    )


def _what(alerts: Sequence[AlertView]) -> str:
    servers = {alert.server_name or alert.server_id for alert in alerts}
    names = {alert.threshold_name or alert.metric for alert in alerts}
    what = names.pop() if len(names) == 1 else f"{len(names)} thresholds"
    return f"{what} on {len(servers)} servers" if len(servers) > 1 else f"{what} on {servers.pop()}"
