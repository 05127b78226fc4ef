"""The timeline: stored, shown to whom it concerns, and told at once to whoever listens."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from chatops_server.domain.permissions import Principal
from chatops_server.storage.base import Script, Storage
from chatops_server.storage.sql.events import (
    EventFilter,
    EventRow,
    NewEvent,
    add_event,
    all_events,
    events_visible_to,
    has_events,
)
from chatops_wire.rest import EventView
from chatops_wire.times import format_ms


class EventListener(Protocol):
    """Told of every event after its commit; must not block and must not raise."""

    def event_recorded(self, event: EventView) -> None:
        """Pass it on to the clients that may see it (domain.permissions.sees_event)."""


class Events:
    """Records and lists events."""

    def __init__(self, storage: Storage, listener: EventListener, now_ms: Callable[[], int]) -> None:
        self._storage = storage
        self._listener = listener
        self._now_ms = now_ms

    async def record(
        self,
        kind: str,
        message: str,
        *,
        server_id: str | None = None,
        user_id: str | None = None,
        data: dict[str, Any] | None = None,
    ) -> EventView:
        """Store one event and publish it.

        Raises:
            StorageError: It is not stored, and nobody was told.
        """
        event = NewEvent(kind, message, server_id, user_id, data or {})
        return self.publish(await self._storage.write(add_event(self._now_ms(), event)))

    async def record_all(self, events: Sequence[NewEvent]) -> None:
        """Store some events in one transaction and publish them, in this order.

        Raises:
            StorageError: None is stored, and nobody was told.
        """
        for row in await self._storage.write(_added(self._now_ms(), events)):
            self.publish(row)

    def publish(self, row: EventRow) -> EventView:
        """Tell the listener of an event that another script has stored."""
        view = event_view(row)
        self._listener.event_recorded(view)
        return view

    async def tells_of(self, server_id: str) -> bool:
        """Say whether anything is told of a server, also of one that was deleted."""
        return await self._storage.read(has_events(server_id))

    async def listed(self, principal: Principal, wanted: EventFilter) -> tuple[list[EventView], int | None]:
        """Return the newest matching events the user may see, and the cursor of those that follow."""
        more = replace(wanted, limit=wanted.limit + 1)
        script = all_events(more) if principal.role == "admin" else events_visible_to(principal.user_id, more)
        rows = await self._storage.read(script)
        shown = rows[: wanted.limit]
        cursor = shown[-1].id if len(rows) > wanted.limit else None
        return [event_view(row) for row in shown], cursor


def _added(now_ms: int, events: Sequence[NewEvent]) -> Script[list[EventRow]]:
    rows: list[EventRow] = []
    for event in events:
        row = yield from add_event(now_ms, event)
        rows.append(row)
    return rows


def event_view(row: EventRow) -> EventView:
    """Return an event as it is shown."""
    event = row.event
    return EventView(
        id=str(row.id),
        ts=format_ms(row.ts_ms),
        kind=event.kind,
        server_id=event.server_id,
        user_id=event.user_id,
        message=event.message,
        data=dict(event.data),
    )
