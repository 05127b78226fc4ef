"""Turns what becomes of watches into alerts: opened, fired, ended; kept, and told to whom it concerns."""

from collections.abc import Callable, Iterable, Sequence
from secrets import token_hex
from typing import Final, Protocol

from msgspec.structs import replace

from chatops_server.broker.sample_frames import AnySample
from chatops_server.domain.alerts.alert import Alert, Resolution
from chatops_server.domain.alerts.machine import OK, Phase, State, closed
from chatops_server.domain.alerts.readings import origin
from chatops_server.domain.alerts.wording import message
from chatops_server.services.alerting.keeper import Keeper, News
from chatops_server.services.alerting.standing import Standing, Standings
from chatops_server.services.alerting.thresholds import Threshold
from chatops_server.services.alerting.watches import Watch
from chatops_server.storage.sql.notifications import NotificationRow
from chatops_wire.rest_alerts import AlertComment, AlertContext
from chatops_wire.samples import Process

# What is shown of the machine's processes with an alert.
TOP_PROCESSES: Final = 5


class Notices(Protocol):
    """What is to be told of an alert, and to which channels (services.notifications.notices)."""

    def of_open(self, alert: Alert, standing: Standing) -> tuple[Alert, Sequence[NotificationRow]]:
        """Return what is due now of a firing alert, and the alert that remembers it."""

    def of_ended(self, alert: Alert, standing: Standing) -> Sequence[NotificationRow]:
        """Return what is due of an alert that has just ended."""

    def of_steady(self, alert: Alert) -> Sequence[NotificationRow]:
        """Return what is due of an alert that no longer comes and goes."""


