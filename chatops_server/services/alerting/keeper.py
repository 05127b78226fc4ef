"""Writes down what became of alerts, tells the timeline and the clients, and wakes the notifications."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, Protocol

from chatops_server.domain.alerts.alert import Alert
from chatops_server.errors import StorageError
from chatops_server.services.alerting.views import AlertViews
from chatops_server.services.events import Events
from chatops_server.storage.base import Script, Storage, UniqueViolationError
from chatops_server.storage.sql.alerts import forget_alert, put_alert
from chatops_server.storage.sql.events import EventRow, NewEvent, add_event
from chatops_server.storage.sql.notifications import NotificationRow, add_notification
from chatops_wire.rest_alerts import AlertView

log = logging.getLogger(__name__)

KIND: Final = "alert"
# One script holds the writer, which acknowledges samples meanwhile, for about as many tenths of a ms.
_AT_ONCE: Final = 50
_RETRY_AFTER_S: Final = 5.0
# Of a fleet of thousands, all thresholds at once. While the database takes nothing the oldest are dropped:
# states are judged anew after a start, what is open is written with its next change.
MAX_DUE: Final = 20_000

News = Literal["fired", "resolved", "forgotten", "changed"]


class AlertListener(Protocol):
    """Told of every alert after its commit (broker.topics.Topics); must not block and must not raise."""

    def alert_changed(self, alert: AlertView) -> None:
        """Pass it on to the clients that may see it."""


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be written of one alert."""

    alert: Alert
    news: tuple[News, ...] = ()
    notifications: tuple[NotificationRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told after a commit."""

    events: Events
    views: AlertViews
    listener: AlertListener
    notified: Callable[[Iterable[str]], None]
    """Called with the ids of channels that something waits for now."""


class Fence(Protocol):
    """Keeps out what another hub has written already (services.hubs.alert_fence)."""

    def admitted(self, due: Due) -> Script[Due | None]:
        """Return what is to be written of it; None: nothing."""


class NoFence:
    """Of a hub that is alone."""

    def admitted(self, due: Due) -> Script[Due | None]:
        """Let everything in."""
        yield from ()
        return due


class Keeper:
    """One task that writes behind the judging; in what order changes came is kept for each alert."""

    def __init__(self, storage: Storage, told: Told, now_ms: Callable[[], int]) -> None:
        self._storage = storage
        self._told = told
        self._now_ms = now_ms
        self._due: dict[str, Due] = {}
        self._in_work: frozenset[str] = frozenset()
        self.fence: Fence = NoFence()
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()
        self._failure: str | None = None
        self._dropped = 0

    @property
    def failure(self) -> str | None:
        """Why the last attempt to write failed; None while all is well."""
        return self._failure

    def put(self, alert: Alert, news: News, notifications: Sequence[NotificationRow] = ()) -> None:
        """Have a change written down and told."""
        before = self._due.pop(alert.id, None) or Due(alert)
        both = (*before.news, news)
        self._due[alert.id] = Due(alert, both, (*before.notifications, *notifications))
        if len(self._due) > MAX_DUE:
            del self._due[next(iter(self._due))]
            self._dropped += 1
        self._wake.set()

    def is_busy(self, alert_id: str) -> bool:
        """Return whether something of an alert is to be written yet."""
        return alert_id in self._due or alert_id in self._in_work

    def refresh(self, alert: Alert) -> None:
        """Replace what is to be written of an alert, where something is."""
        due = self._due.get(alert.id)
        if due is not None:
            self._due[alert.id] = replace(due, alert=alert)

    def told(self, alert: Alert, notifications: Sequence[NotificationRow]) -> None:
        """Tell the clients and the notifications of a change that another script has stored."""
        self._told.listener.alert_changed(self._told.views.view(alert))
        if notifications:
            self._told.notified({row.channel_id for row in notifications})

    async def run(self) -> None:
        """Write down what changes, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self.flush()
            except StorageError as exc:
                if self._failure is None:
                    log.warning("alerts are not written down", extra={"reason": exc.reason})
                self._failure = exc.reason
                await asyncio.sleep(_RETRY_AFTER_S)
                self._wake.set()
                continue
            if self._failure is not None:
                log.info("alerts are written down again", extra={"dropped": self._dropped})
            self._failure, self._dropped = None, 0

    async def flush(self) -> None:
        """Write down everything that is not yet.

        Raises:
            StorageError: The database does not take it; it is tried again.
        """
        # One at a time: whoever waits for it knows that nothing is on its way any more.
        async with self._writing:
            while self._due:
                ids = list(self._due)[:_AT_ONCE]
                chosen = [self._due.pop(each) for each in ids]
                self._in_work = frozenset(ids)
                try:
                    await self._write(chosen)
                except BaseException:
                    self._put_back(chosen)
                    raise
                finally:
                    self._in_work = frozenset()

    async def _write(self, chosen: Sequence[Due]) -> None:
        try:
            written, rows = await self._storage.write(self._written(chosen))
        except UniqueViolationError:
            if len(chosen) > 1:
                for due in chosen:
                    await self._write([due])
                return
            # A second open alert of one threshold and server: a defect, and no reason to lose the others.
            log.exception("an alert cannot be stored", extra={"alert_id": chosen[0].alert.id})
            return
        self._tell(written, rows)

    def _put_back(self, chosen: Iterable[Due]) -> None:
        later = self._due
        self._due = {}
        for due in chosen:
            after = later.pop(due.alert.id, None)
            if after is None:
                self._due[due.alert.id] = due
            else:
                notifications = (*due.notifications, *after.notifications)
                self._due[due.alert.id] = Due(after.alert, (*due.news, *after.news), notifications)
        self._due |= later

    def _written(self, chosen: Iterable[Due]) -> Script[tuple[list[Due], list[EventRow]]]:
        now_ms, written, events = self._now_ms(), [], []
        for each in chosen:
            due = yield from self.fence.admitted(each)
            if due is None:
                continue
            written.append(due)
            if due.news[-1] == "forgotten":
                yield from forget_alert(due.alert.id)
                continue
            yield from put_alert(due.alert)
            for row in due.notifications:
                yield from add_notification(row)
            for news in due.news:
                if news in ("fired", "resolved"):
                    event = alert_event(self._told.views.view(due.alert), news)
                    events.append((yield from add_event(now_ms, event)))
        return written, events

    def _tell(self, chosen: Iterable[Due], events: Iterable[EventRow]) -> None:
        for due in chosen:
            self.told(due.alert, due.notifications)
        for row in events:
            self._told.events.publish(row)


def alert_event(view: AlertView, done: str, *, user_id: str | None = None, by: str = "") -> NewEvent:
    """Return the entry of the timeline for one change of an alert."""
    where = view.server_name or view.server_id
    text = f"{view.severity}: {view.message}" if done == "fired" else f"alert {view.metric} {done}{by}"
    told = {
        "alert_id": view.id,
        "threshold_id": view.threshold_id,
        "metric": view.metric,
        "severity": view.severity,
        "status": "firing" if done == "fired" else view.status,
        "value": view.value,
        "change": done,
    }
    return NewEvent(KIND, f"{where}: {text}", server_id=view.server_id, user_id=user_id, data=told)
