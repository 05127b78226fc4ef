"""/servers: the monitored machines, and who else may see them."""

from chatops_server.domain.permissions import HubAction, ServerAction
from chatops_server.web.asking import Ask, page
from chatops_server.web.routes import PAGING, Route
from chatops_wire.policy import PolicyView
from chatops_wire.rest import GrantBody, GrantView, Page, ServerCreate, ServerPatch, ServerView

_TAG = "servers"
_GRANTS = "grants"


async def _list(ask: Ask[None]) -> Page[ServerView]:
    after = ask.query.cursor(int, -1)
    return page(*ask.hub.servers.listed(ask.caller, after, ask.query.limit))


async def _create(ask: Ask[ServerCreate]) -> ServerView:
    return await ask.hub.servers.create(ask.body, ask.caller)


async def _get(ask: Ask[None]) -> ServerView:
    return ask.hub.servers.view(ask.server)


async def _change(ask: Ask[ServerPatch]) -> ServerView:
    return await ask.hub.servers.change(ask.server, ask.body, ask.caller)


async def _policy(ask: Ask[None]) -> PolicyView:
    return ask.hub.servers.policy(ask.server)


async def _remove(ask: Ask[None]) -> None:
    await ask.hub.servers.remove(ask.server, ask.caller)


async def _grants(ask: Ask[None]) -> Page[GrantView]:
    after = ask.query.cursor(str, "")
    return page(*await ask.hub.grants.listed(ask.server, after, ask.query.limit))


async def _grant(ask: Ask[None]) -> GrantView:
    return await ask.hub.grants.get(ask.server, ask.path["user_id"])


async def _put_grant(ask: Ask[GrantBody]) -> GrantView:
    return await ask.hub.grants.put(ask.server, ask.path["user_id"], ask.body.role, ask.caller)


async def _drop_grant(ask: Ask[None]) -> None:
    await ask.hub.grants.drop(ask.server, ask.path["user_id"], ask.caller)


ROUTES = (
    Route(
        method="GET",
        path="/servers",
        right=HubAction.USE,
        handle=_list,
        summary="List the servers you see, oldest first.",
        tag=_TAG,
        answer=Page[ServerView],
        query=PAGING,
    ),
    Route(
        method="POST",
        path="/servers",
        right=HubAction.ADD_SERVER,
        handle=_create,
        summary="Add a server; it is yours. Its agent needs a key: POST /api-keys.",
        tag=_TAG,
        body=ServerCreate,
        answer=ServerView,
        status=201,
        refusals=(409,),
    ),
    Route(
        method="GET",
        path="/servers/{id}",
        right=ServerAction.READ,
        handle=_get,
        summary="Show one server.",
        tag=_TAG,
        answer=ServerView,
    ),
    Route(
        method="PATCH",
        path="/servers/{id}",
        right=ServerAction.MANAGE,
        handle=_change,
        summary="Change a server's name or tags, or narrow what its machine is asked for (`policy`).",
        tag=_TAG,
        body=ServerPatch,
        answer=ServerView,
        refusals=(409,),
    ),
    Route(
        method="GET",
        path="/servers/{id}/policy",
        right=ServerAction.READ,
        handle=_policy,
        summary="Show what may be asked of a server's machine, and who decided what.",
        tag=_TAG,
        answer=PolicyView,
    ),
    Route(
        method="DELETE",
        path="/servers/{id}",
        right=ServerAction.MANAGE,
        handle=_remove,
        summary="Delete a server with its keys and history; its agent is disconnected.",
        tag=_TAG,
    ),
    Route(
        method="GET",
        path="/servers/{id}/grants",
        right=ServerAction.MANAGE,
        handle=_grants,
        summary="List who else may see or operate a server.",
        tag=_GRANTS,
        answer=Page[GrantView],
        query=PAGING,
    ),
    Route(
        method="GET",
        path="/servers/{id}/grants/{user_id}",
        right=ServerAction.MANAGE,
        handle=_grant,
        summary="Show one user's grant.",
        tag=_GRANTS,
        answer=GrantView,
    ),
    Route(
        method="PUT",
        path="/servers/{id}/grants/{user_id}",
        right=ServerAction.MANAGE,
        handle=_put_grant,
        summary="Let a user (by id or user name) see or operate a server.",
        tag=_GRANTS,
        body=GrantBody,
        answer=GrantView,
    ),
    Route(
        method="DELETE",
        path="/servers/{id}/grants/{user_id}",
        right=ServerAction.MANAGE,
        handle=_drop_grant,
        summary="Take a user's right away.",
        tag=_GRANTS,
    ),
)