class Journal:
    """Keeps the alerts of watches. For the event loop's thread only; nothing here waits."""

    def __init__(
        self,
        keeper: Keeper,
        standings: Standings,
        notices: Notices,
        now_ms: Callable[[], int],
    ) -> None:
        self._keeper = keeper
        self._standings = standings
        self._notices = notices
        self._now_ms = now_ms
        self._fired_listeners: list[Callable[[Watch, Alert], None]] = []
        self._shown: dict[str, Standing] = {}
        # The newest alert of each that comes and goes, by threshold and server.
        self._flapping: dict[tuple[str, str], Alert] = {}

    def on_fired(self, listener: Callable[[Watch, Alert], None]) -> None:
        """Call `listener` with each alert that has just fired; it may not block or raise."""
        self._fired_listeners.append(listener)

    def take_up(self, watch: Watch, alert: Alert | None) -> None:
        """Let a new watch go on where an earlier run stopped."""
        if alert is None:
            return
        watch.alert = alert
        watch.enter(alert.state)
        if alert.metric != watch.threshold.ref.text:
            self.end(watch, "threshold changed")
        elif alert.fired_ms is not None and alert.resolved_ms is None:
            self._standings.fired(alert, self._now_ms())

    def follow(self, watch: Watch, alert: Alert | None) -> None:
        """Take over what another hub has made of a watch's alert; None: there is none any more."""
        before, now_ms = watch.alert, self._now_ms()
        if before == alert:
            return
        was, now = _told_as_firing(before), _told_as_firing(alert)
        is_same = was is not None and now is not None and was.id == now.id
        if was is not None and not is_same:
            self._standings.ended(was, now_ms)
            self._shown.pop(was.id, None)
        if now is not None and not is_same:
            self._standings.fired(now, now_ms)
        watch.alert = alert
        watch.enter(OK if alert is None else alert.state)

    def judged(self, watch: Watch, before: State, value: float, sample: AnySample | None) -> None:
        """Take up what one value has led to."""
        alert, after = watch.alert, watch.state
        if alert is None:
            if after.phase is not Phase.OK:
                self._open(watch, value, sample)
        elif alert.resolved_ms is not None:
            if after.phase is Phase.OK:
                self._let_go(watch, alert)
        elif after.phase is Phase.OK:
            self._end(watch, alert, value, "recovered")
        elif alert.fired_ms is None and after.is_firing:
            self._fire(watch, alert, value, sample)
        else:
            self._go_on(watch, alert, value, is_news=after.phase is not before.phase)

    def lost(self, watch: Watch, before: State) -> None:
        """Take up that a metric does not come any more."""
        alert = watch.alert
        if alert is None or alert.fired_ms is None:
            if watch.state is not before:
                self._fire(watch, alert or self._new(watch), None, None)
        elif not alert.no_data and alert.resolved_ms is None:
            watch.alert = replace(alert, no_data=True, updated_ms=self._now_ms())
            self._keeper.put(watch.alert, "changed")

    def changed(self, watch: Watch, threshold: Threshold) -> None:
        """Judge by another threshold: an open alert goes on, unless that is of another metric."""
        if threshold.ref.text != watch.threshold.ref.text:
            self.end(watch, "threshold changed")
        watch.adopt(threshold)
        if watch.alert is not None and watch.alert.resolved_ms is None:
            watch.alert = _of(threshold, watch.alert, self._now_ms())
            self._keeper.put(watch.alert, "changed")

    def end(self, watch: Watch, resolution: Resolution) -> None:
        """End a watch's alert, whatever its value; what was only pending is forgotten."""
        alert = watch.alert
        watch.enter(OK)
        if alert is None:
            return
        if alert.resolved_ms is not None:
            self._let_go(watch, alert)
        else:
            self._end(watch, alert, None, resolution)

    def end_left(self, alert: Alert) -> None:
        """End an alert of an earlier run that no threshold asks for any more."""
        now_ms = self._now_ms()
        if alert.resolved_ms is None and alert.fired_ms is not None:
            alert = replace(alert, resolved_ms=now_ms, resolution="threshold deleted")
        news: News = "forgotten" if alert.fired_ms is None else "changed"
        self._keeper.put(replace(alert, state=OK, updated_ms=now_ms), news)

    def forget(self, watch: Watch) -> None:
        """Forget the alert of a server that was deleted."""
        if watch.alert is not None:
            self._standings.ended(watch.alert, self._now_ms())
            self._shown.pop(watch.alert.id, None)
            watch.alert = None

    def acknowledged(self, watch: Watch, alert: Alert, comment: AlertComment) -> Alert:
        """Take up that somebody has seen to an alert; return it, to be stored."""
        now_ms = self._now_ms()
        return self._by_hand(
            watch,
            replace(
                alert,
                acknowledged_ms=alert.acknowledged_ms or now_ms,
                acknowledged_by=alert.acknowledged_by or comment.username,
                comments=(*alert.comments, comment),
                updated_ms=now_ms,
            ),
        )

    def closed(
        self, watch: Watch, alert: Alert, comment: AlertComment
    ) -> tuple[Alert, Sequence[NotificationRow]]:
        """Take up that somebody ended an alert; return it and what is to be told, to be stored.

        While the breach lasts there is no new one: only after the value was well once.
        """
        now_ms = self._now_ms()
        watch.enter(closed(watch.state))
        if alert.fired_ms is not None:
            self._standings.ended(alert, now_ms)
        ended = replace(
            alert,
            state=watch.state,
            resolved_ms=now_ms,
            resolution="by hand",
            comments=(*alert.comments, comment),
            updated_ms=now_ms,
        )
        self._shown.pop(alert.id, None)
        rows = self._notices.of_ended(ended, self._standings.of(ended))
        return self._by_hand(watch, ended), rows

    def undo(self, watch: Watch, before: tuple[Alert, State], after: Alert) -> None:
        """Take back what could not be stored, unless something else has happened since."""
        if watch.alert is after:
            self._by_hand(watch, before[0])
            watch.enter(before[1])

    def sweep(self, watches: Iterable[Watch], now_ms: int) -> None:
        """Tell what time alone makes due: repeats, the end of a silence, what no longer comes and goes."""
        still_open: dict[str, Alert] = {}
        for watch in watches:
            if watch.alert is None or watch.alert.fired_ms is None:
                continue
            alert, rows = self._notices.of_open(watch.alert, self._standings.of(watch.alert))
            if rows:
                watch.alert = alert
                self._keeper.put(alert, "changed", rows)
            self._show_again(watch.alert)
            still_open[watch.alert.id] = watch.alert
        for key in self._standings.steadied(now_ms):
            last = self._flapping.pop(key, None)
            if last is not None:
                current = still_open.get(last.id, last)
                self._keeper.put(current, "changed", self._notices.of_steady(current))

    def attach(self, watch: Watch, context: AlertContext) -> None:
        """Add to an open alert what its machine said meanwhile."""
        if watch.alert is not None:
            watch.alert = replace(watch.alert, context=context, updated_ms=self._now_ms())
            self._keeper.put(watch.alert, "changed")

    def _open(self, watch: Watch, value: float, sample: AnySample | None) -> None:
        alert = self._new(watch)
        if watch.state.is_firing:
            self._fire(watch, alert, value, sample)
            return
        watch.alert = self._worded(watch, replace(alert, value=value, last_value=value), sample)
        self._keeper.put(watch.alert, "changed")

    def _fire(self, watch: Watch, alert: Alert, value: float | None, sample: AnySample | None) -> None:
        now_ms = self._now_ms()
        fired = replace(
            alert,
            state=watch.state,
            value=value,
            last_value=value,
            no_data=value is None,
            fired_ms=now_ms,
            updated_ms=now_ms,
            context=None if sample is None else _context(alert.metric, sample),
        )
        fired = self._worded(watch, fired, sample)
        self._standings.fired(fired, now_ms)
        self._remember_flapping(fired)
        watch.alert, rows = self._notices.of_open(fired, self._standings.of(fired))
        self._keeper.put(watch.alert, "fired", rows)
        for listener in self._fired_listeners:
            listener(watch, watch.alert)

    def _end(self, watch: Watch, alert: Alert, value: float | None, resolution: Resolution) -> None:
        now_ms = self._now_ms()
        last_value = alert.last_value if value is None else value
        ended = replace(
            alert,
            state=watch.state,
            last_value=last_value,
            no_data=False,
            resolved_ms=now_ms,
            resolution=resolution,
            updated_ms=now_ms,
        )
        watch.alert = None
        self._shown.pop(alert.id, None)
        if alert.fired_ms is None:
            self._keeper.put(ended, "forgotten")
            return
        self._standings.ended(ended, now_ms)
        self._remember_flapping(ended)
        self._keeper.put(ended, "resolved", self._notices.of_ended(ended, self._standings.of(ended)))

    def _go_on(self, watch: Watch, alert: Alert, value: float, *, is_news: bool) -> None:
        is_news = is_news or alert.no_data
        first = value if alert.fired_ms is None else alert.value
        updated_ms = self._now_ms() if is_news else alert.updated_ms
        watch.alert = replace(
            alert, state=watch.state, value=first, last_value=value, no_data=False, updated_ms=updated_ms
        )
        if is_news:
            self._keeper.put(watch.alert, "changed")

    def _let_go(self, watch: Watch, alert: Alert) -> None:
        watch.alert = None
        self._keeper.put(replace(alert, state=OK, updated_ms=self._now_ms()), "changed")

    def _by_hand(self, watch: Watch, alert: Alert) -> Alert:
        watch.alert = alert
        # What is about to be written of it must not put it back.
        self._keeper.refresh(alert)
        return alert

    def _show_again(self, alert: Alert) -> None:
        standing = self._standings.of(alert)
        if self._shown.setdefault(alert.id, standing) != standing:
            self._shown[alert.id] = standing
            self._keeper.told(alert, ())

    def _remember_flapping(self, alert: Alert) -> None:
        if self._standings.of(alert).is_flapping:
            self._flapping[(alert.threshold_id, alert.server_id)] = alert

    def _new(self, watch: Watch) -> Alert:
        now_ms, row = self._now_ms(), watch.threshold.row
        alert = Alert(
            id=f"alr_{token_hex(8)}",
            server_id=watch.server_id,
            threshold_id=row.id,
            metric=watch.threshold.ref.text,
            target=watch.threshold.ref.label,
            severity=row.body.severity,
            comparison=row.body.comparison,
            threshold_value=row.body.value,
            state=watch.state,
            started_ms=watch.state.since_ms,
        )
        return _of(watch.threshold, alert, now_ms)

    def _worded(self, watch: Watch, alert: Alert, sample: AnySample | None) -> Alert:
        ref = watch.threshold.ref
        is_of_sample = sample is not None and alert.value is not None
        target = origin(sample, ref, alert.value) if is_of_sample and sample and alert.value else ref.label
        named = replace(alert, target=target)
        return replace(named, message=message(named, ref.metric.unit))


def _told_as_firing(alert: Alert | None) -> Alert | None:
    return alert if alert and alert.fired_ms is not None and alert.resolved_ms is None else None


def _of(threshold: Threshold, alert: Alert, now_ms: int) -> Alert:
    body = threshold.row.body
    return replace(
        alert,
        threshold_name=body.name,
        severity=body.severity,
        comparison=body.comparison,
        threshold_value=body.value,
        clear_value=body.clear_value,
        runbook=body.runbook,
        updated_ms=now_ms,
    )


def _context(metric: str, sample: AnySample) -> AlertContext:
    def used(process: Process) -> float:
        is_memory = metric.startswith(("memory.", "swap."))
        return float(process.memory_used if is_memory else process.cpu_percent)

    return AlertContext(processes=tuple(sorted(sample.processes, key=used, reverse=True)[:TOP_PROCESSES]))
