"""Alerts as users list them, see to them and end them."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final

from chatops_server.broker.fleet import Fleet
from chatops_server.domain.alerts.alert import Alert, as_of
from chatops_server.domain.alerts.machine import State
from chatops_server.domain.permissions import Principal, ServerAction
from chatops_server.errors import ConflictError, NotFoundError, StorageError
from chatops_server.services.access import Caller, server_for
from chatops_server.services.alerting.engine import Engine
from chatops_server.services.alerting.journal import Journal
from chatops_server.services.alerting.keeper import Due, Fence, Keeper, News, alert_event
from chatops_server.services.alerting.views import AlertViews
from chatops_server.services.alerting.watches import Watch
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.storage.base import Script, Storage
from chatops_server.storage.sql import alerts as sql
from chatops_server.storage.sql.alerts import AlertFilter
from chatops_server.storage.sql.notifications import NotificationRow, add_notification
from chatops_wire.rest_alerts import AlertComment, AlertCounts, AlertView, Severity
from chatops_wire.times import format_ms

# More of one server than a screen can list.
_OPEN_AT_ONCE: Final = 100
_SEVERITIES: Final[tuple[Severity, ...]] = ("info", "warning", "critical")


class Alerts:
    """The alerts, open ones as they are in memory, ended ones from the database."""

    def __init__(
        self,
        storage: Storage,
        ledger: Ledger,
        around: tuple[Fleet, Engine, Journal, Keeper, AlertViews],
        now_ms: Callable[[], int],
    ) -> None:
        self._storage = storage
        self._ledger = ledger
        self._fleet, self._engine, self._journal, self._keeper, self._views = around
        self._now_ms = now_ms

    async def listed(self, principal: Principal, wanted: AlertFilter) -> tuple[list[AlertView], int | None]:
        """Return the newest matching alerts of the servers a user sees, and the cursor of those that follow.

        Raises:
            NotFoundError: The server asked for is unknown or invisible to them.
            StorageError: The database does not answer.
        """
        if wanted.server_id is not None:
            server_for(self._fleet, principal, wanted.server_id, ServerAction.READ)
        more = AlertFilter(wanted.status, wanted.server_id, wanted.before, wanted.limit + 1)
        user_id = None if principal.role == "admin" else principal.user_id
        await self._catch_up()
        rows = await self._storage.read(sql.alerts_visible_to(user_id, more))
        shown = rows[: wanted.limit]
        now = self._open()
        views = [self._views.view(now.get(alert.id, alert)) for _, alert in shown]
        # What has changed status since it was written is shown, or not, by the status it has now.
        kept = [view for view in views if wanted.status in (None, view.status)]
        return kept, shown[-1][0] if len(rows) > wanted.limit else None

    async def get(self, alert_id: str, principal: Principal) -> AlertView:
        """Return one alert with its context.

        Raises:
            NotFoundError: Unknown, or on a server invisible to the user.
            StorageError: The database does not answer.
        """
        alert = await self._known(alert_id, principal, ServerAction.READ)
        return self._views.view(alert, is_whole=True)

    async def open_at(self, server_id: str, ts_ms: int) -> list[AlertView]:
        """Return the alerts of a server that were open at a time, as they then stood, newest first.

        Raises:
            StorageError: The database does not answer.
        """
        await self._catch_up()
        found = await self._storage.read(sql.alerts_around(server_id, ts_ms, _OPEN_AT_ONCE))
        stood = (as_of(alert, ts_ms) for alert in found)
        return [self._views.view(alert, is_past=True) for alert in stood if alert is not None]

    def counts(self, principal: Principal) -> AlertCounts:
        """Return how many alerts are open on the servers a user sees."""
        seen = {state.id for state, _ in self._fleet.visible(principal)}
        views = [self._views.view(alert) for alert in self._open().values() if alert.server_id in seen]
        firing = [view for view in views if view.status == "firing"]
        loud = [view.severity for view in firing if not view.silenced]
        return AlertCounts(
            pending=_count(views, "pending"),
            firing=len(firing),
            acknowledged=_count(views, "acknowledged"),
            silenced=len(firing) - len(loud),
            by_severity={severity: loud.count(severity) for severity in _SEVERITIES},
        )

    async def acknowledge(
        self, alert_id: str, comment: str, principal: Principal, caller: Caller
    ) -> AlertView:
        """Note that somebody sees to a firing alert: nobody is reminded of it any more.

        Raises:
            NotFoundError, ForbiddenError: The server is not the user's to see, or to operate.
            ConflictError: It has ended, or not fired yet.
            StorageError: It is not stored, and nothing has changed.
        """
        watch, alert = await self._open_one(alert_id, principal)
        if alert.fired_ms is None:
            raise ConflictError("this alert has not fired yet")
        before = alert, watch.state
        said = self._comment(principal, "acknowledge", comment)
        after = self._journal.acknowledged(watch, alert, said)
        return await self._stored(watch, before, after, ("acknowledged", comment, caller))

    async def resolve(self, alert_id: str, comment: str, principal: Principal, caller: Caller) -> AlertView:
        """End an alert by hand. While its breach lasts there is no new one, only after it was well once.

        Raises:
            NotFoundError, ForbiddenError, ConflictError, StorageError: As for `acknowledge`.
        """
        watch, alert = await self._open_one(alert_id, principal)
        before = alert, watch.state
        said = self._comment(principal, "resolve", comment)
        after, rows = self._journal.closed(watch, alert, said)
        return await self._stored(watch, before, after, ("resolved", comment, caller), rows)

    async def _stored(
        self,
        watch: Watch,
        before: tuple[Alert, State],
        after: Alert,
        done: tuple[str, str, Caller],
        rows: Sequence[NotificationRow] = (),
    ) -> AlertView:
        what, comment, caller = done
        view = self._views.view(after)
        by = f" by {caller.principal.username}" if caller.principal else ""
        event = alert_event(view, what, user_id=caller.user_id, by=by)
        deed = Deed(
            f"alert.{'acknowledge' if what == 'acknowledged' else 'resolve'}",
            caller,
            target=after.metric,
            server_id=after.server_id,
            data={"alert_id": after.id, "comment": comment},
            event=event,
        )
        try:
            news: News = "resolved" if what == "resolved" else "changed"
            await self._ledger.commit(_written(self._keeper.fence, Due(after, (news,), tuple(rows))), deed)
        except BaseException:
            self._journal.undo(watch, before, after)
            raise
        self._keeper.told(after, rows)
        return self._views.view(after, is_whole=True)

    async def _catch_up(self) -> None:
        """Have the database know what the memory does, also of what has just begun or ended."""
        # What was written last is better than nothing: the keeper tries again, and says so on /readyz.
        with suppress(StorageError):
            await self._keeper.flush()

    def _open(self) -> dict[str, Alert]:
        return {watch.alert.id: watch.alert for watch in self._engine.open_watches() if watch.alert}

    async def _known(self, alert_id: str, principal: Principal, action: ServerAction) -> Alert:
        alert = self._open().get(alert_id) or await self._storage.read(sql.alert(alert_id))
        if alert is None or self._fleet.role_on(alert.server_id, principal) is None:
            raise NotFoundError("no such alert")
        server_for(self._fleet, principal, alert.server_id, action)
        return alert

    async def _open_one(self, alert_id: str, principal: Principal) -> tuple[Watch, Alert]:
        await self._known(alert_id, principal, ServerAction.OPERATE)
        watch = self._engine.watch_of(alert_id)
        # No await from here on: what is open now must still be so when it is changed.
        if watch is None or watch.alert is None:
            raise ConflictError("this alert has ended")
        return watch, watch.alert

    def _comment(self, principal: Principal, action: str, text: str) -> AlertComment:
        return AlertComment(
            ts=format_ms(self._now_ms()),
            user_id=principal.user_id,
            username=principal.username,
            action="acknowledge" if action == "acknowledge" else "resolve",
            text=text,
        )


def _count(views: Iterable[AlertView], status: str) -> int:
    return sum(view.status == status for view in views)


def _written(fence: Fence, wanted: Due) -> Script[None]:
    due = yield from fence.admitted(wanted)
    if due is None:
        raise ConflictError("this alert has ended")
    yield from sql.put_alert(due.alert)
    for row in due.notifications:
        yield from add_notification(row)
