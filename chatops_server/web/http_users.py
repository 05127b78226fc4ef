"""/users: for admins."""

from chatops_server.domain.permissions import HubAction
from chatops_server.web.asking import Ask, sliced
from chatops_server.web.routes import PAGING, Route
from chatops_wire.rest import Page, UserCreate, UserDetail, UserPatch
from chatops_wire.times import parse_ms

_TAG = "users"


def _position(user: UserDetail) -> tuple[int, str]:
    return parse_ms(user.created_at), user.id


async def _list(ask: Ask[None]) -> Page[UserDetail]:
    after = ask.query.cursor(tuple[int, str], (-1, ""))
    return sliced(ask.hub.users.listed(), _position, after, ask.query.limit)


async def _create(ask: Ask[UserCreate]) -> UserDetail:
    return await ask.hub.users.create(ask.body, ask.caller)


async def _get(ask: Ask[None]) -> UserDetail:
    return ask.hub.users.get(ask.path["id"])


async def _change(ask: Ask[UserPatch]) -> UserDetail:
    return await ask.hub.users.change(ask.path["id"], ask.body, ask.caller)


async def _remove(ask: Ask[None]) -> None:
    await ask.hub.users.remove(ask.path["id"], ask.caller, ask.hub.fleet)


ROUTES = (
    Route(
        method="GET",
        path="/users",
        right=HubAction.ADMINISTER,
        handle=_list,
        summary="List every user, oldest first.",
        tag=_TAG,
        answer=Page[UserDetail],
        query=PAGING,
    ),
    Route(
        method="POST",
        path="/users",
        right=HubAction.ADMINISTER,
        handle=_create,
        summary="Add a user. Names are told apart without regard to upper and lower case.",
        tag=_TAG,
        body=UserCreate,
        answer=UserDetail,
        status=201,
        refusals=(409, 429),
    ),
    Route(
        method="GET",
        path="/users/{id}",
        right=HubAction.ADMINISTER,
        handle=_get,
        summary="Show one user.",
        tag=_TAG,
        answer=UserDetail,
        refusals=(404,),
    ),
    Route(
        method="PATCH",
        path="/users/{id}",
        right=HubAction.ADMINISTER,
        handle=_change,
        summary="Change name, password, role or activity; each ends every token of the user.",
        tag=_TAG,
        body=UserPatch,
        answer=UserDetail,
        refusals=(404, 409, 429),
    ),
    Route(
        method="DELETE",
        path="/users/{id}",
        right=HubAction.ADMINISTER,
        handle=_remove,
        summary="Remove a user; their servers pass to you. The last active admin cannot be removed.",
        tag=_TAG,
        refusals=(404, 409),
    ),
)
