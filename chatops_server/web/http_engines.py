"""/docker/images, /docker/volumes, /docker/networks, /docker/df and /docker/pulls: what an engine keeps."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from chatops_server.domain.permissions import HubAction
from chatops_server.services.containers.engines import Kind, Place
from chatops_server.web.asking import Ask, page
from chatops_server.web.routes import PAGING, Param, Route
from chatops_wire.rest_docker import EngineList, EngineOrder, PullBegun, PullOrder

_TAG: Final = "containers"
_SERVER: Final = Param("server_id", "Its server.", required=True)
_RELAYED: Final = (400, 403, 404, 409, 429, 503, 504)
_FORCE: Final = Param("force", "`true`: also one that is in use, as far as the engine does that.")
_ALL: Final = Param("all", "`true`: also those that have a name, as far as the engine tells them apart.")


def _place(ask: Ask[Any]) -> Place:
    return Place(ask.query.required("server_id"), ask.principal, ask.caller)


def _order(ask: Ask[EngineOrder]) -> EngineOrder:
    force, everything = ask.query.flag("force"), ask.query.flag("all")
    return replace(ask.body, force=ask.body.force or force, all=ask.body.all or everything)


def _listing(kind: Kind) -> Callable[[Ask[None]], Awaitable[EngineList]]:
    async def listed(ask: Ask[None]) -> EngineList:
        rows = await ask.hub.containers.engines.listed(_place(ask), kind)
        at = ask.query.cursor(int, 0)
        shown = rows[at : at + ask.query.limit]
        following = at + len(shown)
        part = page(shown, following if following < len(rows) else None)
        return EngineList(items=part.items, next=part.next)

    return listed


def _removal(kind: Kind) -> Callable[[Ask[EngineOrder]], Awaitable[None]]:
    async def removed(ask: Ask[EngineOrder]) -> None:
        await ask.hub.containers.engines.remove(_place(ask), kind, ask.path["id"], _order(ask))

    return removed


def _pruning(kind: Kind) -> Callable[[Ask[EngineOrder]], Awaitable[bytes]]:
    async def pruned(ask: Ask[EngineOrder]) -> bytes:
        return msgspec.json.encode(await ask.hub.containers.engines.prune(_place(ask), kind, _order(ask)))

    return pruned


async def _df(ask: Ask[None]) -> bytes:
    return msgspec.json.encode(await ask.hub.containers.engines.df(_place(ask)))


async def _pull(ask: Ask[PullOrder]) -> PullBegun:
    return await ask.hub.containers.pulls.begin(ask.body, ask.principal, ask.caller)


async def _cancel_pull(ask: Ask[None]) -> None:
    await ask.hub.containers.pulls.cancel(ask.path["id"], ask.principal, ask.caller)


def _routes_of(kind: Kind) -> tuple[Route, ...]:
    return (
        Route(
            method="GET",
            path=f"/docker/{kind}s",
            right=HubAction.USE,
            handle=_listing(kind),
            summary=f"List the {kind}s of a server's engine.",
            tag=_TAG,
            answer=EngineList,
            query=(_SERVER, *PAGING),
            refusals=_RELAYED,
        ),
        Route(
            method="DELETE",
            path=f"/docker/{kind}s/{{id}}",
            right=HubAction.USE,
            handle=_removal(kind),
            summary=f"Remove one {kind}; a `/` in its name is written `%2F`.",
            tag=_TAG,
            body=EngineOrder,
            is_body_optional=True,
            query=(_SERVER, _FORCE),
            refusals=_RELAYED,
        ),
        Route(
            method="POST",
            path=f"/docker/{kind}s/prune",
            right=HubAction.USE,
            handle=_pruning(kind),
            summary=f"Remove the {kind}s that no container uses; answers what was removed.",
            tag=_TAG,
            body=EngineOrder,
            is_body_optional=True,
            answer=dict[str, Any],
            query=(_SERVER, _ALL),
            refusals=_RELAYED,
        ),
    )


ROUTES = (
    *_routes_of("image"),
    Route(
        method="POST",
        path="/docker/images/pull",
        right=HubAction.USE,
        handle=_pull,
        summary="Begin to pull an image; the topic `containers` tells how it goes and how it ended.",
        tag=_TAG,
        body=PullOrder,
        answer=PullBegun,
        status=202,
        refusals=(403, 404, 429, 503),
    ),
    Route(
        method="POST",
        path="/docker/pulls/{id}/cancel",
        right=HubAction.USE,
        handle=_cancel_pull,
        summary="End a pull that is under way.",
        tag=_TAG,
        refusals=(403, 404),
    ),
    *_routes_of("volume"),
    *_routes_of("network"),
    Route(
        method="GET",
        path="/docker/df",
        right=HubAction.USE,
        handle=_df,
        summary="Show what images, containers, volumes and the build cache take on a server's disk.",
        tag=_TAG,
        answer=dict[str, Any],
        query=(_SERVER,),
        refusals=_RELAYED,
    ),
)
