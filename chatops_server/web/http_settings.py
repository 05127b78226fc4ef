"""/settings: what an admin sets for the whole hub."""

from chatops_server.domain.permissions import HubAction
from chatops_server.web.asking import Ask
from chatops_server.web.routes import Route
from chatops_wire.rest_retention import RetentionPatch, RetentionView

_TAG = "settings"


async def _retention(ask: Ask[None]) -> RetentionView:
    return ask.hub.keeping.view()


async def _change_retention(ask: Ask[RetentionPatch]) -> RetentionView:
    return await ask.hub.keeping.change(ask.body, ask.caller)


ROUTES = (
    Route(
        method="GET",
        path="/settings/retention",
        right=HubAction.ADMINISTER,
        handle=_retention,
        summary="Say how long samples, commands and events are kept, and what the hub's flags say.",
        tag=_TAG,
        answer=RetentionView,
    ),
    Route(
        method="PUT",
        path="/settings/retention",
        right=HubAction.ADMINISTER,
        handle=_change_retention,
        summary="Set how long things are kept, in place of the hub's flags; null gives a flag back.",
        tag=_TAG,
        body=RetentionPatch,
        answer=RetentionView,
    ),
)
