"""Decides what is told of an alert, to which channels, and remembers it with the alert."""

from collections.abc import Callable, Sequence
from secrets import token_hex
from typing import Final

from msgspec.structs import replace

from chatops_server.broker.fleet import Fleet
from chatops_server.domain.alerts.alert import Alert
from chatops_server.domain.alerts.readings import SERVER_UP
from chatops_server.domain.alerts.weekly import ZoneError, end_of, is_within
from chatops_server.services.alerting.scope import candidate
from chatops_server.services.alerting.standing import Standing
from chatops_server.services.alerting.views import AlertViews
from chatops_server.services.notifications.channels import Channel, Channels
from chatops_server.services.notifications.messages import Event, notification
from chatops_server.storage.sql.notifications import NotificationRow
from chatops_wire.rest_alerts import Severity

_RANK: Final[dict[Severity, int]] = {"info": 0, "warning": 1, "critical": 2}


class NoticeBoard:
    """See services.alerting.journal.Notices."""

    def __init__(
        self, channels: Channels, fleet: Fleet, views: AlertViews, now_ms: Callable[[], int]
    ) -> None:
        self._channels = channels
        self._fleet = fleet
        self._views = views
        self._now_ms = now_ms
        # Channels that know that something comes and goes, by threshold and server.
        self._flapping: dict[tuple[str, str], set[str]] = {}

    def of_open(self, alert: Alert, standing: Standing) -> tuple[Alert, Sequence[NotificationRow]]:
        """Return what is due now of a firing alert, and the alert that remembers it.

        What a silence, quiet hours or a server that is down keep back is due as soon as they are over.
        """
        is_kept_back = standing.silence_id is not None or standing.is_muted
        if alert.acknowledged_ms is not None or is_kept_back:
            return alert, ()
        now_ms = self._now_ms()
        rows: list[NotificationRow] = []
        told = dict(alert.told)
        for channel in self._channels.enabled():
            event = self._due(channel, alert, standing, now_ms)
            if event is not None:
                rows.append(self._row(channel.id, alert, event, now_ms))
                told[channel.id] = now_ms
        passed_on = self._passed_on(alert, now_ms)
        for channel_id, target in passed_on.items():
            rows.append(self._row(target, alert, "escalated", now_ms))
            told[target] = now_ms
            told.setdefault(channel_id, now_ms)
        if not rows:
            return alert, ()
        return replace(alert, told=told, escalated=(*alert.escalated, *passed_on)), rows

    def of_ended(self, alert: Alert, standing: Standing) -> Sequence[NotificationRow]:
        """Return what is due of an alert that has just ended: to those who know that it fired."""
        if standing.is_flapping:
            return ()
        now_ms = self._now_ms()
        channels = [each for each in self._channels.enabled() if each.id in alert.told]
        return [
            self._row(each.id, alert, "resolved", _after_quiet(each, alert, now_ms))
            for each in channels
            if each.body.send_resolved
        ]

    def of_steady(self, alert: Alert) -> Sequence[NotificationRow]:
        """Return what is due of an alert that no longer comes and goes: to those who know that it did."""
        now_ms = self._now_ms()
        known = self._flapping.pop((alert.threshold_id, alert.server_id), set())
        return [
            self._row(each.id, alert, "steady", now_ms)
            for each in self._channels.enabled()
            if each.id in known
        ]

    def _due(self, channel: Channel, alert: Alert, standing: Standing, now_ms: int) -> Event | None:
        if not self._wants(channel, alert) or _is_quiet(channel, alert, now_ms):
            return None
        if standing.is_flapping:
            known = self._flapping.setdefault((alert.threshold_id, alert.server_id), set())
            if channel.id in known:
                return None
            known.add(channel.id)
            return "flapping"
        last_ms = alert.told.get(channel.id)
        if last_ms is None:
            return "firing"
        repeat_ms = channel.body.repeat_s * 1000
        return "repeat" if repeat_ms and now_ms - last_ms >= repeat_ms else None

    def _wants(self, channel: Channel, alert: Alert) -> bool:
        if _RANK[alert.severity] < _RANK[channel.body.min_severity]:
            return False
        server = self._fleet.get(alert.server_id)
        if channel.selector is None or server is None:
            return server is not None
        return channel.selector.matches(candidate(server))

    def _passed_on(self, alert: Alert, now_ms: int) -> dict[str, str]:
        """Return where it is told because nobody acknowledged, by the channel where nobody did."""
        found = {}
        for channel in self._channels.enabled():
            body = channel.body
            is_over = body.escalate_after_s > 0 and now_ms - (alert.fired_ms or now_ms) >= (
                body.escalate_after_s * 1000
            )
            target = self._channels.get(body.escalate_to or "")
            is_new = channel.id in alert.told and channel.id not in alert.escalated
            if is_over and is_new and target is not None and target.body.enabled:
                found[channel.id] = target.id
        return found

    def _row(self, channel_id: str, alert: Alert, event: Event, due_ms: int) -> NotificationRow:
        notification_id = f"ntf_{token_hex(8)}"
        view = self._views.view(alert, is_whole=event == "firing")
        gathers = alert.metric == SERVER_UP and event in ("firing", "resolved")
        body = notification(notification_id, event, view)
        return NotificationRow(notification_id, channel_id, alert.id, gathers, self._now_ms(), due_ms, body)


def _is_quiet(channel: Channel, alert: Alert, now_ms: int) -> bool:
    quiet = channel.body.quiet_hours
    if quiet is None or alert.severity == "critical":
        return False
    try:
        return is_within(quiet, now_ms)
    except ZoneError:
        return False


def _after_quiet(channel: Channel, alert: Alert, now_ms: int) -> int:
    quiet = channel.body.quiet_hours
    return end_of(quiet, now_ms) if quiet and _is_quiet(channel, alert, now_ms) else now_ms
