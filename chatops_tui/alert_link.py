"""Alerts between hub and screens: what is open is kept in the store, what is asked is carried out."""

import logging
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from chatops_tui.alert_requests import AlertDeed, Alerting
from chatops_tui.requests import RequestFailedError
from chatops_tui.store.alerts import AlertsAnswered, AlertsFailed
from chatops_tui.store.models import Event, LinkPhase
from chatops_tui.store.store import Store
from chatops_wire.client import AlertMessage
from chatops_wire.rest import History
from chatops_wire.rest_alerts import (
    AlertStatus,
    ChannelCreate,
    ChannelPatch,
    ChannelTest,
    ChannelView,
    Preview,
    PreviewCreate,
    SilenceCreate,
    SilenceView,
    ThresholdCreate,
    ThresholdPatch,
    ThresholdView,
)

if TYPE_CHECKING:
    from chatops_tui.client.alert_calls import AlertCalls
    from chatops_tui.client.http import Rest

log = logging.getLogger(__name__)

T = TypeVar("T")

_OPEN: Final[tuple[AlertStatus, ...]] = ("firing", "acknowledged", "pending")
# As many as are scrolled through; more than these open at once is a fleet on fire.
_MOST_OPEN: Final = 1000
_PAST: Final = 300
# A chart of a week shows no more marks than it has cells.
_PAST_OF_SERVER: Final = 200


class Desk(Protocol):
    """The link, as far as alerts need it."""

    @property
    def rest(self) -> "Rest":
        """The hub's REST interface; RequestFailedError while there is none."""
        ...

    def apply(self, event: Event) -> None:
        """Fold an event into the store."""
        ...

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> bool:
        """Start a task that ends with the hub's connections; False: there are none, and it is not begun."""
        ...

    async def ask(self, work: Coroutine[Any, Any, T]) -> T:
        """Await a request; RequestFailedError."""
        ...


class AlertLink:
    """`alert_requests.Alerts`, and what keeps the store's alerts up to date."""

    def __init__(self, store: Store, desk: Desk) -> None:
        self._store = store
        self._desk = desk
        self._asked_ms: int | None = None
        """Since when the connection has stood for which all was asked."""
        self._asked_of: set[str] = set()
        """Servers whose past has been asked for on this connection."""

    def serve(self, server_ids: frozenset[str]) -> None:
        """Ask for what is open once a connection, and for the past of these servers; returns at once."""
        link = self._store.link
        if link.phase is not LinkPhase.LIVE:
            return
        if self._asked_ms != link.since_ms:
            self._asked_ms = link.since_ms
            self._asked_of.clear()
            self._store.alerts.expect_answer()
            self._desk.spawn(self._load_all(), "alerts")
        for server_id in server_ids - self._asked_of:
            self._asked_of.add(server_id)
            self._desk.spawn(self._load_past(server_id), "alerts-of-server")

    def resync(self) -> None:
        """Ask for everything anew."""
        self._asked_ms = None

    async def do(self, deed: AlertDeed, alert_ids: Sequence[str], comment: str) -> None:
        """Do it to each of them; the first refusal ends it: RequestFailedError."""
        calls = self._desk.rest.alerts
        act = calls.acknowledge if deed == "acknowledge" else calls.resolve
        for alert_id in alert_ids:
            self._desk.apply(AlertMessage(alert=await self._desk.ask(act(alert_id, comment))))

    async def load(self, alert_id: str) -> None:
        """Bring one alert into the store, with what its machine was doing; RequestFailedError."""
        view = await self._desk.ask(self._desk.rest.alerts.one(alert_id))
        self._desk.apply(AlertsAnswered((view,)))

    async def history(self, server_id: str, metric: str, span_ms: tuple[int, int]) -> History:
        """Return one metric from and until when, Unix milliseconds; RequestFailedError."""
        from chatops_tui.client.http import HistoryQuery  # noqa: PLC0415 - see `_load_all`

        query = HistoryQuery(server_id, (metric,), max(0, span_ms[0]), span_ms[1])
        return await self._desk.ask(self._desk.rest.history(query))

    async def silences(self) -> tuple[SilenceView, ...]:
        """Return every silence the user may see; RequestFailedError."""
        return await self._desk.ask(self._desk.rest.alerts.silences())

    async def silence(self, wanted: SilenceCreate) -> None:
        """Notify nobody for a while; RequestFailedError."""
        await self._desk.ask(self._desk.rest.alerts.create_silence(wanted))

    async def end_silence(self, silence_id: str) -> None:
        """End a silence; RequestFailedError."""
        await self._desk.ask(self._desk.rest.alerts.delete_silence(silence_id))

    async def _load_all(self) -> None:
        from chatops_tui.client.alert_calls import AlertQuery  # noqa: PLC0415 - see hub_link: aiohttp is slow

        calls = self._desk.rest.alerts
        try:
            for status in _OPEN:
                query = AlertQuery(status=status, limit=_MOST_OPEN)
                found = await self._desk.ask(calls.newest(query))
                self._desk.apply(AlertsAnswered(found, whole_of=status))
            past = await self._desk.ask(calls.newest(AlertQuery(limit=_PAST)))
        except RequestFailedError as exc:
            self._desk.apply(AlertsFailed(str(exc)))
        else:
            self._desk.apply(AlertsAnswered(past))

    async def _load_past(self, server_id: str) -> None:
        from chatops_tui.client.alert_calls import AlertQuery  # noqa: PLC0415 - likewise

        query = AlertQuery(server_id=server_id, limit=_PAST_OF_SERVER)
        try:
            found = await self._desk.ask(self._desk.rest.alerts.newest(query))
        except RequestFailedError as exc:
            log.info("alerts not loaded", extra={"server_id": server_id, "reason": str(exc)})
        else:
            self._desk.apply(AlertsAnswered(found))


