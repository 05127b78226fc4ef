"""The alerts of the hub double: what fires is said by the test, or made up for a look at the screens."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web
from msgspec import structs

from chatops_wire.client import AlertMessage
from chatops_wire.codes import ErrorCode
from chatops_wire.rest import Page
from chatops_wire.rest_alerts import (
    AlertComment,
    AlertView,
    ChannelCreate,
    ChannelPatch,
    ChannelTest,
    ChannelView,
    CommentBody,
    Preview,
    PreviewCreate,
    SilenceCreate,
    SilenceView,
    ThresholdCreate,
    ThresholdPatch,
    ThresholdView,
)
from chatops_wire.times import format_ms
from tests.tui.screens.json_answers import answer, problem, read

Send = Callable[[tuple[str, str | None], msgspec.Struct], Awaitable[None]]
PREFIX = "/api/v1"
MINUTE = 60_000


class AlertDouble:
    """What a hub knows of alerts; `refuse` answers the next changes with a problem."""

    def __init__(self, send: Send, now_ms: Callable[[], int]) -> None:
        self._send = send
        self.now_ms = now_ms
        self.all: dict[str, AlertView] = {}
        self.thresholds: dict[str, ThresholdView] = {}
        self.silences: dict[str, SilenceView] = {}
        self.channels: dict[str, ChannelView] = {}
        self.asked: list[str] = []
        """What was asked for, as method and path."""
        self.patches: list[msgspec.Struct] = []
        self.previewed: list[ThresholdCreate] = []
        self.preview = Preview(times=0, seconds=0, episodes=(), servers=12)
        self.test = ChannelTest(delivered=True, message="status 200", duration_ms=38)
        self.refuse: tuple[int, ErrorCode, str] | None = None
        self.unknown = False
        """Whether it is a hub that knows no alerts."""
        self._serial = 0

    def routes(self) -> list[web.RouteDef]:
        alerts, channels = f"{PREFIX}/alerts", f"{PREFIX}/notifications/channels"
        return [
            web.get(f"{alerts}/thresholds", self._thresholds),
            web.post(f"{alerts}/thresholds", self._create_threshold),
            web.post(f"{alerts}/thresholds/check", self._check_threshold),
            web.post(f"{alerts}/thresholds/preview", self._preview),
            web.patch(f"{alerts}/thresholds/{{threshold}}", self._patch_threshold),
            web.delete(f"{alerts}/thresholds/{{threshold}}", self._delete_threshold),
            web.get(f"{alerts}/silences", self._silences),
            web.post(f"{alerts}/silences", self._create_silence),
            web.delete(f"{alerts}/silences/{{silence}}", self._delete_silence),
            web.get(channels, self._channels),
            web.post(channels, self._create_channel),
            web.patch(f"{channels}/{{channel}}", self._patch_channel),
            web.delete(f"{channels}/{{channel}}", self._delete_channel),
            web.post(f"{channels}/{{channel}}/test", self._test_channel),
            web.get(alerts, self._list),
            web.get(f"{alerts}/{{alert}}", self._one),
            web.post(f"{alerts}/{{alert}}/{{deed}}", self._do),
        ]

    def make(self, name: str, **given: Any) -> AlertView:  # noqa: ANN401 - whichever fields matter
        """Keep an alert of the server `name`; by default a critical one that has fired for four minutes."""
        self._serial += 1
        since_ms = given.pop("since_ms", self.now_ms() - 4 * MINUTE)
        view = AlertView(
            id=given.pop("id", f"a{self._serial}"),
            server_id=f"id-{name}",
            threshold_id="t1",
            metric=given.pop("metric", "cpu.percent"),
            severity=given.pop("severity", "critical"),
            status=given.pop("status", "firing"),
            value=given.pop("value", 97.0),
            threshold_value=given.pop("threshold_value", 95.0),
            comparison=given.pop("comparison", "gt"),
            message=given.pop("message", f"cpu.percent on {name} is 97%, above 95%, for 5 minutes"),
            started_at=format_ms(since_ms),
            fired_at=given.pop("fired_at", format_ms(since_ms)),
            acknowledged_by=given.pop("acknowledged_by", None),
            resolved_at=given.pop("resolved_at", None),
            server_name=name,
            since_ms=since_ms,
            updated_at=format_ms(self.now_ms()),
            **given,
        )
        self.all[view.id] = view
        return view

    async def fires(self, name: str, **given: Any) -> AlertView:  # noqa: ANN401 - likewise
        """Let an alert begin now, and tell everybody."""
        view = self.make(name, since_ms=self.now_ms(), **given)
        await self._send(("alerts", None), AlertMessage(alert=view))
        return view

    async def changes(self, alert_id: str, **given: Any) -> None:  # noqa: ANN401 - likewise
        """Change an alert and tell everybody."""
        self.all[alert_id] = structs.replace(self.all[alert_id], updated_at=format_ms(self.now_ms()), **given)
        await self._send(("alerts", None), AlertMessage(alert=self.all[alert_id]))

    def threshold(self, **given: Any) -> ThresholdView:  # noqa: ANN401 - likewise
        """Keep a threshold."""
        self._serial += 1
        stamp = format_ms(self.now_ms())
        made: dict[str, Any] = {
            "metric": "cpu.percent",
            "comparison": "gt",
            "value": 95.0,
            "severity": "warning",
        }
        view = ThresholdView(
            id=f"t{self._serial}",
            created_at=stamp,
            updated_at=stamp,
            **{"owner_id": "u1", "may_change": True, **made, **given},
        )
        self.thresholds[view.id] = view
        return view

    def silence(self, **given: Any) -> SilenceView:  # noqa: ANN401 - likewise
        """Keep a silence, by default one that holds for another hour."""
        self._serial += 1
        now = self.now_ms()
        made: dict[str, Any] = {"starts_at": format_ms(now), "ends_at": format_ms(now + 60 * MINUTE)}
        own = {"owner_id": "u1", "created_at": format_ms(now), "active": True, "may_change": True}
        view = SilenceView(id=f"s{self._serial}", **{**own, **made, **given})
        self.silences[view.id] = view
        return view

    def channel(self, **given: Any) -> ChannelView:  # noqa: ANN401 - likewise
        """Keep a channel."""
        self._serial += 1
        made: dict[str, Any] = {"min_severity": "info", "enabled": True}
        view = ChannelView(id=f"c{self._serial}", **{**made, **given})
        self.channels[view.id] = view
        return view

    async def _list(self, request: web.Request) -> web.Response:
        self._note(request)
        if self.unknown:
            return problem(404, ErrorCode.NOT_FOUND, "not found")
        wanted = request.query
        items = [
            view
            for view in sorted(self.all.values(), key=lambda view: -view.since_ms)
            if wanted.get("status", view.status) == view.status
            and wanted.get("server_id", view.server_id) == view.server_id
        ]
        told = [structs.replace(view, context=None) for view in items]
        return answer(Page(items=tuple(told[: int(wanted.get("limit", "100"))])))

    async def _one(self, request: web.Request) -> web.Response:
        view = self.all.get(request.match_info["alert"])
        return problem(404, ErrorCode.NOT_FOUND) if view is None else answer(view)

    async def _do(self, request: web.Request) -> web.Response:
        self._note(request)
        if self.refuse is not None:
            return problem(*self.refuse)
        body = await read(request, CommentBody)
        view, deed = self.all[request.match_info["alert"]], request.match_info["deed"]
        now = format_ms(self.now_ms())
        action: Any = deed
        comment = AlertComment(ts=now, user_id="u1", username="admin", action=action, text=body.comment)
        changed = (
            structs.replace(view, status="acknowledged", acknowledged_by="admin", acknowledged_at=now)
            if deed == "acknowledge"
            else structs.replace(view, status="resolved", resolved_at=now, resolution="by hand")
        )
        made = structs.replace(changed, comments=(*view.comments, comment), updated_at=now)
        self.all[view.id] = made
        return answer(made)

    async def _thresholds(self, request: web.Request) -> web.Response:
        self._note(request)
        return answer(Page(items=tuple(self.thresholds.values())))

    async def _check_threshold(self, request: web.Request) -> web.Response:
        if self.refuse is not None:
            return problem(*self.refuse)
        await read(request, ThresholdCreate)
        return web.Response(status=204)

    async def _create_threshold(self, request: web.Request) -> web.Response:
        if self.refuse is not None:
            return problem(*self.refuse)
        body = await read(request, ThresholdCreate)
        return answer(self.threshold(**structs.asdict(body)), 201)

    async def _patch_threshold(self, request: web.Request) -> web.Response:
        patch = await read(request, ThresholdPatch)
        self.patches.append(patch)
        return self._patched(self.thresholds, request.match_info["threshold"], patch)

    async def _delete_threshold(self, request: web.Request) -> web.Response:
        self.thresholds.pop(request.match_info["threshold"])
        return web.Response(status=204)

    async def _preview(self, request: web.Request) -> web.Response:
        self.previewed.append((await read(request, PreviewCreate)).threshold)
        return answer(self.preview)

    async def _silences(self, _request: web.Request) -> web.Response:
        return answer(Page(items=tuple(self.silences.values())))

    async def _create_silence(self, request: web.Request) -> web.Response:
        if self.refuse is not None:
            return problem(*self.refuse)
        body = await read(request, SilenceCreate)
        given = structs.asdict(body)
        given["starts_at"] = body.starts_at or format_ms(self.now_ms())
        return answer(self.silence(**given), 201)

    async def _delete_silence(self, request: web.Request) -> web.Response:
        self.silences.pop(request.match_info["silence"])
        return web.Response(status=204)

    async def _channels(self, _request: web.Request) -> web.Response:
        return answer(Page(items=tuple(self.channels.values())))

    async def _create_channel(self, request: web.Request) -> web.Response:
        if self.refuse is not None:
            return problem(*self.refuse)
        body = await read(request, ChannelCreate)
        given = structs.asdict(body)
        has_secret = given.pop("secret") is not msgspec.UNSET
        given["url"] = f"{body.url.partition('://')[0]}://***"
        return answer(self.channel(has_secret=has_secret, **given), 201)

    async def _patch_channel(self, request: web.Request) -> web.Response:
        patch = await read(request, ChannelPatch)
        self.patches.append(patch)
        return self._patched(self.channels, request.match_info["channel"], patch)

    async def _delete_channel(self, request: web.Request) -> web.Response:
        self.channels.pop(request.match_info["channel"])
        return web.Response(status=204)

    async def _test_channel(self, request: web.Request) -> web.Response:
        self._note(request)
        return answer(self.test)

    def _patched(self, kept: dict[str, Any], item_id: str, patch: msgspec.Struct) -> web.Response:
        given = {
            name: value
            for name, value in structs.asdict(patch).items()
            if value is not msgspec.UNSET and name != "secret"
        }
        kept[item_id] = structs.replace(kept[item_id], **given)
        return answer(kept[item_id])

    def _note(self, request: web.Request) -> None:
        self.asked.append(f"{request.method} {request.path.removeprefix(PREFIX)}")
