"""The hub's REST interface about what happened: events, and the audit log."""

from collections.abc import AsyncGenerator

from msgspec.structs import asdict

from chatops_tui.audit_requests import AuditPart, AuditWish
from chatops_tui.client.calls import PAGE, Calls, given
from chatops_tui.client.wire import Request
from chatops_wire.rest import AuditView, EventView, Page


class TimelineCalls:
    """Part of `http.Rest`; what it raises is said there."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def events(self, server_id: str = "", *, kind: str = "", limit: int = 100) -> tuple[EventView, ...]:
        """Return the newest events, the newest first; an empty word narrows nothing."""
        fields = given(server_id=server_id, kind=kind)
        return await self._calls.newest("/events", Page[EventView], fields, limit=limit)

    async def audit(self, wish: AuditWish, limit: int, cursor: str | None = None) -> AuditPart:
        """Return a page of the audit log, the newest entries that match first; admins only."""
        fields = {**asdict(wish), "limit": str(limit), "cursor": cursor or ""}
        query = tuple((name, value) for name, value in fields.items() if value)
        part = await self._calls.call(Request("GET", "/audit", query=query), Page[AuditView])
        return AuditPart(part.items, part.next)

    async def whole_audit(self, wish: AuditWish, most: int) -> AsyncGenerator[AuditView, None]:
        """Yield entries that match, the newest first, `most` at most; a page at a time is held."""
        cursor: str | None = None
        left = most
        while left > 0:
            part = await self.audit(wish, min(PAGE, left), cursor)
            for entry in part.entries:
                yield entry
            left -= len(part.entries)
            cursor = part.following
            if cursor is None or not part.entries:
                return
