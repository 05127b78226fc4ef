"""CPU and memory of one container over time: a short line for lists, and charts of any range. Pure."""

from dataclasses import dataclass, field
from typing import Final

from chatops_tui.store.history_state import HistoryPhase, HistoryState
from chatops_tui.store.ranges import FIVE_MINUTES, Range
from chatops_tui.store.track import Curve, Track
from chatops_wire.containers import Container
from chatops_wire.rest import History

# As the hub names them; a label says whose.
CPU: Final = "container.cpu_percent"
MEMORY: Final = "container.memory_used"
CHARTED: Final = (CPU, MEMORY)

# A list is told every five seconds; eight cells are then most of a minute.
SPARK_STEP_MS: Final = 5_000
SPARK_BUCKETS: Final = 40
# A bucket more than the span holds, since both ends may be cut; and room while the clock wobbles.
_SPARE_BUCKETS: Final = 16


def _sparks() -> dict[str, Track]:
    return {metric: Track(SPARK_STEP_MS, SPARK_BUCKETS) for metric in CHARTED}


@dataclass(slots=True)
class ContainerSeries:
    """Of a container that nobody looks at only the short line is kept."""

    _sparks: dict[str, Track] = field(default_factory=_sparks)
    _tracks: dict[Range, dict[str, Track]] = field(default_factory=dict)
    _history: dict[Range, HistoryState] = field(default_factory=dict)
    has_past: bool = False
    """Whether the short line was filled, or is being filled, from the hub's history."""

    def take_figures(self, item: Container, now_ms: int) -> None:
        """Take what is current, without a time of its own."""
        for metric, value in _figures(item).items():
            if value is not None:
                self._sparks[metric].add(now_ms, value)

    def take_sample(self, item: Container, sampled_ms: int, now_ms: int) -> None:
        """Take a sample: its time is the agent's, `now_ms` is when it came."""
        self.take_figures(item, now_ms)
        for tracks in self._tracks.values():
            for metric, value in _figures(item).items():
                if value is not None:
                    tracks[metric].add(sampled_ms, value)

    def spark(self, metric: str, cells: int, now_ms: int) -> list[float | None]:
        """Return one value a cell, oldest first, the last one current; None where none is known."""
        end = now_ms // SPARK_STEP_MS
        curve = self._sparks[metric].curve(0)
        known = {start // SPARK_STEP_MS: v for start, v in zip(curve.times_ms, curve.values, strict=True)}
        # The bucket that has just begun may wait for its sample; the line would flicker at its end.
        last = end if end in known else end - 1
        # An agent that samples each 5.1 s leaves out one now and then, and one of 10 s every other.
        return [known.get(bucket, known.get(bucket - 1)) for bucket in range(last - cells + 1, last + 1)]

    def take_past(self, history: History, name: str, ahead_ms: int) -> None:
        """Fill the short line with what was before it began.

        Args:
            history: Also of other containers.
            name: Whose is wanted.
            ahead_ms: How far the agent's clock, which dates it, is ahead of ours.
        """
        for series in history.series:
            metric, _colon, label = series.metric.partition(":")
            if label == name and metric in self._sparks:
                buckets = ((ts_ms - ahead_ms, value, low, high) for ts_ms, value, low, high in series.points)
                self._sparks[metric].merge(buckets, 0)

    def ask_history(self, span: Range) -> None:
        """Note that the history of `span` is on its way; samples join it from now on."""
        self._tracks.setdefault(span, _new_tracks(span))
        self._history[span] = HistoryState(HistoryPhase.LOADING)

    def take_history(self, span: Range, history: History | None, reason: str = "") -> None:
        """Merge an answer, or note that there is none and why."""
        if history is None:
            self._history[span] = HistoryState(HistoryPhase.FAILED, reason)
            return
        tracks = self._tracks.setdefault(span, _new_tracks(span))
        # The finest range keeps single samples as they come.
        step_ms = 0 if span is FIVE_MINUTES else int(history.step_s * 1000)
        for series in history.series:
            metric = series.metric.partition(":")[0]
            if metric in tracks:
                tracks[metric].merge(series.points, step_ms)
        self._history[span] = HistoryState(HistoryPhase.LOADED)

    def history(self, span: Range) -> HistoryState:
        """Return how far the history of `span` is known."""
        return self._history.get(span, HistoryState())

    def forget_history(self) -> None:
        """Ask again for everything; what is drawn stays."""
        self._history.clear()
        self.has_past = False

    def curve(self, metric: str, span: Range, end_ms: int) -> Curve:
        """Return a metric over `span` up to `end_ms`, one bucket more than fits."""
        track = self._tracks.get(span, {}).get(metric)
        return Curve() if track is None else track.curve(end_ms - span.span_ms - track.step_ms)


def _figures(item: Container) -> dict[str, float | None]:
    memory = None if item.memory_used is None else float(item.memory_used)
    return {CPU: item.cpu_percent, MEMORY: memory}


def _new_tracks(span: Range) -> dict[str, Track]:
    return {metric: Track(span.step_ms, span.buckets + _SPARE_BUCKETS) for metric in CHARTED}
