"""CPU and memory of one container over the last minutes: a short line for lists. Pure."""

from typing import Final

import msgspec

from chatops_tui.store.track import Track
from chatops_wire.containers import Container
from chatops_wire.rest import History

# As the hub names them; a label says whose.
CPU: Final = "container.cpu_percent"
MEMORY: Final = "container.memory_used"
CHARTED: Final = (CPU, MEMORY)

# A list is told every five seconds; eight cells are then most of a minute.
SPARK_STEP_MS: Final = 5_000
SPARK_BUCKETS: Final = 40


def _sparks() -> dict[str, Track]:
    return {metric: Track(SPARK_STEP_MS, SPARK_BUCKETS) for metric in CHARTED}


class ContainerSeries(msgspec.Struct):
    """Its charts are of the server's own curves, under its name."""

    _sparks: dict[str, Track] = msgspec.field(default_factory=_sparks)
    has_past: bool = False
    """Whether the short line was filled, or is being filled, from the hub's history."""

    def take_figures(self, item: Container, now_ms: int) -> None:
        """Take what is current; `now_ms` is when it came."""
        for metric, value in _figures(item).items():
            if value is not None:
                self._sparks[metric].add(now_ms, value)

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


def _figures(item: Container) -> dict[str, float | None]:
    memory = None if item.memory_used is None else float(item.memory_used)
    return {CPU: item.cpu_percent, MEMORY: memory}
