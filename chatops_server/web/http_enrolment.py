"""/enroll-tokens and /enroll: how a machine becomes a server without a key copied by hand."""

from chatops_server.domain.permissions import HubAction
from chatops_server.services.api_keys import BEGINNING
from chatops_server.web.asking import Ask, page
from chatops_server.web.routes import PAGING, Public, Route
from chatops_wire.rest import Page
from chatops_wire.rest_enrolment import (
    Enroll,
    Enrolled,
    EnrollTokenCreate,
    EnrollTokenCreated,
    EnrollTokenView,
)

_TAG = "enrolment"


async def _list(ask: Ask[None]) -> Page[EnrollTokenView]:
    after = ask.query.cursor(tuple[int, str], BEGINNING)
    return page(*await ask.hub.enrolment.listed(ask.principal, after, ask.query.limit))


async def _create(ask: Ask[EnrollTokenCreate]) -> EnrollTokenCreated:
    return await ask.hub.enrolment.create(ask.body, ask.principal, ask.caller)


async def _revoke(ask: Ask[None]) -> None:
    await ask.hub.enrolment.revoke(ask.path["id"], ask.principal, ask.caller)


async def _enroll(ask: Ask[Enroll]) -> Enrolled:
    return await ask.hub.enrolment.enroll(ask.body, ask.caller)


ROUTES = (
    Route(
        method="GET",
        path="/enroll-tokens",
        right=HubAction.USE,
        handle=_list,
        summary="List the enrolment tokens you made, as an admin all, oldest first.",
        tag=_TAG,
        answer=Page[EnrollTokenView],
        query=PAGING,
    ),
    Route(
        method="POST",
        path="/enroll-tokens",
        right=HubAction.ADD_SERVER,
        handle=_create,
        summary="Make a token by which machines enrol, for a time and a number of them; shown this once.",
        tag=_TAG,
        body=EnrollTokenCreate,
        answer=EnrollTokenCreated,
        status=201,
    ),
    Route(
        method="DELETE",
        path="/enroll-tokens/{id}",
        right=HubAction.USE,
        handle=_revoke,
        summary="End a token; servers made with it stay.",
        tag=_TAG,
        refusals=(404,),
    ),
    Route(
        method="POST",
        path="/enroll",
        right=Public.PUBLIC,
        handle=_enroll,
        summary="Become a server by an enrolment token; a machine that asks again stays the same server.",
        tag=_TAG,
        body=Enroll,
        answer=Enrolled,
        status=201,
        refusals=(401, 409, 429),
    ),
)
