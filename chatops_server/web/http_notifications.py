"""/notifications: the channels that alerts are told to; for admins."""

from typing import Final

from chatops_server.domain.permissions import HubAction
from chatops_server.web.asking import Ask, sliced
from chatops_server.web.routes import PAGING, Route
from chatops_wire.rest import Page
from chatops_wire.rest_alerts import ChannelCreate, ChannelPatch, ChannelTest, ChannelView

_TAG: Final = "notifications"


async def _list(ask: Ask[None]) -> Page[ChannelView]:
    after = ask.query.cursor(tuple[str, str], ("", ""))
    ordered = sorted(await ask.hub.alerting.notifications.channels.listed(), key=_made)
    return sliced(ordered, _made, after, ask.query.limit)


async def _create(ask: Ask[ChannelCreate]) -> ChannelView:
    return await ask.hub.alerting.notifications.create(ask.body, ask.caller)


async def _get(ask: Ask[None]) -> ChannelView:
    return await ask.hub.alerting.notifications.channels.view(ask.path["id"])


async def _change(ask: Ask[ChannelPatch]) -> ChannelView:
    return await ask.hub.alerting.notifications.change(ask.path["id"], ask.body, ask.caller)


async def _remove(ask: Ask[None]) -> None:
    await ask.hub.alerting.notifications.channels.remove(ask.path["id"], ask.caller)


async def _test(ask: Ask[None]) -> ChannelTest:
    return await ask.hub.alerting.notifications.test(ask.path["id"], ask.caller)


def _made(channel: ChannelView) -> tuple[str, str]:
    return channel.created_at, channel.id


ROUTES: Final = (
    Route(
        method="GET",
        path="/notifications/channels",
        right=HubAction.ADMINISTER,
        handle=_list,
        summary="List the channels, oldest first; addresses are shown without their secrets.",
        tag=_TAG,
        answer=Page[ChannelView],
        query=PAGING,
    ),
    Route(
        method="POST",
        path="/notifications/channels",
        right=HubAction.ADMINISTER,
        handle=_create,
        summary="Add a channel: a webhook, or with the extra `notify` what Apprise knows.",
        tag=_TAG,
        body=ChannelCreate,
        answer=ChannelView,
        status=201,
        refusals=(429,),
    ),
    Route(
        method="GET",
        path="/notifications/channels/{id}",
        right=HubAction.ADMINISTER,
        handle=_get,
        summary="Show one channel, and how its last message went.",
        tag=_TAG,
        answer=ChannelView,
        refusals=(404,),
    ),
    Route(
        method="PATCH",
        path="/notifications/channels/{id}",
        right=HubAction.ADMINISTER,
        handle=_change,
        summary="Change a channel.",
        tag=_TAG,
        body=ChannelPatch,
        answer=ChannelView,
        refusals=(404,),
    ),
    Route(
        method="DELETE",
        path="/notifications/channels/{id}",
        right=HubAction.ADMINISTER,
        handle=_remove,
        summary="Delete a channel with what waits for it.",
        tag=_TAG,
        refusals=(404,),
    ),
    Route(
        method="POST",
        path="/notifications/channels/{id}/test",
        right=HubAction.ADMINISTER,
        handle=_test,
        summary="Send a test message at once; says whether it was taken, and why not.",
        tag=_TAG,
        answer=ChannelTest,
        refusals=(404,),
    ),
)
