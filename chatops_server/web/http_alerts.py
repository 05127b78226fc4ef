"""/alerts: what fires, what was seen to, what makes it fire, and what keeps it quiet."""

from typing import Final, get_args

from chatops_server.domain.permissions import HubAction
from chatops_server.errors import InvalidRequestError
from chatops_server.storage.sql.alerts import NEWEST, AlertFilter
from chatops_server.web.asking import Ask, page, sliced
from chatops_server.web.routes import PAGING, Param, Route
from chatops_wire.rest import Page
from chatops_wire.rest_alerts import (
    AlertCounts,
    AlertStatus,
    AlertView,
    CommentBody,
    Preview,
    PreviewCreate,
    SilenceCreate,
    SilenceView,
    ThresholdCreate,
    ThresholdPatch,
    ThresholdView,
)

_ALERTS: Final = "alerts"
_THRESHOLDS: Final = "thresholds"
_SILENCES: Final = "silences"
_STATUSES: Final = get_args(AlertStatus)


async def _list(ask: Ask[None]) -> Page[AlertView]:
    status = ask.query.text("status")
    if status is not None and status not in _STATUSES:
        raise InvalidRequestError(f"status: expected one of {', '.join(_STATUSES)}")
    wanted = AlertFilter(
        status=status,
        server_id=ask.query.text("server_id"),
        before=ask.query.cursor(int, NEWEST),
        limit=ask.query.limit,
    )
    return page(*await ask.hub.alerting.alerts.listed(ask.principal, wanted))


async def _get(ask: Ask[None]) -> AlertView:
    return await ask.hub.alerting.alerts.get(ask.path["id"], ask.principal)


async def _counts(ask: Ask[None]) -> AlertCounts:
    return ask.hub.alerting.alerts.counts(ask.principal)


async def _acknowledge(ask: Ask[CommentBody]) -> AlertView:
    alerts = ask.hub.alerting.alerts
    return await alerts.acknowledge(ask.path["id"], ask.body.comment, ask.principal, ask.caller)


async def _resolve(ask: Ask[CommentBody]) -> AlertView:
    alerts = ask.hub.alerting.alerts
    return await alerts.resolve(ask.path["id"], ask.body.comment, ask.principal, ask.caller)


async def _thresholds(ask: Ask[None]) -> Page[ThresholdView]:
    after = ask.query.cursor(tuple[str, str], ("", ""))
    found = ask.hub.alerting.thresholds.listed(ask.principal, ask.query.text("server_id"))
    ordered = sorted(found, key=_made)
    return sliced(ordered, _made, after, ask.query.limit)


async def _create_threshold(ask: Ask[ThresholdCreate]) -> ThresholdView:
    return await ask.hub.alerting.thresholds.create(ask.body, ask.principal, ask.caller)


async def _check_threshold(ask: Ask[ThresholdCreate]) -> None:
    ask.hub.alerting.thresholds.check(ask.body, ask.principal)


async def _preview(ask: Ask[PreviewCreate]) -> Preview:
    return await ask.hub.alerting.previews.preview(ask.body, ask.principal)


async def _get_threshold(ask: Ask[None]) -> ThresholdView:
    return ask.hub.alerting.thresholds.get(ask.path["id"], ask.principal)


async def _change_threshold(ask: Ask[ThresholdPatch]) -> ThresholdView:
    return await ask.hub.alerting.thresholds.change(ask.path["id"], ask.body, ask.principal, ask.caller)


async def _remove_threshold(ask: Ask[None]) -> None:
    await ask.hub.alerting.thresholds.remove(ask.path["id"], ask.principal, ask.caller)


async def _silences(ask: Ask[None]) -> Page[SilenceView]:
    after = ask.query.cursor(tuple[str, str], ("", ""))
    ordered = sorted(ask.hub.alerting.silences.listed(ask.principal), key=_made)
    return sliced(ordered, _made, after, ask.query.limit)


async def _create_silence(ask: Ask[SilenceCreate]) -> SilenceView:
    return await ask.hub.alerting.silences.create(ask.body, ask.principal, ask.caller)


async def _remove_silence(ask: Ask[None]) -> None:
    await ask.hub.alerting.silences.remove(ask.path["id"], ask.principal, ask.caller)


def _made(item: ThresholdView | SilenceView) -> tuple[str, str]:
    return item.created_at, item.id


