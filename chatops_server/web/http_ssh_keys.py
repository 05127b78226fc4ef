"""/auth/ssh-keys: by which public keys a user reaches the UI over ssh."""

from chatops_server.domain.permissions import HubAction
from chatops_server.errors import InvalidRequestError
from chatops_server.web.asking import Ask
from chatops_server.web.routes import Route
from chatops_wire.rest import Page
from chatops_wire.rest_ssh_keys import SshKeyCreate, SshKeyView

_TAG = "auth"


async def _list(ask: Ask[None]) -> Page[SshKeyView]:
    return Page(items=tuple(await ask.hub.ssh_keys.listed(ask.principal)))


async def _add(ask: Ask[SshKeyCreate]) -> SshKeyView:
    accounts = ask.hub.accounts
    if not await accounts.knows_password(ask.principal, ask.body.password, ask.caller.address):
        raise InvalidRequestError("password: it is not the current password")
    return await ask.hub.ssh_keys.add(ask.body, ask.principal, ask.caller)


async def _remove(ask: Ask[None]) -> None:
    await ask.hub.ssh_keys.remove(ask.path["id"], ask.principal, ask.caller)


ROUTES = (
    Route(
        method="GET",
        path="/auth/ssh-keys",
        right=HubAction.USE,
        handle=_list,
        summary="List one's own keys for the UI over ssh, oldest first.",
        tag=_TAG,
        answer=Page[SshKeyView],
    ),
    Route(
        method="POST",
        path="/auth/ssh-keys",
        right=HubAction.USE,
        handle=_add,
        summary="Let the holder of a key in over ssh as oneself; needs the own password once more.",
        tag=_TAG,
        body=SshKeyCreate,
        answer=SshKeyView,
        status=201,
        refusals=(409, 429),
    ),
    Route(
        method="DELETE",
        path="/auth/ssh-keys/{id}",
        right=HubAction.USE,
        handle=_remove,
        summary="Take one of one's own keys back.",
        tag=_TAG,
        refusals=(404,),
    ),
)
