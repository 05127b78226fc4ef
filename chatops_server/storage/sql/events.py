"""The timeline: what happened, in the words people read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, LiteralString

import msgspec

from chatops_server.storage.base import Row, Script, execute, fetch

NEWEST: Final = 2**63 - 1
"""A cursor before which every entry stands."""
# Up to so many servers each is looked up by itself. Who sees more finds a page among the newest events of
# all; who sees few would search through everybody's (0.5 s of 2,000,000 events, on one of three readers).
FEW_SERVERS: Final = 50


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
    return (yield from _found("", wanted))


def events_visible_to(user_id: str, wanted: EventFilter) -> Script[list[EventRow]]:
    """Return events of the servers a user owns or has a grant on, and of the user; newest first."""
    if wanted.server_id is None:
        servers = yield from _servers_of(user_id)
        if len(servers) <= FEW_SERVERS:
            return (yield from _events_of_few(servers, user_id, wanted))
    return (yield from _found(_VISIBLE, wanted, user_id))


def has_events(server_id: str) -> Script[bool]:
    """Say whether anything is told of a server, there or deleted."""
    return bool((yield from fetch("SELECT 1 FROM events WHERE server_id = $1 LIMIT 1", server_id)))


def drop_events_before(ts_ms: int) -> Script[int]:
    """Delete events older than `ts_ms`; return how many."""
    return (yield from execute("DELETE FROM events WHERE ts_ms < $1", ts_ms))


# Of servers seen by the user $5, or about the user alone.
_VISIBLE: Final = (
    " AND (EXISTS (SELECT 1 FROM servers s WHERE s.id = e.server_id AND (s.owner_id = $5"
    " OR EXISTS (SELECT 1 FROM grants g WHERE g.server_num = s.num AND g.user_id = $5)))"
    " OR (e.server_id IS NULL AND e.user_id = $5))"
)
_OWN: Final = " AND e.server_id IS NULL AND e.user_id = $5"


def _servers_of(user_id: str) -> Script[list[str]]:
    """Return the ids of servers a user owns or has a grant on, of many some more than FEW_SERVERS."""
    rows = yield from fetch(
        "SELECT id FROM servers WHERE owner_id = $1 UNION ALL SELECT s.id FROM grants g"
        " JOIN servers s ON s.num = g.server_num WHERE g.user_id = $1 LIMIT $2",
        user_id,
        FEW_SERVERS + 1,
    )
    return list(dict.fromkeys(str(row[0]) for row in rows))


def _events_of_few(servers: Sequence[str], user_id: str, wanted: EventFilter) -> Script[list[EventRow]]:
    found = yield from _found(_OWN, wanted, user_id)
    for server_id in servers:
        found += yield from _found("", replace(wanted, server_id=server_id))
    return sorted(found, key=lambda row: row.id, reverse=True)[: wanted.limit]


def _found(condition: LiteralString, wanted: EventFilter, *params: str) -> Script[list[EventRow]]:
    # A filter that is there stands alone, since none inside an OR is looked up in an index.
    server = "e.server_id = $2" if wanted.server_id is not None else "CAST($2 AS TEXT) IS NULL"
    kind = "e.kind = $3" if wanted.kind is not None else "CAST($3 AS TEXT) IS NULL"
    rows = yield from fetch(
        "SELECT e.id, e.ts_ms, e.kind, e.server_id, e.user_id, e.message, e.data FROM events e"  # noqa: S608 - pieces of ours
        f" WHERE e.id < $1 AND {server} AND {kind}{condition} ORDER BY e.id DESC LIMIT $4",
        wanted.before,
        wanted.server_id,
        wanted.kind,
        wanted.limit,
        *params,
    )
    return [_event(row) for row in rows]


def _event(row: Row) -> EventRow:
    event_id, ts_ms, kind, server_id, user_id, message, data = row
    event = NewEvent(kind, message, server_id, user_id, msgspec.json.decode(data, type=dict[str, Any]))
    return EventRow(event_id, ts_ms, event)
