"""Notifications on their way: what is to be told to which channel, until it was."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from chatops_server.storage.base import Script, execute, fetch
from chatops_wire.rest_alerts import Notification


@dataclass(frozen=True, slots=True)
class NotificationRow:
    """A notification that waits; `due_ms` is when it is to be tried."""

    id: str
    channel_id: str
    alert_id: str
    gathers: bool
    """Whether it waits for others of its kind, to be told in one message."""
    created_ms: int
    due_ms: int
    body: Notification
    attempts: int = 0


def add_notification(row: NotificationRow) -> Script[None]:
    """Insert a notification, once; of a channel that is gone nothing is stored."""
    yield from execute(
        "INSERT INTO notifications (id, channel_id, alert_id, event, gathers, created_ms, due_ms, body)"
        " SELECT $1, id, $3, $4, $5, $6, $7, $8 FROM channels WHERE id = $2"
        " ON CONFLICT (id) DO NOTHING",
        row.id,
        row.channel_id,
        row.alert_id,
        row.body.event,
        int(row.gathers),
        row.created_ms,
        row.due_ms,
        msgspec.json.encode(row.body).decode(),
    )


def waiting_notifications(channel_id: str, limit: int) -> Script[list[NotificationRow]]:
    """Return what waits for a channel, oldest first."""
    rows = yield from fetch(
        "SELECT id, channel_id, alert_id, gathers, created_ms, due_ms, body, attempts FROM notifications"
        " WHERE channel_id = $1 AND status = 'waiting' ORDER BY num LIMIT $2",
        channel_id,
        limit,
    )
    return [
        NotificationRow(
            row[0],
            row[1],
            row[2],
            bool(row[3]),
            row[4],
            row[5],
            msgspec.json.decode(row[6], type=Notification),
            row[7],
        )
        for row in rows
    ]


def notifications_delivered(ids: Sequence[str], at_ms: int) -> Script[None]:
    """Store that these were taken."""
    for each in ids:
        yield from execute(
            "UPDATE notifications SET status = 'delivered', delivered_ms = $2, attempts = attempts + 1"
            " WHERE id = $1",
            each,
            at_ms,
        )


def notifications_failed(ids: Sequence[str], due_ms: int) -> Script[None]:
    """Store that these were not taken, and when to try again."""
    for each in ids:
        yield from execute(
            "UPDATE notifications SET due_ms = $2, attempts = attempts + 1 WHERE id = $1", each, due_ms
        )


def notifications_given_up(ids: Sequence[str]) -> Script[None]:
    """Store that these are tried no more."""
    for each in ids:
        yield from execute("UPDATE notifications SET status = 'given_up' WHERE id = $1", each)


def notification_counts() -> Script[dict[str, tuple[int, int]]]:
    """Return by channel how many notifications wait, and how many were given up."""
    rows = yield from fetch(
        "SELECT channel_id, sum(CASE WHEN status = 'waiting' THEN 1 ELSE 0 END),"
        " sum(CASE WHEN status = 'given_up' THEN 1 ELSE 0 END) FROM notifications"
        " WHERE status <> 'delivered' GROUP BY channel_id"
    )
    return {str(row[0]): (int(row[1]), int(row[2])) for row in rows}


def drop_notifications_before(ms: int) -> Script[int]:
    """Delete what is over of the notifications made before then; return how many."""
    return (yield from execute("DELETE FROM notifications WHERE created_ms < $1 AND status <> 'waiting'", ms))
