"""Lets each change of an alert into the database once, also while two hubs judge the same server.

That is when an agent comes to another hub before the one it was at has noticed or written everything down.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from chatops_server.domain.alerts.alert import Alert
from chatops_server.domain.alerts.merging import merged
from chatops_server.services.alerting.keeper import Due, News
from chatops_server.storage.base import Script
from chatops_server.storage.sql.alerts import alert, open_alert
from chatops_server.storage.sql.notifications import NotificationRow

# Two hubs judge the same server for as long as a lease takes to be known; reminders are minutes apart.
_BOTH_FOR_MS: Final = 10_000


class AlertFence:
    """Called in the transaction that writes: those of all hubs run one after the other."""

    def __init__(self, look_again: Callable[[str], None]) -> None:
        """Take what has an alert taken over from the database, because that knows better."""
        self._look_again = look_again

    def admitted(self, due: Due) -> Script[Due | None]:
        """Return what is to be written of it; None: nothing."""
        stored = yield from alert(due.alert.id)
        if stored is None:
            return (yield from self._first(due))
        if due.news[-1] == "forgotten" and stored.fired_ms is not None:
            self._look_again(stored.id)
            return None
        news: tuple[News, ...] = tuple(each for each in due.news if not _is_done(stored, each))
        rows = tuple(row for row in due.notifications if not _was_told(stored, row))
        both = merged(stored, due.alert)
        if both != due.alert:
            self._look_again(stored.id)
        if not news and not rows and both == stored:
            return None
        return replace(due, alert=both, news=news or ("changed",), notifications=rows)

    def _first(self, due: Due) -> Script[Due | None]:
        other = yield from open_alert(due.alert.threshold_id, due.alert.server_id)
        if other is None:
            return due
        self._look_again(other.id)
        return None


def _is_done(stored: Alert, news: News) -> bool:
    if news == "fired":
        return stored.fired_ms is not None
    return news == "resolved" and stored.resolved_ms is not None


def _was_told(stored: Alert, row: NotificationRow) -> bool:
    match row.body.event:
        case "firing":
            return row.channel_id in stored.told
        case "resolved":
            return stored.resolved_ms is not None
        case _:
            return row.created_ms - stored.told.get(row.channel_id, 0) < _BOTH_FOR_MS
