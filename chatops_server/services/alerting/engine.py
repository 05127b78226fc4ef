"""Judges every sample in memory, and once a second what no sample tells: who is gone, and what is missing."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from chatops_server.broker.fleet import Fleet
from chatops_server.broker.sample_frames import AnySample
from chatops_server.broker.server_state import ServerState
from chatops_server.domain.alerts.alert import Alert
from chatops_server.domain.alerts.machine import evaluate, lost
from chatops_server.domain.alerts.merging import is_remembered, merged
from chatops_server.domain.alerts.readings import metrics_time
from chatops_server.services.alerting.journal import Journal
from chatops_server.services.alerting.scope import Scope
from chatops_server.services.alerting.thresholds import Threshold, Thresholds
from chatops_server.services.alerting.watches import Plan, Watch, plan

# Agents come back within twice the longest pause between their attempts; before that a server that is not
# connected may not be called down.
GRACE_MS: Final = 30_000
# What an alert is about is gone: a file system that was unmounted, a container that was removed.
GONE_AFTER_MS: Final = 10 * 60 * 1000
# The session that a server left may not have ended yet.
_PARTING_MS: Final = 5_000
# Some 50 ms of the event loop. After a start, or a change of thresholds, thousands of servers take their
# turns; those with an alert do not, nor who sends a sample.
_PLANNED_AT_ONCE: Final = 500


class Engine:
    """The watches of every server. For the event loop's thread only; nothing here waits."""

    def __init__(
        self,
        fleet: Fleet,
        thresholds: Thresholds,
        scope: Scope,
        journal: Journal,
        now_ms: Callable[[], int],
    ) -> None:
        self._fleet = fleet
        self._thresholds = thresholds
        self._scope = scope
        self._journal = journal
        self._now_ms = now_ms
        self._plans: dict[str, Plan] = {}
        self._remembered: dict[str, dict[str, Alert]] = {}
        self._owners: frozenset[tuple[str, str]] = frozenset()
        self._began_ms = now_ms()
        # Servers that were connected since the start: they are down at once when they are gone.
        self._seen: set[str] = set()
        self._turns = 0
        # When servers left another hub, which may be gone: their agents come here in a moment.
        self._left_ms: dict[str, int] = {}
        self.is_mine: Callable[[str], bool] = _always
        """Whether this hub judges a server, and no other one does (services.hubs.alert_following)."""

    def remember(self, alert: Alert) -> None:
        """Go on with an alert of an earlier run; before the first sample."""
        self._remembered.setdefault(alert.server_id, {})[alert.threshold_id] = alert

    def judge(self, server: ServerState, sample: AnySample) -> None:
        """Judge one sample: a `metrics` or a `live` one, never a backlog's."""
        now_ms = self._now_ms()
        at_ms = -1
        for read, watches in self._plan_of(server).groups:
            value = read(sample)
            if value is None:
                continue
            for watch in watches:
                watch.heard_ms = now_ms
                if watch.is_idle and not watch.holds(value, watch.limit):
                    continue
                if at_ms < 0:
                    at_ms = metrics_time(sample)
                self._step(watch, value, at_ms, sample)

    def take_over(self, server: ServerState, stored: Mapping[str, Alert]) -> None:
        """Go on with a server's alerts, by threshold, where another hub stopped; before it is judged here."""
        self._remembered.pop(server.id, None)
        for threshold_id, watch in self._plan_of(server).watches.items():
            self._journal.follow(watch, stored.get(threshold_id))
        self.arrives(server)

    def arrives(self, server: ServerState) -> None:
        """Wait for a server's values from now on: while another hub heard them nothing came here."""
        found, now_ms = self._plan_of(server), self._now_ms()
        for watch in found.watches.values():
            watch.heard_ms = now_ms
        found.look_ms = 0

    def follow(self, server: ServerState, stored: Alert) -> None:
        """Take over what another hub has made of an alert; of what is judged here only what people did."""
        watch = self._plan_of(server).watches.get(stored.threshold_id)
        if watch is None:
            return
        current, lasting = watch.alert, stored if is_remembered(stored) else None
        if current is None or current.id != stored.id:
            # Of two that are open the stored one is it: there can be but one.
            if lasting is not None:
                self._journal.follow(watch, lasting)
        elif not self.is_mine(server.id) or stored.resolved_ms is not None:
            if current.resolved_ms is None or lasting is None:
                self._journal.follow(watch, lasting)
        else:
            self._journal.follow(watch, merged(stored, current))

    def forgotten(self, alert_id: str) -> None:
        """Take over that an alert which never fired is gone."""
        watch = self.watch_of(alert_id)
        if watch is not None and not self.is_mine(watch.server_id):
            self._journal.follow(watch, None)

    def left_another_hub(self, server_id: str) -> None:
        """Give a server the time to come back before it is called down."""
        self._left_ms[server_id] = self._now_ms()

    def _may_be_back(self, server_id: str, now_ms: int) -> None:
        left_ms = self._left_ms.get(server_id)
        if left_ms is not None and now_ms - left_ms >= _PARTING_MS:
            del self._left_ms[server_id]

    def threshold_changed(self, threshold_id: str) -> None:
        """Let the open alerts of a threshold follow it at once; all else does with its next sample."""
        for server_id, found in list(self._plans.items()):
            watch, server = found.watches.get(threshold_id), self._fleet.get(server_id)
            if server is not None and watch is not None and watch.alert is not None:
                self._plan_of(server)

    def sweep(self) -> None:
        """Look at what no sample tells; once a second."""
        owners = self._scope.owners()
        if owners != self._owners:
            self._owners = owners
            self._thresholds.generation += 1
        now_ms, self._turns = self._now_ms(), _PLANNED_AT_ONCE
        for server in self._fleet:
            if server.is_online:
                self._seen.add(server.id)
                self._may_be_back(server.id, now_ms)
            found = self._plan_in_turn(server)
            if found is not None and self.is_mine(server.id):
                self._look_at(server, found, now_ms)
        for server_id in [each for each in self._plans if self._fleet.get(each) is None]:
            self._forget_server(server_id)
        mine = (watch for watch in self.open_watches() if self.is_mine(watch.server_id))
        self._journal.sweep(mine, now_ms)

    def open_watches(self) -> Iterator[Watch]:
        """Yield the watches with an alert that has not ended."""
        for found in self._plans.values():
            for watch in found.watches.values():
                if watch.alert is not None and watch.alert.resolved_ms is None:
                    yield watch

    def watch_of(self, alert_id: str) -> Watch | None:
        """Return the watch of an open alert."""
        return next((each for each in self.open_watches() if each.alert and each.alert.id == alert_id), None)

    def _step(self, watch: Watch, value: float, at_ms: int, sample: AnySample | None) -> None:
        judged = value if watch.window is None else watch.window.add(at_ms, value)
        if judged is None:
            return
        before = watch.state
        after = evaluate(watch.threshold.rule, before, judged, at_ms)
        if after is not before:
            watch.enter(after)
        self._journal.judged(watch, before, judged, sample)

    def _judge_presence(self, found: Plan, is_up: float, now_ms: int) -> None:
        for watch in found.of_presence:
            if not watch.is_idle or watch.holds(is_up, watch.limit):
                self._step(watch, is_up, now_ms, None)

    def _look_at(self, server: ServerState, found: Plan, now_ms: int) -> None:
        if server.is_online and now_ms >= found.look_ms:
            self._look_for_missing(server, found, now_ms)
        if found.of_presence and (is_up := self._is_up(server, now_ms)) is not None:
            self._judge_presence(found, float(is_up), now_ms)

    def _look_for_missing(self, server: ServerState, found: Plan, now_ms: int) -> None:
        # What is heard meanwhile only makes it later.
        found.look_ms = now_ms + GONE_AFTER_MS
        for _, watches in found.groups:
            for watch in watches:
                silent_ms = now_ms - watch.heard_ms
                no_data_ms = watch.threshold.row.body.no_data_s * 1000
                patience_ms = min(no_data_ms or GONE_AFTER_MS, GONE_AFTER_MS)
                found.look_ms = min(found.look_ms, watch.heard_ms + patience_ms)
                if no_data_ms and silent_ms >= no_data_ms:
                    before = watch.state
                    watch.enter(lost(before, now_ms))
                    self._journal.lost(watch, before)
                elif watch.alert is not None and silent_ms >= GONE_AFTER_MS and _is_heard(server, now_ms):
                    self._journal.end(watch, "no such target")

    def _is_up(self, server: ServerState, now_ms: int) -> bool | None:
        if server.is_online:
            return True
        if server.last_seen_ms is None:
            return None
        if now_ms - self._left_ms.get(server.id, -GRACE_MS) < GRACE_MS:
            return None
        if server.id not in self._seen and now_ms - self._began_ms < GRACE_MS:
            return None
        return False

    def _plan_of(self, server: ServerState) -> Plan:
        found = self._plans.get(server.id)
        if found is not None and found.is_of(server, self._thresholds.generation):
            return found
        return self._planned(server, {} if found is None else dict(found.watches))

    def _plan_in_turn(self, server: ServerState) -> Plan | None:
        """Return the plan of a server; None: it is to be made, in a later sweep."""
        found = self._plans.get(server.id)
        if found is not None and found.is_of(server, self._thresholds.generation):
            return found
        has_alert = server.id in self._remembered or (found is not None and found.has_alert)
        if self._turns <= 0 and not has_alert:
            return None
        self._turns -= 1
        return self._plan_of(server)

    def _planned(self, server: ServerState, before: dict[str, Watch]) -> Plan:
        now_ms = self._now_ms()
        remembered, is_mine = self._remembered.pop(server.id, {}), self.is_mine(server.id)
        watches: dict[str, Watch] = {}
        for threshold in self._thresholds.applying_to(server):
            watch = before.pop(threshold.id, None)
            if watch is None:
                watch = Watch(threshold, server.id, now_ms)
                self._journal.take_up(watch, remembered.pop(threshold.id, None))
            elif watch.threshold is not threshold:
                self._changed(watch, threshold)
            watches[threshold.id] = watch
        for watch in before.values():
            self._ended(watch)
        for alert in remembered.values() if is_mine else ():
            self._journal.end_left(alert)
        made = self._plans[server.id] = plan(server, self._thresholds.generation, watches)
        return made

    def _changed(self, watch: Watch, threshold: Threshold) -> None:
        if self.is_mine(watch.server_id):
            self._journal.changed(watch, threshold)
        else:
            watch.adopt(threshold)

    def _ended(self, watch: Watch) -> None:
        if self.is_mine(watch.server_id):
            is_known = self._thresholds.is_known(watch.threshold.id)
            self._journal.end(watch, "out of scope" if is_known else "threshold deleted")
        else:
            # Whoever judges it ends its alert.
            self._journal.forget(watch)

    def _forget_server(self, server_id: str) -> None:
        for watch in self._plans.pop(server_id).watches.values():
            self._journal.forget(watch)
        self._seen.discard(server_id)
        self._left_ms.pop(server_id, None)


def _always(_server_id: str) -> bool:
    return True


def _is_heard(server: ServerState, now_ms: int) -> bool:
    return server.last_seen_ms is not None and now_ms - server.last_seen_ms < GONE_AFTER_MS
