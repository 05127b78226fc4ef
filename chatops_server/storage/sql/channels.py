"""Channels of notifications: one row each; addresses and secrets are sealed before they come here."""

from dataclasses import dataclass

import msgspec
from msgspec import Struct

from chatops_server.storage.base import Script, execute, fetch
from chatops_wire.rest_alerts import Severity, Weekly


class ChannelBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is no secret of a channel."""

    name: str
    shown_url: str
    has_secret: bool = False
    min_severity: Severity = "info"
    enabled: bool = True
    select: str = ""
    send_resolved: bool = True
    repeat_s: float = 0.0
    escalate_after_s: float = 0.0
    escalate_to: str | None = None
    quiet_hours: Weekly | None = None


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A stored channel."""

    id: str
    sealed: str
    body: ChannelBody
    created_ms: int
    last_delivered_ms: int | None = None
    last_error: str | None = None


def all_channels() -> Script[list[ChannelRow]]:
    """Return every channel, oldest first."""
    rows = yield from fetch(
        "SELECT id, sealed, body, created_ms, last_delivered_ms, last_error FROM channels ORDER BY num"
    )
    return [
        ChannelRow(row[0], row[1], msgspec.json.decode(row[2], type=ChannelBody), row[3], row[4], row[5])
        for row in rows
    ]


def add_channel(row: ChannelRow) -> Script[None]:
    """Insert a channel."""
    yield from execute(
        "INSERT INTO channels (id, sealed, body, created_ms) VALUES ($1, $2, $3, $4)",
        row.id,
        row.sealed,
        msgspec.json.encode(row.body).decode(),
        row.created_ms,
    )


def change_channel(row: ChannelRow) -> Script[bool]:
    """Store what a channel is now; return whether it is still there."""
    changed = yield from execute(
        "UPDATE channels SET sealed = $2, body = $3 WHERE id = $1",
        row.id,
        row.sealed,
        msgspec.json.encode(row.body).decode(),
    )
    return changed == 1


def delete_channel(channel_id: str) -> Script[bool]:
    """Delete a channel with what waits for it; return whether it was there."""
    return (yield from execute("DELETE FROM channels WHERE id = $1", channel_id)) == 1


def channel_reached(channel_id: str, at_ms: int) -> Script[None]:
    """Store that a channel took a message."""
    yield from execute(
        "UPDATE channels SET last_delivered_ms = $2, last_error = NULL WHERE id = $1", channel_id, at_ms
    )


def channel_failed(channel_id: str, error: str) -> Script[None]:
    """Store why a channel took no message."""
    yield from execute("UPDATE channels SET last_error = $2 WHERE id = $1", channel_id, error)