class ThresholdLink:
    """`alert_requests.Thresholds`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def all(self) -> tuple[ThresholdView, ...]:
        """Return every threshold the user may see; RequestFailedError."""
        return await self._desk.ask(self._calls.thresholds())

    async def create(self, wanted: ThresholdCreate) -> None:
        """Make one; RequestFailedError."""
        await self._desk.ask(self._calls.create_threshold(wanted))

    async def change(self, threshold_id: str, patch: ThresholdPatch) -> None:
        """Change one; RequestFailedError."""
        await self._desk.ask(self._calls.patch_threshold(threshold_id, patch))

    async def delete(self, threshold_id: str) -> None:
        """Remove one; RequestFailedError."""
        await self._desk.ask(self._calls.delete_threshold(threshold_id))

    async def preview(self, wanted: ThresholdCreate) -> Preview:
        """Return what it would have done in the last day; RequestFailedError."""
        return await self._desk.ask(self._calls.preview(PreviewCreate(threshold=wanted)))

    @property
    def _calls(self) -> "AlertCalls":
        return self._desk.rest.alerts


class ChannelLink:
    """`alert_requests.Channels`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def all(self) -> tuple[ChannelView, ...]:
        """Return every channel; RequestFailedError."""
        return await self._desk.ask(self._calls.channels())

    async def create(self, wanted: ChannelCreate) -> None:
        """Make one; RequestFailedError."""
        await self._desk.ask(self._calls.create_channel(wanted))

    async def change(self, channel_id: str, patch: ChannelPatch) -> None:
        """Change one; RequestFailedError."""
        await self._desk.ask(self._calls.patch_channel(channel_id, patch))

    async def delete(self, channel_id: str) -> None:
        """Remove one; RequestFailedError."""
        await self._desk.ask(self._calls.delete_channel(channel_id))

    async def test(self, channel_id: str) -> ChannelTest:
        """Send a test message and return what became of it; RequestFailedError."""
        return await self._desk.ask(self._calls.test_channel(channel_id))

    @property
    def _calls(self) -> "AlertCalls":
        return self._desk.rest.alerts


def alerting(alerts: AlertLink, desk: Desk) -> Alerting:
    """Return what screens are given."""
    return Alerting(alerts, ThresholdLink(desk), ChannelLink(desk))
