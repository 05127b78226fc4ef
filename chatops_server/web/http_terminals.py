"""/terminals: which were opened, and what they showed."""

from chatops_server.domain.permissions import HubAction
from chatops_server.services.terminals.recordings import MEDIA_TYPE
from chatops_server.storage.sql.terminals import NEWEST
from chatops_server.web.asking import Ask, page
from chatops_server.web.routes import PAGING, Param, Route, Stream
from chatops_wire.rest import Page
from chatops_wire.rest_commands import TerminalView

_TAG = "terminals"


async def _list(ask: Ask[None]) -> Page[TerminalView]:
    before = ask.query.cursor(int, NEWEST)
    server_id = ask.query.text("server_id")
    return page(*await ask.hub.terminals.listed(ask.principal, server_id, before, ask.query.limit))


async def _recording(ask: Ask[None]) -> Stream:
    return Stream(await ask.hub.terminals.recording(ask.principal, ask.path["id"]), MEDIA_TYPE)


ROUTES = (
    Route(
        method="GET",
        path="/terminals",
        right=HubAction.USE,
        handle=_list,
        summary="List the terminals you opened, newest first; admins see everybody's.",
        tag=_TAG,
        answer=Page[TerminalView],
        query=(Param("server_id", "Only this server."), *PAGING),
    ),
    Route(
        method="GET",
        path="/terminals/{id}/recording",
        right=HubAction.USE,
        handle=_recording,
        summary="What a terminal showed, as asciicast v2; only where the hub records terminals.",
        tag=_TAG,
        answer=bytes,
        media_type=MEDIA_TYPE,
        refusals=(404,),
    ),
)
