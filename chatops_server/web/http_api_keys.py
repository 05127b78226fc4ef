"""/api-keys: what agents log in with."""

from chatops_server.domain.permissions import HubAction, ServerAction
from chatops_server.services.access import server_for
from chatops_server.services.api_keys import BEGINNING
from chatops_server.web.asking import Ask, page
from chatops_server.web.routes import PAGING, Param, Route
from chatops_wire.rest import ApiKeyCreate, ApiKeyCreated, ApiKeyView, Page

_TAG = "api-keys"


async def _list(ask: Ask[None]) -> Page[ApiKeyView]:
    after = ask.query.cursor(tuple[int, str], BEGINNING)
    server_id = ask.query.text("server_id")
    return page(*await ask.hub.api_keys.listed(ask.caller, server_id, after, ask.query.limit))


async def _create(ask: Ask[ApiKeyCreate]) -> ApiKeyCreated:
    access = server_for(ask.hub.fleet, ask.principal, ask.body.server_id, ServerAction.MANAGE)
    return await ask.hub.api_keys.create(access, ask.body, ask.caller)


async def _rotate(ask: Ask[None]) -> ApiKeyView:
    return await ask.hub.key_rotation.ask(ask.path["id"], ask.caller)


async def _revoke(ask: Ask[None]) -> None:
    await ask.hub.api_keys.revoke(ask.path["id"], ask.caller)


ROUTES = (
    Route(
        method="GET",
        path="/api-keys",
        right=HubAction.USE,
        handle=_list,
        summary="List the keys of the servers you have full rights on, oldest first.",
        tag=_TAG,
        answer=Page[ApiKeyView],
        query=(Param("server_id", "Only the keys of this server."), *PAGING),
        refusals=(403, 404),
    ),
    Route(
        method="POST",
        path="/api-keys",
        right=HubAction.USE,
        handle=_create,
        summary="Make a key for a server's agent, with an end or without; `key` is shown this once.",
        tag=_TAG,
        body=ApiKeyCreate,
        answer=ApiKeyCreated,
        status=201,
        refusals=(403, 404),
    ),
    Route(
        method="POST",
        path="/api-keys/{id}/rotate",
        right=HubAction.USE,
        handle=_rotate,
        summary="Give the agent its next key over its connection, or when it comes; the old one then ends.",
        tag=_TAG,
        answer=ApiKeyView,
        status=202,
        refusals=(403, 404, 409),
    ),
    Route(
        method="DELETE",
        path="/api-keys/{id}",
        right=HubAction.USE,
        handle=_revoke,
        summary="Revoke a key; an agent that is connected with it is cut off.",
        tag=_TAG,
        refusals=(403, 404),
    ),
)
