"""One alert from its beginning to its end, as it is remembered and kept."""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from chatops_server.domain.alerts.machine import State
from chatops_wire.rest_alerts import AlertComment, AlertContext, AlertStatus, Comparison, Severity

Resolution = Literal[
    "", "recovered", "by hand", "no such target", "threshold changed", "threshold deleted", "out of scope"
]


class Alert(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One alert; times in Unix ms."""

    id: str
    server_id: str
    threshold_id: str
    threshold_name: str = ""
    metric: str
    target: str | None = None
    severity: Severity
    comparison: Comparison
    threshold_value: float
    clear_value: float | None = None
    runbook: str = ""
    state: State
    started_ms: int
    value: float | None = None
    last_value: float | None = None
    message: str = ""
    fired_ms: int | None = None
    """By the hub's clock, like all that follow."""
    updated_ms: int = 0
    acknowledged_ms: int | None = None
    acknowledged_by: str | None = None
    resolved_ms: int | None = None
    resolution: Resolution = ""
    no_data: bool = False
    context: AlertContext | None = None
    comments: tuple[AlertComment, ...] = ()
    told: dict[str, int] = {}
    """When each channel, by its id, was told last that it fires."""
    escalated: tuple[str, ...] = ()
    """Channels from which it was passed on because nobody acknowledged."""

    @property
    def status(self) -> AlertStatus:
        """What is shown of it."""
        if self.resolved_ms is not None:
            return "resolved"
        if self.fired_ms is None:
            return "pending"
        return "firing" if self.acknowledged_ms is None else "acknowledged"


def as_of(alert: Alert, ts_ms: int) -> Alert | None:
    """Return the alert as it stood at a time; None where it had not begun, or was over."""
    if alert.started_ms > ts_ms or (alert.resolved_ms is not None and alert.resolved_ms <= ts_ms):
        return None
    has_fired = alert.fired_ms is not None and alert.fired_ms <= ts_ms
    is_acknowledged = alert.acknowledged_ms is not None and alert.acknowledged_ms <= ts_ms
    return replace(
        alert,
        fired_ms=alert.fired_ms if has_fired else None,
        acknowledged_ms=alert.acknowledged_ms if is_acknowledged else None,
        acknowledged_by=alert.acknowledged_by if is_acknowledged else None,
        resolved_ms=None,
        resolution="",
    )
