"""What screens ask of the hub about alerts, without knowing how it is reached.

Every coroutine raises requests.RequestFailedError; cancelling is safe.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from chatops_wire.rest import History
from chatops_wire.rest_alerts import (
    ChannelCreate,
    ChannelPatch,
    ChannelTest,
    ChannelView,
    Preview,
    SilenceCreate,
    SilenceView,
    ThresholdCreate,
    ThresholdPatch,
    ThresholdView,
)

AlertDeed = Literal["acknowledge", "resolve"]
"""What somebody does to an alert."""


class Alerts(Protocol):
    """Alerts and silences. What becomes of an alert is told by the store."""

    async def do(self, deed: AlertDeed, alert_ids: Sequence[str], comment: str) -> None:
        """Do it to each of them; the first refusal ends it."""
        ...

    async def load(self, alert_id: str) -> None:
        """Bring one alert into the store, with what its machine was doing."""
        ...

    async def history(self, server_id: str, metric: str, span_ms: tuple[int, int]) -> History:
        """Return one metric from and until when, Unix milliseconds."""
        ...

    async def silences(self) -> tuple[SilenceView, ...]:
        """Return every silence the user may see."""
        ...

    async def silence(self, wanted: SilenceCreate) -> None:
        """Notify nobody for a while."""
        ...

    async def end_silence(self, silence_id: str) -> None:
        """End a silence."""
        ...


class Thresholds(Protocol):
    """When alerts fire."""

    async def all(self) -> tuple[ThresholdView, ...]:
        """Return every threshold the user may see."""
        ...

    async def create(self, wanted: ThresholdCreate) -> None:
        """Make one."""
        ...

    async def change(self, threshold_id: str, patch: ThresholdPatch) -> None:
        """Change one."""
        ...

    async def delete(self, threshold_id: str) -> None:
        """Remove one; its alerts end."""
        ...

    async def preview(self, wanted: ThresholdCreate) -> Preview:
        """Return what it would have done in the last day."""
        ...


class Channels(Protocol):
    """Where notifications go; admins only."""

    async def all(self) -> tuple[ChannelView, ...]:
        """Return every channel."""
        ...

    async def create(self, wanted: ChannelCreate) -> None:
        """Make one."""
        ...

    async def change(self, channel_id: str, patch: ChannelPatch) -> None:
        """Change one."""
        ...

    async def delete(self, channel_id: str) -> None:
        """Remove one, and what it has not delivered."""
        ...

    async def test(self, channel_id: str) -> ChannelTest:
        """Send a test message and return what became of it."""
        ...


class Alerting(msgspec.Struct, frozen=True):
    """All of it, as screens are given it."""

    alerts: Alerts
    thresholds: Thresholds
    channels: Channels
