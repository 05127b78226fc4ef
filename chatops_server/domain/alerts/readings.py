"""How the value that a threshold watches is read off a sample: prepared once, then called for each."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, Final

from chatops_wire import metrics
from chatops_wire.containers import Container
from chatops_wire.metrics import Metric, MetricRef, UnknownMetricError
from chatops_wire.rest_alerts import CONDITIONS
from chatops_wire.samples import SampleParts
from chatops_wire.times import parse_ms

Reading = Callable[[SampleParts], float | None]

SERVER_UP: Final = "server.up"
LOAD_PER_CORE: Final = "load.per_core"
# A restart policy waits twice as long each time; three within ten minutes are no accident.
LOOP_RESTARTS: Final = 3
LOOP_WITHIN_MS: Final = 10 * 60 * 1000
# A container that was stopped ends by INT, KILL or TERM.
_STOPPED_CODES: Final = frozenset({0, 130, 137, 143})
_EXITED: Final = re.compile(r"Exited \((\d{1,5})\)", re.ASCII)

_HOST: Final[dict[str, Reading]] = {
    "cpu.percent": attrgetter("cpu.percent"),
    "cpu.user": attrgetter("cpu.user"),
    "cpu.system": attrgetter("cpu.system"),
    "cpu.iowait": attrgetter("cpu.iowait"),
    "cpu.steal": attrgetter("cpu.steal"),
    "load.1": lambda sample: sample.cpu.load[0] if sample.cpu.load else None,
    "load.5": lambda sample: sample.cpu.load[1] if sample.cpu.load else None,
    "load.15": lambda sample: sample.cpu.load[2] if sample.cpu.load else None,
    "memory.percent": attrgetter("memory.percent"),
    "memory.used": attrgetter("memory.used"),
    "swap.percent": attrgetter("memory.swap_percent"),
    "swap.used": attrgetter("memory.swap_used"),
    "process.count": attrgetter("process_count"),
    "uptime.s": attrgetter("uptime_s"),
    LOAD_PER_CORE: lambda sample: (
        sample.cpu.load[1] / len(sample.cpu.cores) if sample.cpu.load and sample.cpu.cores else None
    ),
}
_PARTS: Final = {
    "disk.percent": ("disks", "mount", "percent"),
    "disk.used": ("disks", "mount", "used"),
    "disk.read_bps": ("disks", "mount", "read_bps"),
    "disk.write_bps": ("disks", "mount", "write_bps"),
    "net.rx_bps": ("networks", "interface", "rx_bps"),
    "net.tx_bps": ("networks", "interface", "tx_bps"),
    "temperature.celsius": ("temperatures", "sensor", "celsius"),
    "container.cpu_percent": ("containers", "name", "cpu_percent"),
    "container.memory_used": ("containers", "name", "memory_used"),
}


def watched(text: str) -> MetricRef:
    """Return the metric or condition that `text` names.

    Raises:
        UnknownMetricError: Neither, an empty label, or a label where none is taken.
    """
    family, colon, label = text.partition(":")
    condition = CONDITIONS.get(family)
    if condition is None:
        return metrics.parse(text)
    if colon and (not label or condition.group == "host"):
        raise UnknownMetricError(f"{family} takes no label" if label else f"empty label in {text!r}")
    return MetricRef(condition, label if colon else None)


def reading(ref: MetricRef) -> Reading:
    """Return how to read a metric off samples of one server; `server.up` stands in none.

    None of a sample means that it does not tell. A restart loop is seen by what came before, so that each
    watch needs a reading of its own.
    """
    name = ref.metric.name
    if name in _PARTS:
        return _part_reading(ref)
    if name == "container.restarting":
        return RestartLoops(ref.label)
    if name in _COUNTED:
        return partial(_count, ref.label, _COUNTED[name])
    return _HOST.get(name, _nothing)


def origin(sample: SampleParts, ref: MetricRef, value: float) -> str | None:
    """Return the label: the one asked for, or of a maximum the thing that has this value."""
    if ref.label is not None or ref.metric.name not in _PARTS or ref.metric.combine == "sum":
        return ref.label
    parts, label, field = _PARTS[ref.metric.name]
    found = (getattr(each, label) for each in getattr(sample, parts) or () if getattr(each, field) == value)
    return next(found, None)


class RestartLoops:
    """Counts the containers that their restart policy starts again and again."""

    def __init__(self, label: str | None) -> None:
        self._label = label
        self._samples: deque[tuple[int, dict[str, int]]] = deque()

    def __call__(self, sample: SampleParts) -> float | None:
        """Return how many there are; None where there is no container, or not the one asked for."""
        found = _chosen(self._label, sample.containers)
        if not found:
            return None
        at_ms = metrics_time(sample)
        now = {each.name: int(each.restarts) for each in found}
        while self._samples and not at_ms - LOOP_WITHIN_MS <= self._samples[0][0] <= at_ms:
            self._samples.popleft()
        if not self._samples or self._samples[-1][1] != now:
            self._samples.append((at_ms, now))
        before = self._samples[0][1]
        return float(sum(now[name] - before.get(name, now[name]) >= LOOP_RESTARTS for name in now))


def metrics_time(sample: SampleParts) -> int:
    """Return a sample's own time in Unix ms, not before 1970."""
    return max(0, parse_ms(sample.timestamp))


def _part_reading(ref: MetricRef) -> Reading:
    parts, label, field = _PARTS[ref.metric.name]
    # A container without a name is on no chart either.
    things = _named_containers if parts == "containers" else attrgetter(parts)
    value = attrgetter(field)
    if ref.label is not None:
        return partial(_one, things, (attrgetter(label), ref.label), value)
    return partial(_combined, things, value, ref.metric)


def _named_containers(sample: SampleParts) -> Sequence[Container]:
    return _chosen(None, sample.containers)


def _one(
    things: Callable[[Any], Any],
    named: tuple[Callable[[Any], Any], str],
    value: Callable[[Any], Any],
    sample: SampleParts,
) -> float | None:
    name, label = named
    for each in things(sample) or ():
        if name(each) == label:
            found: float | None = value(each)
            return found
    return None


def _combined(
    things: Callable[[Any], Any], value: Callable[[Any], Any], metric: Metric, sample: SampleParts
) -> float | None:
    values = [found for each in things(sample) or () if (found := value(each)) is not None]
    if not values:
        return None
    return float(sum(values) if metric.combine == "sum" else max(values))


def _count(label: str | None, is_so: Callable[[Container], bool], sample: SampleParts) -> float | None:
    found = _chosen(label, sample.containers)
    return float(sum(map(is_so, found))) if found else None


def _chosen(label: str | None, containers: Iterable[Container] | None) -> Sequence[Container]:
    return [each for each in containers or () if each.name and label in (None, each.name)]


def _stopped_by_itself(container: Container) -> bool:
    if container.state not in ("exited", "dead"):
        return False
    return container.oom_killed or _exit_code(container) not in _STOPPED_CODES


def _exit_code(container: Container) -> int:
    if container.exit_code is not None:
        return int(container.exit_code)
    # The contract's own fields have no code: an agent that sends no more tells it as Docker words it.
    found = _EXITED.match(container.status or "")
    return int(found[1]) if found else 0


def _nothing(_sample: SampleParts) -> float | None:
    return None


_COUNTED: Final[dict[str, Callable[[Container], bool]]] = {
    "container.unhealthy": lambda container: container.health == "unhealthy",
    "container.stopped": _stopped_by_itself,
}
