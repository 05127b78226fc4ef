"""Alerts as they are shown."""

from typing import Final

from chatops_server.broker.fleet import Fleet
from chatops_server.domain.alerts.alert import Alert
from chatops_server.services.alerting.standing import Standing, Standings
from chatops_wire.rest_alerts import AlertView
from chatops_wire.times import LAST_MS, format_ms

_NOTHING: Final = Standing()


class AlertViews:
    """Shows alerts, with what the fleet and their standing say of them at present."""

    def __init__(self, fleet: Fleet, standings: Standings) -> None:
        self._fleet = fleet
        self._standings = standings

    def view(self, alert: Alert, *, is_whole: bool = False, is_past: bool = False) -> AlertView:
        """Return an alert; `is_whole` with its context, `is_past` without what covers it at present."""
        server = self._fleet.get(alert.server_id)
        standing = _NOTHING if is_past or alert.resolved_ms is not None else self._standings.of(alert)
        return AlertView(
            id=alert.id,
            server_id=alert.server_id,
            threshold_id=alert.threshold_id,
            metric=alert.metric,
            severity=alert.severity,
            status=alert.status,
            value=alert.value,
            threshold_value=alert.threshold_value,
            comparison=alert.comparison,
            message=alert.message,
            started_at=format_ms(min(alert.started_ms, LAST_MS)),
            acknowledged_by=alert.acknowledged_by,
            resolved_at=_time(alert.resolved_ms),
            server_name="" if server is None else server.name,
            threshold_name=alert.threshold_name,
            target=alert.target,
            labels=() if server is None else server.tags,
            since_ms=alert.started_ms,
            fired_at=_time(alert.fired_ms),
            updated_at=format_ms(alert.updated_ms),
            last_value=alert.last_value,
            acknowledged_at=_time(alert.acknowledged_ms),
            clear_value=alert.clear_value,
            resolution=alert.resolution,
            silenced=standing.silence_id is not None,
            silence_id=standing.silence_id,
            muted=standing.is_muted,
            flapping=standing.is_flapping,
            no_data=alert.no_data,
            runbook=alert.runbook,
            context=alert.context if is_whole else None,
            comments=alert.comments,
        )


def _time(ms: int | None) -> str | None:
    return None if ms is None else format_ms(ms)
