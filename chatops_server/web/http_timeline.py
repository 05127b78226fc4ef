"""/events and /audit: what happened, and who did it."""

from chatops_server.domain.permissions import HubAction, ServerAction
from chatops_server.services.access import server_for
from chatops_server.storage.sql.audit import AuditFilter
from chatops_server.storage.sql.events import NEWEST, EventFilter
from chatops_server.web.asking import Ask, page
from chatops_server.web.routes import PAGING, Param, Route
from chatops_wire.rest import AuditView, EventView, Page
from chatops_wire.times import LAST_MS

_TAG = "timeline"
_ALWAYS_MS = 0


async def _events(ask: Ask[None]) -> Page[EventView]:
    server_id = ask.query.text("server_id")
    if server_id is not None:
        await _require_server(ask, server_id)
    wanted = EventFilter(
        server_id=server_id,
        kind=ask.query.text("kind"),
        before=ask.query.cursor(int, NEWEST),
        limit=ask.query.limit,
    )
    return page(*await ask.hub.events.listed(ask.principal, wanted))


async def _require_server(ask: Ask[None], server_id: str) -> None:
    # Of a server that was deleted its events are left, and only admins may see those.
    if ask.principal.role == "admin" and await ask.hub.events.tells_of(server_id):
        return
    server_for(ask.hub.fleet, ask.principal, server_id, ServerAction.READ)


async def _audit(ask: Ask[None]) -> Page[AuditView]:
    query = ask.query
    user = query.text("user")
    wanted = AuditFilter(
        # By name those who are there; of others the entries name the id.
        user_id=user and ask.hub.users.id_of(user),
        action=query.text("action"),
        server_id=query.text("server_id"),
        result=query.text("result"),
        start_ms=query.moment_ms("start", _ALWAYS_MS),
        end_ms=query.moment_ms("end", LAST_MS),
        before=query.cursor(int, NEWEST),
        limit=query.limit,
    )
    return page(*await ask.hub.ledger.listed(wanted))


ROUTES = (
    Route(
        method="GET",
        path="/events",
        right=HubAction.USE,
        handle=_events,
        summary="List what happened on the servers you see, and your own logins; newest first.",
        tag=_TAG,
        answer=Page[EventView],
        query=(
            Param("server_id", "Only this server. Admins find deleted ones too."),
            Param("kind", "Only this kind: alert, connection, login, server, command, terminal."),
            *PAGING,
        ),
        refusals=(404,),
    ),
    Route(
        method="GET",
        path="/audit",
        right=HubAction.ADMINISTER,
        handle=_audit,
        summary="List who did what, newest first; each entry's hash covers the one before.",
        tag=_TAG,
        answer=Page[AuditView],
        query=(
            Param("user", "Only by this user: an id or a user name."),
            Param("action", "Only what begins so: `command` finds `command.run` and `command.cancel`."),
            Param("server_id", "Only on this server, deleted ones too."),
            Param("result", "Only what ended so: `ok`, `failed`, `not_allowed`, …"),
            Param("start", "RFC 3339 or Unix ms: nothing older."),
            Param("end", "Likewise: only older."),
            *PAGING,
        ),
    ),
)
