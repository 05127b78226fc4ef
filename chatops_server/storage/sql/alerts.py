"""Alerts: one row each, open and ended ones."""

from dataclasses import dataclass
from typing import Final

import msgspec

from chatops_server.domain.alerts.alert import Alert
from chatops_server.domain.alerts.merging import is_remembered
from chatops_server.storage.base import Script, execute, fetch, fetch_one

NEWEST: Final = 2**63 - 1
"""A cursor before which every alert stands."""


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts: None means any; `before` is the number of the last one already had."""

    status: str | None = None
    server_id: str | None = None
    before: int = NEWEST
    limit: int = 100


def put_alert(alert: Alert) -> Script[None]:
    """Insert an alert or replace what is stored of it; of a server that is gone nothing is stored."""
    yield from execute(
        "INSERT INTO alerts"
        " (id, server_num, threshold_id, status, is_remembered, started_ms, updated_ms, body)"
        " SELECT $1, num, $3, $4, $5, $6, $7, $8 FROM servers WHERE id = $2"
        " ON CONFLICT (id) DO UPDATE SET status = $4, is_remembered = $5, updated_ms = $7, body = $8",
        alert.id,
        alert.server_id,
        alert.threshold_id,
        alert.status,
        int(is_remembered(alert)),
        alert.started_ms,
        alert.updated_ms,
        msgspec.json.encode(alert).decode(),
    )


def forget_alert(alert_id: str) -> Script[None]:
    """Delete an alert that never fired."""
    yield from execute("DELETE FROM alerts WHERE id = $1", alert_id)


def remembered_alerts() -> Script[list[Alert]]:
    """Return what goes on after a start: open alerts, and those closed by hand while the breach lasts."""
    rows = yield from fetch("SELECT body FROM alerts WHERE is_remembered = 1 ORDER BY num")
    return [_alert(row[0]) for row in rows]


def remembered_alerts_of(server_num: int) -> Script[list[Alert]]:
    """Return those of one server."""
    rows = yield from fetch(
        "SELECT body FROM alerts WHERE server_num = $1 AND is_remembered = 1 ORDER BY num", server_num
    )
    return [_alert(row[0]) for row in rows]


def open_alert(threshold_id: str, server_id: str) -> Script[Alert | None]:
    """Return the one alert of a threshold and server that is remembered."""
    row = yield from fetch_one(
        "SELECT a.body FROM alerts a JOIN servers s ON s.num = a.server_num"
        " WHERE a.threshold_id = $1 AND s.id = $2 AND a.is_remembered = 1",
        threshold_id,
        server_id,
    )
    return _alert(row[0]) if row else None


def alerts_since(updated_ms: int) -> Script[list[Alert]]:
    """Return the alerts that changed since then, oldest first; at most 10,000."""
    rows = yield from fetch(
        "SELECT body FROM alerts WHERE updated_ms >= $1 ORDER BY num LIMIT 10000", updated_ms
    )
    return [_alert(row[0]) for row in rows]


def alert(alert_id: str) -> Script[Alert | None]:
    """Return one alert."""
    row = yield from fetch_one("SELECT body FROM alerts WHERE id = $1", alert_id)
    return _alert(row[0]) if row else None


def alerts_visible_to(user_id: str | None, wanted: AlertFilter) -> Script[list[tuple[int, Alert]]]:
    """Return alerts of the servers a user owns or has a grant on, newest first; None: of every server."""
    rows = yield from fetch(
        "SELECT a.num, a.body FROM alerts a JOIN servers s ON s.num = a.server_num"
        " LEFT JOIN grants g ON g.server_num = s.num AND g.user_id = $5"
        " WHERE a.num < $1 AND ($2 IS NULL OR a.status = $2) AND ($3 IS NULL OR s.id = $3)"
        " AND ($5 IS NULL OR s.owner_id = $5 OR g.user_id = $5)"
        " ORDER BY a.num DESC LIMIT $4",
        wanted.before,
        wanted.status,
        wanted.server_id,
        wanted.limit,
        user_id,
    )
    return [(int(row[0]), _alert(row[1])) for row in rows]


def alerts_around(server_id: str, ts_ms: int, limit: int) -> Script[list[Alert]]:
    """Return alerts of a server that began before and ended after a time, or are open; newest first.

    An alert that was commented on after its end may be among them.
    """
    rows = yield from fetch(
        "SELECT a.body FROM alerts a JOIN servers s ON s.num = a.server_num"
        " WHERE s.id = $1 AND a.started_ms <= $2 AND (a.status <> 'resolved' OR a.updated_ms > $2)"
        " ORDER BY a.num DESC LIMIT $3",
        server_id,
        ts_ms,
        limit,
    )
    return [_alert(row[0]) for row in rows]


def drop_alerts_before(ms: int, limit: int) -> Script[int]:
    """Delete at most `limit` ended alerts that have not changed since; return how many."""
    return (
        yield from execute(
            "DELETE FROM alerts WHERE num IN (SELECT num FROM alerts"
            " WHERE updated_ms < $1 AND is_remembered = 0 ORDER BY updated_ms LIMIT $2)",
            ms,
            limit,
        )
    )


def _alert(body: str) -> Alert:
    return msgspec.json.decode(body, type=Alert)
