"""What is remembered of one server: its row, its series, its newest whole sample, its timeline."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

import msgspec

from chatops_tui.store.history_state import HistoryPhase, HistoryState
from chatops_tui.store.metric_values import values_of
from chatops_tui.store.models import Row
from chatops_tui.store.ranges import DAY_MS, FIVE_MINUTES, Range
from chatops_tui.store.recent import Recent, Spark
from chatops_tui.store.reels import Reels
from chatops_tui.store.track import Curve, Track
from chatops_tui.store.vitals import CHARTED, KEPT, Parts, charted, read
from chatops_wire.client import MetricsEvent
from chatops_wire.rest import EventView, History, MetricsView, ServerView
from chatops_wire.times import LAST_MS, parse_ms

# The same sample comes with the fleet and with the server's own topic, a second apart at most.
_SEEN: Final = 8
TIMELINE_LENGTH: Final = 100
# A bucket more than the span holds, since both ends may be cut; and room while the clock wobbles.
_SPARE_BUCKETS: Final = 16

# An agent that is back sends what it has kept, and the hub stores that, after it is said to be online.
_REFILL_AFTER_MS: Final = (5_000, 20_000)
# A hole that is being filled is seen to become smaller; more often would be the hub's work for little.
_WHILE_DRAINING_MS: Final = 10_000

# An agent may say that it is the year 9999; some steps of an axis after its now must still be times.
_LAST_MS: Final = LAST_MS - 30 * DAY_MS

WholeSample = MetricsEvent | MetricsView
Metrics = tuple[str, ...]


class ServerMemory(msgspec.Struct):
    """One server. `row` is replaced, everything else grows within bounds."""

    row: Row
    latest: Parts | None = None
    """The newest sample of any kind."""
    sample: WholeSample | None = None
    """The newest sample with its processes; only while somebody looks at the server."""
    timeline: tuple[EventView, ...] = ()
    """Newest first, at most TIMELINE_LENGTH."""
    clock_ahead_ms: int = 0
    """How far the agent's clock is ahead of ours; charts end at its now."""
    reels: Reels = msgspec.field(default_factory=Reels)
    """Pieces of its past that were asked for."""
    is_past: bool = False
    """It stands for a moment that is over (`store.past`)."""
    absence: str = ""
    """What is said where that moment has nothing to show."""
    _recent: Recent = msgspec.field(default_factory=Recent)
    """The shortest range of what is charted of every server: its first picture needs no request."""
    _spark: Spark = msgspec.field(default_factory=Spark)
    _tracks: dict[Range, dict[str, Track]] = msgspec.field(default_factory=dict)
    """Only of a server that has been looked at."""
    _history: dict[tuple[Range, Metrics], HistoryState] = msgspec.field(default_factory=dict)
    _seen: tuple[int, ...] = ()
    _refills_ms: tuple[int, ...] = ()
    """When the history is to be asked for again, Unix milliseconds, ascending."""
    _is_draining: bool = False

    def take_view(self, view: ServerView, now_ms: int) -> None:
        """Replace what the fleet says of the server, and fold its newest sample in."""
        seen_ms = None if view.last_seen is None else parse_ms(view.last_seen)
        if view.status == "online" and self.row.status != "online":
            self.expect_backlog(now_ms)
        sampled_ms = None if view.latest is None else parse_ms(view.latest.timestamp)
        # A fleet frame may repeat a sample that the server's own topic has already overtaken.
        if view.latest is None or sampled_ms is None or sampled_ms in self._seen:
            self.row = Row(view, self.row.vitals, self.row.sampled_ms, seen_ms)
            return
        arrived_ms = now_ms if view.status == "online" else None
        self.row = Row(view, read(view.latest), sampled_ms, seen_ms if arrived_ms is None else arrived_ms)
        self._fold(view.latest, arrived_ms)

    def take_sample(self, sample: WholeSample, arrived_ms: int | None) -> None:
        """Fold one whole sample in; `arrived_ms` None for one that was asked for and may be old."""
        sampled_ms = parse_ms(sample.timestamp)
        if arrived_ms is None and sampled_ms < (self.row.sampled_ms or 0):
            return
        self.sample = sample
        if sampled_ms not in self._seen:
            seen_ms = self.row.last_seen_ms if arrived_ms is None else arrived_ms
            self.row = Row(self.row.view, read(sample), sampled_ms, seen_ms)
            self._fold(sample, arrived_ms)
        elif self._tracks:
            # The fleet told of it first, without its containers.
            self._fold_curves(sample, dict.fromkeys(CHARTED), sampled_ms)

    def take_spark(self, recent: tuple[int, ...], now_ms: int) -> None:
        """Fill the sparkline from `cpu_recent`, oldest first, the last of them current."""
        if recent:
            self._spark.fill(recent, self.row.sampled_ms or now_ms)

    def spark(self, cells: int, now_ms: int) -> list[float | None]:
        """Return one CPU percentage a cell, oldest first, the last one current; None where none is known."""
        return self._spark.cells(cells, self.now_ms(now_ms))

    def ask_history(self, span: Range, metrics: Metrics = CHARTED) -> None:
        """Note that the history of `span` is on its way; live samples join it from now on."""
        self._tracks_of(span, metrics)
        self._history[span, metrics] = HistoryState(HistoryPhase.LOADING)

    def take_history(self, span: Range, history: History, metrics: Metrics = CHARTED) -> None:
        """Merge an answer."""
        tracks = self._tracks_of(span, metrics)
        # The finest range keeps single samples as they come, so that 1 s of live mode is not averaged away.
        step_ms = 0 if span is FIVE_MINUTES else int(history.step_s * 1000)
        for series in history.series:
            if series.metric in tracks:
                tracks[series.metric].merge(series.points, step_ms)
        self._history[span, metrics] = HistoryState(HistoryPhase.LOADED)

    def fail_history(self, span: Range, reason: str, metrics: Metrics = CHARTED) -> None:
        """Note that there is no answer."""
        self._history[span, metrics] = HistoryState(HistoryPhase.FAILED, reason)

    def drop_curves(self, span: Range, metrics: Metrics) -> None:
        """Keep these no longer, except what every screen of a server charts."""
        self._history.pop((span, metrics), None)
        still = {metric for (of, others) in self._history if of is span for metric in others}
        tracks = self._tracks.get(span, {})
        for metric in set(metrics) - still - set(CHARTED):
            tracks.pop(metric, None)

    def take_timeline(self, events: Iterable[EventView]) -> None:
        """Replace the timeline; `events` come newest first."""
        self.timeline = tuple(islice(events, TIMELINE_LENGTH))

    def take_event(self, event: EventView) -> None:
        """Put a new entry on top; one that an answer already brought is ignored."""
        if all(known.id != event.id for known in self.timeline):
            self.timeline = (event, *self.timeline[: TIMELINE_LENGTH - 1])

    def forget_history(self) -> None:
        """Ask again for everything: samples were missed while the link was down."""
        self._history.clear()
        self.reels.forget()

    def expect_backlog(self, now_ms: int) -> None:
        """Note that samples of the past are still to come: `refill` forgets some seconds after `now_ms`."""
        self._refills_ms = tuple(now_ms + after_ms for after_ms in _REFILL_AFTER_MS)

    def hear_drain(self, *, is_draining: bool, now_ms: int) -> None:
        """Note whether its agent still sends a backlog, however long that takes.

        Meanwhile its new samples come without a place in the order (`live` on the wire).
        """
        if self._is_draining and not is_draining:
            self.expect_backlog(now_ms)
        elif is_draining and not self._refills_ms:
            self._refills_ms = (now_ms + _WHILE_DRAINING_MS,)
        self._is_draining = is_draining

    def refill(self, now_ms: int) -> None:
        """Forget the history each time that late samples may have filled it; what is drawn stays."""
        due = [at_ms for at_ms in self._refills_ms if at_ms <= now_ms]
        if due:
            self._refills_ms = self._refills_ms[len(due) :]
            self.forget_history()

    def history(self, span: Range, metrics: Metrics = CHARTED) -> HistoryState:
        """Return how far the history of `span` is known."""
        return self._history.get((span, metrics), HistoryState())

    def curve(self, metric: str, span: Range, now_ms: int) -> Curve:
        """Return one metric over `span`, one bucket more than fits, so that lines reach the edge."""
        start_ms = self.now_ms(now_ms) - span.span_ms
        track = self._tracks.get(span, {}).get(metric)
        if track is not None:
            return track.curve(start_ms - track.step_ms)
        return self._recent.curve(metric, start_ms - span.step_ms) if span is FIVE_MINUTES else Curve()

    def now_ms(self, now_ms: int) -> int:
        """Return the time on the agent's clock, never before 1970 nor near the end of the calendar."""
        return min(max(0, now_ms + self.clock_ahead_ms), _LAST_MS)

    def _tracks_of(self, span: Range, metrics: Metrics) -> dict[str, Track]:
        """Return the tracks of `span`, these metrics among them."""
        tracks = self._tracks.setdefault(span, {})
        for metric in metrics:
            if metric not in tracks:
                tracks[metric] = Track(span.step_ms, span.buckets + _SPARE_BUCKETS)
                if span is FIVE_MINUTES and metric in KEPT:
                    tracks[metric].merge(self._recent.buckets(metric), span.step_ms)
        return tracks

    def _fold(self, sample: Parts, arrived_ms: int | None) -> None:
        """Remember a sample that `row` tells already."""
        vitals, sampled_ms = self.row.vitals, self.row.sampled_ms
        if vitals is None or sampled_ms is None:
            return
        self.latest = sample
        self._seen = (*self._seen[1 - _SEEN :], sampled_ms)
        if arrived_ms is not None:
            self.clock_ahead_ms = _ahead_ms(sampled_ms, arrived_ms)
        self._spark.add(sampled_ms, vitals.cpu)
        found = charted(vitals)
        self._recent.add(sampled_ms, found[: len(KEPT)])
        if self._tracks:
            self._fold_curves(sample, dict(zip(CHARTED, found, strict=True)), sampled_ms)

    def _fold_curves(self, sample: Parts, values: dict[str, float | None], sampled_ms: int) -> None:
        others = {metric for tracks in self._tracks.values() for metric in tracks if metric not in values}
        if others:
            values |= values_of(sample, others)
        for tracks in self._tracks.values():
            for metric, track in tracks.items():
                if (value := values.get(metric)) is not None:
                    track.add(sampled_ms, value)


# Below this a difference is the way from the agent to us, or an agent that sends every few seconds.
_SAME_CLOCK_MS: Final = 15_000


def _ahead_ms(sampled_ms: int, arrived_ms: int) -> int:
    ahead = sampled_ms - arrived_ms
    return ahead if abs(ahead) > _SAME_CLOCK_MS else 0