ROUTES: Final = (
    Route(
        method="GET",
        path="/alerts",
        right=HubAction.USE,
        handle=_list,
        summary="List the alerts of the servers you see, newest first.",
        tag=_ALERTS,
        answer=Page[AlertView],
        query=(
            Param("status", "Only pending, firing, acknowledged or resolved ones."),
            Param("server_id", "Only of this server."),
            *PAGING,
        ),
        refusals=(404,),
    ),
    Route(
        method="GET",
        path="/alerts/counts",
        right=HubAction.USE,
        handle=_counts,
        summary="How many alerts are open on the servers you see.",
        tag=_ALERTS,
        answer=AlertCounts,
    ),
    Route(
        method="GET",
        path="/alerts/thresholds",
        right=HubAction.USE,
        handle=_thresholds,
        summary="List the thresholds of the servers you see, oldest first.",
        tag=_THRESHOLDS,
        answer=Page[ThresholdView],
        query=(Param("server_id", "Only those made for this server."), *PAGING),
    ),
    Route(
        method="POST",
        path="/alerts/thresholds",
        right=HubAction.USE,
        handle=_create_threshold,
        summary="Add a threshold where you have full rights; for all such servers with `server_id` null.",
        tag=_THRESHOLDS,
        body=ThresholdCreate,
        answer=ThresholdView,
        status=201,
        refusals=(403, 404, 429),
    ),
    Route(
        method="POST",
        path="/alerts/thresholds/check",
        right=HubAction.USE,
        handle=_check_threshold,
        summary="Say whether a threshold could be made; makes nothing.",
        tag=_THRESHOLDS,
        body=ThresholdCreate,
        refusals=(403, 404),
    ),
    Route(
        method="POST",
        path="/alerts/thresholds/preview",
        right=HubAction.USE,
        handle=_preview,
        summary="Say when a threshold would have fired in the last hours.",
        tag=_THRESHOLDS,
        body=PreviewCreate,
        answer=Preview,
        refusals=(403, 404),
    ),
    Route(
        method="GET",
        path="/alerts/thresholds/{id}",
        right=HubAction.USE,
        handle=_get_threshold,
        summary="Show one threshold.",
        tag=_THRESHOLDS,
        answer=ThresholdView,
        refusals=(404,),
    ),
    Route(
        method="PATCH",
        path="/alerts/thresholds/{id}",
        right=HubAction.USE,
        handle=_change_threshold,
        summary="Change a threshold; its open alerts go on under it, unless the metric is another.",
        tag=_THRESHOLDS,
        body=ThresholdPatch,
        answer=ThresholdView,
        refusals=(403, 404),
    ),
    Route(
        method="DELETE",
        path="/alerts/thresholds/{id}",
        right=HubAction.USE,
        handle=_remove_threshold,
        summary="Delete a threshold; its open alerts end.",
        tag=_THRESHOLDS,
        refusals=(403, 404),
    ),
    Route(
        method="GET",
        path="/alerts/silences",
        right=HubAction.USE,
        handle=_silences,
        summary="List the silences of the servers you see, oldest first; those that are over for a day too.",
        tag=_SILENCES,
        answer=Page[SilenceView],
        query=PAGING,
    ),
    Route(
        method="POST",
        path="/alerts/silences",
        right=HubAction.USE,
        handle=_create_silence,
        summary="Let nobody be notified for a while, where you have full rights.",
        tag=_SILENCES,
        body=SilenceCreate,
        answer=SilenceView,
        status=201,
        refusals=(403, 404, 429),
    ),
    Route(
        method="DELETE",
        path="/alerts/silences/{id}",
        right=HubAction.USE,
        handle=_remove_silence,
        summary="End a silence; what it covered is notified of, if it still fires.",
        tag=_SILENCES,
        refusals=(403, 404),
    ),
    Route(
        method="GET",
        path="/alerts/{id}",
        right=HubAction.USE,
        handle=_get,
        summary="Show one alert with what its machine was doing when it fired.",
        tag=_ALERTS,
        answer=AlertView,
        refusals=(404,),
    ),
    Route(
        method="POST",
        path="/alerts/{id}/acknowledge",
        right=HubAction.USE,
        handle=_acknowledge,
        summary="Say that you see to a firing alert: nobody is reminded of it any more.",
        tag=_ALERTS,
        body=CommentBody,
        is_body_optional=True,
        answer=AlertView,
        refusals=(403, 404, 409),
    ),
    Route(
        method="POST",
        path="/alerts/{id}/resolve",
        right=HubAction.USE,
        handle=_resolve,
        summary="End an alert by hand; there is a new one only after the value was well once.",
        tag=_ALERTS,
        body=CommentBody,
        is_body_optional=True,
        answer=AlertView,
        refusals=(403, 404, 409),
    ),
)
