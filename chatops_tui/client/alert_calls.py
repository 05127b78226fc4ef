"""The hub's REST interface about alerts: what fires, when, who is told, and when nobody is."""

import msgspec

from chatops_tui.client.calls import Calls, given, item_path
from chatops_tui.client.wire import Request
from chatops_wire.rest import Page
from chatops_wire.rest_alerts import (
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


class AlertQuery(msgspec.Struct, frozen=True):
    """Which alerts; an empty field narrows nothing."""

    status: str = ""
    server_id: str = ""
    limit: int = 100
    """The newest so many, more than a page too."""


class AlertCalls:
    """Part of `http.Rest`; what it raises is said there."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def newest(self, query: AlertQuery) -> tuple[AlertView, ...]:
        """Return alerts, the newest first."""
        fields = given(status=query.status, server_id=query.server_id)
        return await self._calls.newest("/alerts", Page[AlertView], fields, limit=query.limit)

    async def one(self, alert_id: str) -> AlertView:
        """Return an alert with what its machine was doing."""
        return await self._calls.call(Request("GET", item_path("alerts", alert_id)), AlertView)

    async def acknowledge(self, alert_id: str, comment: str = "") -> AlertView:
        """Say that somebody looks after it; an empty comment says no more."""
        return await self._done(alert_id, "acknowledge", comment)

    async def resolve(self, alert_id: str, comment: str = "") -> AlertView:
        """End it by hand."""
        return await self._done(alert_id, "resolve", comment)

    async def thresholds(self) -> tuple[ThresholdView, ...]:
        """Return every threshold the user may see."""
        return await self._calls.every("/alerts/thresholds", Page[ThresholdView])

    async def check_threshold(self, wanted: ThresholdCreate) -> None:
        """Have the hub refuse what it would not make, and make nothing."""
        await self._calls.exchange(Request("POST", "/alerts/thresholds/check", wanted))

    async def create_threshold(self, wanted: ThresholdCreate) -> ThresholdView:
        """Make a threshold."""
        return await self._calls.call(Request("POST", "/alerts/thresholds", wanted), ThresholdView)

    async def patch_threshold(self, threshold_id: str, patch: ThresholdPatch) -> ThresholdView:
        """Change a threshold and return it as it now is."""
        path = item_path("alerts/thresholds", threshold_id)
        return await self._calls.call(Request("PATCH", path, patch), ThresholdView)

    async def delete_threshold(self, threshold_id: str) -> None:
        """Remove a threshold; its alerts end."""
        await self._calls.exchange(Request("DELETE", item_path("alerts/thresholds", threshold_id)))

    async def preview(self, wanted: PreviewCreate) -> Preview:
        """Return what a threshold would have done."""
        return await self._calls.call(Request("POST", "/alerts/thresholds/preview", wanted), Preview)

    async def silences(self) -> tuple[SilenceView, ...]:
        """Return every silence the user may see."""
        return await self._calls.every("/alerts/silences", Page[SilenceView])

    async def create_silence(self, wanted: SilenceCreate) -> SilenceView:
        """Notify nobody for a while."""
        return await self._calls.call(Request("POST", "/alerts/silences", wanted), SilenceView)

    async def delete_silence(self, silence_id: str) -> None:
        """End a silence."""
        await self._calls.exchange(Request("DELETE", item_path("alerts/silences", silence_id)))

    async def channels(self) -> tuple[ChannelView, ...]:
        """Return every channel; admins only."""
        return await self._calls.every("/notifications/channels", Page[ChannelView])

    async def create_channel(self, wanted: ChannelCreate) -> ChannelView:
        """Make a channel."""
        return await self._calls.call(Request("POST", "/notifications/channels", wanted), ChannelView)

    async def patch_channel(self, channel_id: str, patch: ChannelPatch) -> ChannelView:
        """Change a channel and return it as it now is."""
        path = item_path("notifications/channels", channel_id)
        return await self._calls.call(Request("PATCH", path, patch), ChannelView)

    async def delete_channel(self, channel_id: str) -> None:
        """Remove a channel, and what it has not delivered."""
        await self._calls.exchange(Request("DELETE", item_path("notifications/channels", channel_id)))

    async def test_channel(self, channel_id: str) -> ChannelTest:
        """Send a test message and return what became of it."""
        path = f"{item_path('notifications/channels', channel_id)}/test"
        return await self._calls.call(Request("POST", path), ChannelTest)

    async def _done(self, alert_id: str, deed: str, comment: str) -> AlertView:
        path = f"{item_path('alerts', alert_id)}/{deed}"
        return await self._calls.call(Request("POST", path, CommentBody(comment=comment)), AlertView)
