"""The timeline: what happened, in the words people read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from chatops_server.storage.base import Row, Script, execute, fetch

NEWEST: Final = 2**63 - 1
"""A cursor before which every entry stands."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event about to be stored."""

    kind: str
    message: str
    server_id: str | None = None
    user_id: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EventRow:
    """A stored event."""

    id: int
    ts_ms: int
    event: NewEvent


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events: None means any; `before` is the id of the last one already had."""

    server_id: str | None = None
    kind: str | None = None
    before: int = NEWEST
    limit: int = 100


def add_event(ts_ms: int, event: NewEvent) -> Script[EventRow]:
    """Insert an event."""
    [(event_id,)] = yield from fetch(
        "INSERT INTO events (ts_ms, kind, server_id, user_id, message, data)"
        " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
        ts_ms,
        event.kind,
        event.server_id,
        event.user_id,
        event.message,
        msgspec.json.encode(event.data).decode(),
    )
    return EventRow(event_id, ts_ms, event)


def all_events(wanted: EventFilter) -> Script[list[EventRow]]:
    """Return events, newest first."""
    rows = yield from fetch(
        "SELECT id, ts_ms, kind, server_id, user_id, message, data FROM events"
        " WHERE id < $1 AND ($2 IS NULL OR server_id = $2) AND ($3 IS NULL OR kind = $3)"
        " ORDER BY id DESC LIMIT $4",
        wanted.before,
        wanted.server_id,
        wanted.kind,
        wanted.limit,
    )
    return [_event(row) for row in rows]


def events_visible_to(user_id: str, wanted: EventFilter) -> Script[list[EventRow]]:
    """Return events of the servers a user owns or has a grant on, and of the user; newest first."""
    rows = yield from fetch(
        "SELECT e.id, e.ts_ms, e.kind, e.server_id, e.user_id, e.message, e.data FROM events e"
        " LEFT JOIN servers s ON s.id = e.server_id"
        " LEFT JOIN grants g ON g.server_num = s.num AND g.user_id = $5"
        " WHERE e.id < $1 AND ($2 IS NULL OR e.server_id = $2) AND ($3 IS NULL OR e.kind = $3)"
        " AND (s.owner_id = $5 OR g.user_id = $5 OR (e.server_id IS NULL AND e.user_id = $5))"
        " ORDER BY e.id DESC LIMIT $4",
        wanted.before,
        wanted.server_id,
        wanted.kind,
        wanted.limit,
        user_id,
    )
    return [_event(row) for row in rows]


def drop_events_before(ts_ms: int) -> Script[int]:
    """Delete events older than `ts_ms`; return how many."""
    return (yield from execute("DELETE FROM events WHERE ts_ms < $1", ts_ms))


def _event(row: Row) -> EventRow:
    event_id, ts_ms, kind, server_id, user_id, message, data = row
    event = NewEvent(kind, message, server_id, user_id, msgspec.json.decode(data, type=dict[str, Any]))
    return EventRow(event_id, ts_ms, event)
