"""`chatops alerts`: what fires, what is about to, and what has."""

import argparse
import time
from dataclasses import dataclass

from rich.text import Text

from chatops_tui.client.alert_calls import AlertQuery
from chatops_tui.client.connect import Hub
from chatops_tui.commands.grid import show_table
from chatops_tui.commands.ids import SHORT_ID
from chatops_tui.commands.say import drawn, say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.commands.targets import named
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.render import numbers
from chatops_tui.render.alerts import amount, condition, severity_ink, severity_mark, status_ink
from chatops_tui.store.alerts import SEVERITIES
from chatops_wire.rest_alerts import AlertView
from chatops_wire.times import parse_ms

_TITLES = (" ", "ID", "STATUS", "SERVER", "WHAT", "VALUE", "FOR", "BY", "MESSAGE")
_OPEN = ("firing", "acknowledged", "pending")
_ORDER = (*_OPEN, "resolved")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts; an empty name narrows nothing."""

    statuses: tuple[str, ...]
    server: str
    count: int
    as_json: bool


def wanted_of(arguments: argparse.Namespace) -> Wanted:
    """Return what was typed; without a status, all that are open."""
    statuses = tuple(dict.fromkeys(arguments.status)) or (_ORDER if arguments.all else _OPEN)
    return Wanted(statuses, arguments.server, arguments.lines, arguments.json)


def show_alerts(settings: Settings, wanted: Wanted) -> int:
    """Show alerts, what fires first, and return the exit status; UnknownServerError."""

    async def job(hub: Hub) -> int:
        server_id = named(await hub.rest.servers(), [wanted.server])[0].id if wanted.server else ""
        found: list[AlertView] = []
        for status in wanted.statuses:
            query = AlertQuery(status=status, server_id=server_id, limit=wanted.count)
            found += await hub.rest.alerts.newest(query)
        found = sorted(found, key=_urgency)[: wanted.count]
        if wanted.as_json:
            say_json(found)
        else:
            now_s = time.time()
            rows = [_row(settings, alert, now_s) for alert in found]
            show_table(settings, _TITLES, rows, wraps="MESSAGE", empty="no alerts")
        return ExitCode.DONE

    return with_hub(settings, job)


def _urgency(alert: AlertView) -> tuple[int, int, int]:
    is_over = alert.status == "resolved"
    return _ORDER.index(alert.status), 0 if is_over else SEVERITIES.index(alert.severity), -alert.since_ms


def _row(settings: Settings, alert: AlertView, now_s: float) -> tuple[Text, ...]:
    is_quiet = alert.silenced or alert.muted or alert.status in {"pending", "resolved"}
    value = alert.value if alert.last_value is None or alert.status == "resolved" else alert.last_value
    status = "silenced" if alert.status == "firing" and alert.silenced else alert.status
    return (
        drawn(settings, severity_mark(alert.severity), "off" if is_quiet else severity_ink(alert.severity)),
        drawn(settings, alert.id[:SHORT_ID], "muted"),
        drawn(settings, status, status_ink(alert.status)),
        drawn(settings, alert.server_name or alert.server_id, "strong"),
        drawn(settings, condition(alert.metric, alert.comparison, alert.threshold_value)),
        drawn(settings, amount(alert.metric, value)),
        drawn(settings, _lasted(alert, now_s), "muted"),
        drawn(settings, alert.acknowledged_by or "", "muted"),
        drawn(settings, alert.message),
    )


def _lasted(alert: AlertView, now_s: float) -> str:
    try:
        until_s = now_s if alert.resolved_at is None else parse_ms(alert.resolved_at) / 1000
        return numbers.duration(until_s - parse_ms(alert.started_at) / 1000)
    except ValueError:
        return numbers.MISSING
