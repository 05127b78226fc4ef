"""The hub's REST interface about what happened: events, and the audit log."""

from collections.abc import Callable

from chatops_tui.client.calls import MAX_PAGES, PAGE, Calls, Query, given
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

    async def audit(self, limit: int, matches: Callable[[AuditView], bool]) -> tuple[AuditView, ...]:
        """Return the newest entries of the audit log that match, the newest first; admins only.

        The hub narrows nothing here, so what does not match is read too.
        """
        found: list[AuditView] = []
        cursor: Query = ()
        for _ in range(MAX_PAGES):
            fields = (("limit", str(PAGE)), *cursor)
            part = await self._calls.call(Request("GET", "/audit", query=fields), Page[AuditView])
            found += filter(matches, part.items)
            if part.next is None or len(found) >= limit:
                break
            cursor = (("cursor", part.next),)
        return tuple(found[:limit])
