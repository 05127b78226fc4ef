"""The alerts a terminal knows: what is open, what has ended lately, and what is new."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from enum import IntEnum
from typing import Final, assert_never

import msgspec
from msgspec import structs

from chatops_wire.client import AlertMessage
from chatops_wire.rest_alerts import AlertStatus, AlertView, Severity
from chatops_wire.times import parse_ms

# A month of a busy fleet; the hub has all of them.
KEPT_ALERTS: Final = 2000

SEVERITIES: Final[tuple[Severity, ...]] = ("critical", "warning", "info")
"""The worst first."""


class Standing(IntEnum):
    """How much an alert wants somebody now, the most first."""

    FIRING = 0
    QUIET = 1
    """It fires, but silenced, or its server is down."""
    ACKNOWLEDGED = 2
    PENDING = 3
    RESOLVED = 4


_STANDINGS: Final[dict[AlertStatus, Standing]] = {
    "firing": Standing.FIRING,
    "acknowledged": Standing.ACKNOWLEDGED,
    "pending": Standing.PENDING,
    "resolved": Standing.RESOLVED,
}


class Alert(msgspec.Struct, frozen=True):
    """One alert. Its texts are remote: neutralise before drawing."""

    view: AlertView
    started_ms: int
    fired_ms: int | None
    resolved_ms: int | None

    @property
    def id(self) -> str:
        """The alert's id."""
        return self.view.id

    @property
    def standing(self) -> Standing:
        """How much it wants somebody now."""
        if self.view.status == "firing" and (self.view.silenced or self.view.muted):
            return Standing.QUIET
        return _STANDINGS[self.view.status]

    @property
    def is_open(self) -> bool:
        """It has not ended."""
        return self.view.status != "resolved"

    @property
    def has_fired(self) -> bool:
        """It was more than a breach that did not last."""
        return self.fired_ms is not None or self.view.status in {"firing", "acknowledged"}


class AlertsAnswered(msgspec.Struct, frozen=True):
    """Alerts as the hub has answered; all that have the status `whole_of`, or, without one, just these."""

    alerts: tuple[AlertView, ...]
    whole_of: AlertStatus | None = None


class AlertsFailed(msgspec.Struct, frozen=True):
    """No answer; `reason` is one sentence."""

    reason: str


class AlertCounted(msgspec.Struct, frozen=True):
    """How many fire and nobody looks after, by severity, and how many are open besides."""

    critical: int = 0
    warning: int = 0
    info: int = 0
    others: int = 0
    """Acknowledged, silenced, or muted."""


class Alerts:
    """Known alerts by id."""

    def __init__(self) -> None:
        self._known: dict[str, Alert] = {}
        self._news: list[Alert] = []
        self._heard: set[str] = set()
        """Told by messages since the hub was asked for all of them: its answer may be older."""
        self._of_server: dict[str, list[Alert]] | None = None
        self._counted: AlertCounted | None = None
        """Both made when they are asked for and something has changed: they are drawn every second."""
        self.is_loaded = False
        """Whether the hub has told once what is open; before, none means "not known yet"."""
        self.reason = ""
        """Why it could not; one sentence, or empty."""

    def get(self, alert_id: str) -> Alert | None:
        """Return one alert; None when it is not known (any more)."""
        return self._known.get(alert_id)

    def all(self) -> list[Alert]:
        """Return every known alert, in no order."""
        return list(self._known.values())

    def of_server(self, server_id: str) -> Sequence[Alert]:
        """Return those of one server, in no order."""
        if self._of_server is None:
            self._of_server = {}
            for alert in self._known.values():
                self._of_server.setdefault(alert.view.server_id, []).append(alert)
        return self._of_server.get(server_id, ())

    def counted(self) -> AlertCounted:
        """Return the totals for the bar at the top."""
        if self._counted is None:
            self._counted = _counted(self._known.values())
        return self._counted

    def take_news(self) -> list[Alert]:
        """Return those that began to fire since the last call, and forget that they are new."""
        news, self._news = self._news, []
        return news

    def expect_answer(self) -> None:
        """Note that the hub is being asked for all that are open."""
        self._heard.clear()

    def still(self) -> "Alerts":
        """Return what they are now, for a picture that shall not move."""
        made = Alerts()
        made._known = dict(self._known)
        made.is_loaded, made.reason = self.is_loaded, self.reason
        return made

    def apply(self, event: AlertMessage | AlertsAnswered | AlertsFailed) -> None:
        """Fold one event in; ValueError: a time in a message is none."""
        self._change()
        match event:
            case AlertMessage():
                self._heard.add(event.alert.id)
                self._take(event.alert)
            case AlertsAnswered():
                self._take_answer(event)
            case AlertsFailed():
                self.reason = event.reason
            case _:
                assert_never(event)

    def forget_server(self, server_id: str) -> None:
        """Drop the alerts of a server that is gone."""
        for alert in self.of_server(server_id):
            del self._known[alert.id]
        self._change()

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()
        self._news.clear()
        self._heard.clear()
        self.is_loaded, self.reason = False, ""
        self._change()

    def _change(self) -> None:
        self._of_server = self._counted = None

    def _take(self, view: AlertView) -> None:
        before = self._known.get(view.id)
        if before is not None and before.view.updated_at > view.updated_at:
            # The answer to a request may be older than a message that has overtaken it.
            return
        alert = _alert(view, before)
        self._known[view.id] = alert
        has_fired_before = before is not None and before.has_fired
        if self.is_loaded and alert.standing is Standing.FIRING and not has_fired_before:
            self._news.append(alert)
        self._drop_oldest()

    def _take_answer(self, answer: AlertsAnswered) -> None:
        """Fold an answer in; what cannot be understood of it is left out."""
        for view in answer.alerts:
            try:
                self._take(view)
            except ValueError:
                continue
        if answer.whole_of is not None:
            self._leave_out(answer.whole_of, self._heard.union(view.id for view in answer.alerts))
            self.is_loaded = True
        self.reason = ""

    def _leave_out(self, status: AlertStatus, told: AbstractSet[str]) -> None:
        """Drop what is not so any more: how it went on comes with the list of the past."""
        untold = [one.id for one in self._known.values() if one.view.status == status and one.id not in told]
        for alert_id in untold:
            del self._known[alert_id]

    def _drop_oldest(self) -> None:
        if len(self._known) <= KEPT_ALERTS:
            return
        ended = [alert for alert in self._known.values() if not alert.is_open]
        oldest = min(ended or self._known.values(), key=lambda alert: alert.started_ms)
        del self._known[oldest.id]


def _counted(known: Iterable[Alert]) -> AlertCounted:
    standings = [(alert.standing, alert.view.severity) for alert in known]
    firing = [severity for standing, severity in standings if standing is Standing.FIRING]
    beside = {Standing.QUIET, Standing.ACKNOWLEDGED}
    return AlertCounted(
        critical=firing.count("critical"),
        warning=firing.count("warning"),
        info=firing.count("info"),
        others=sum(standing in beside for standing, _severity in standings),
    )


def _alert(view: AlertView, before: Alert | None) -> Alert:
    if view.context is None and before is not None and before.view.context is not None:
        # Only the message of its firing, and the alert by itself, tell what its machine was doing.
        view = structs.replace(view, context=before.view.context)
    return Alert(
        view,
        view.since_ms or parse_ms(view.started_at),
        None if view.fired_at is None else parse_ms(view.fired_at),
        None if view.resolved_at is None else parse_ms(view.resolved_at),
    )
