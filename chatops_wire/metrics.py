"""The metrics by name: unit, how labels combine, and how to read them off a sample.

A name is `family` or `family:label` (`disk.percent:/var`). Without a label the labelled values are
combined: the sum of bytes, rates and containers, the maximum of percentages and temperatures.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from chatops_wire.samples import SampleParts

Unit = Literal["percent", "bytes", "bytes/s", "celsius", "load", "count", "seconds", "bool"]
Group = Literal["host", "disk", "net", "temp", "ctr"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One family of the catalogue."""

    name: str
    unit: Unit
    group: Group
    """What a label names: a mount, an interface, a sensor, a container; `host` takes none."""
    combine: Literal["sum", "max"] = "max"


CATALOGUE: Final[dict[str, Metric]] = {
    metric.name: metric
    for metric in (
        Metric("cpu.percent", "percent", "host"),
        Metric("cpu.user", "percent", "host"),
        Metric("cpu.system", "percent", "host"),
        Metric("cpu.iowait", "percent", "host"),
        Metric("cpu.steal", "percent", "host"),
        Metric("load.1", "load", "host"),
        Metric("load.5", "load", "host"),
        Metric("load.15", "load", "host"),
        Metric("memory.percent", "percent", "host"),
        Metric("memory.used", "bytes", "host"),
        Metric("swap.percent", "percent", "host"),
        Metric("swap.used", "bytes", "host"),
        Metric("disk.percent", "percent", "disk"),
        Metric("disk.used", "bytes", "disk", "sum"),
        Metric("disk.read_bps", "bytes/s", "disk", "sum"),
        Metric("disk.write_bps", "bytes/s", "disk", "sum"),
        Metric("net.rx_bps", "bytes/s", "net", "sum"),
        Metric("net.tx_bps", "bytes/s", "net", "sum"),
        Metric("temperature.celsius", "celsius", "temp"),
        Metric("process.count", "count", "host"),
        Metric("container.cpu_percent", "percent", "ctr", "sum"),
        Metric("container.memory_used", "bytes", "ctr", "sum"),
        Metric("uptime.s", "seconds", "host"),
        Metric("server.up", "bool", "host"),
    )
}


class UnknownMetricError(ValueError):
    """No such metric, or a label on one that takes none."""


@dataclass(frozen=True, slots=True)
class MetricRef:
    """A metric as somebody asked for it; `label` is None for the combined value."""

    metric: Metric
    label: str | None

    @property
    def text(self) -> str:
        """The name as it is written."""
        return self.metric.name if self.label is None else f"{self.metric.name}:{self.label}"


def parse(text: str) -> MetricRef:
    """Return what `text` names.

    Raises:
        UnknownMetricError: Unknown family, empty label, or a label where none is taken.
    """
    family, colon, label = text.partition(":")
    metric = CATALOGUE.get(family)
    if metric is None:
        raise UnknownMetricError(f"unknown metric {text!r}")
    if colon and (not label or metric.group == "host"):
        raise UnknownMetricError(f"{family} takes no label" if label else f"empty label in {text!r}")
    return MetricRef(metric, label if colon else None)


def host_values(sample: SampleParts) -> dict[str, float | None]:
    """Return the metrics of the machine itself; None where the sample does not tell."""
    cpu, memory = sample.cpu, sample.memory
    load = cpu.load or (None, None, None)
    return {
        "cpu.percent": cpu.percent,
        "cpu.user": cpu.user,
        "cpu.system": cpu.system,
        "cpu.iowait": cpu.iowait,
        "cpu.steal": cpu.steal,
        "load.1": load[0],
        "load.5": load[1],
        "load.15": load[2],
        "memory.percent": memory.percent,
        "memory.used": memory.used,
        "swap.percent": memory.swap_percent,
        "swap.used": memory.swap_used,
        "process.count": sample.process_count,
        "uptime.s": sample.uptime_s,
    }


def labelled_values(sample: SampleParts) -> Iterator[tuple[Group, str, dict[str, float | None]]]:
    """Yield group, label and values of everything the machine has several of."""
    for disk in sample.disks:
        yield (
            "disk",
            disk.mount,
            {
                "disk.percent": disk.percent,
                "disk.used": disk.used,
                "disk.read_bps": disk.read_bps,
                "disk.write_bps": disk.write_bps,
            },
        )
    for net in sample.networks:
        yield "net", net.interface, {"net.rx_bps": net.rx_bps, "net.tx_bps": net.tx_bps}
    for sensor in sample.temperatures:
        yield "temp", sensor.sensor, {"temperature.celsius": sensor.celsius}
    for container in sample.containers or ():
        # What has no name can be neither drawn nor watched.
        if container.name:
            yield (
                "ctr",
                container.name,
                {
                    "container.cpu_percent": container.cpu_percent,
                    "container.memory_used": container.memory_used,
                },
            )


def combined_values(sample: SampleParts) -> dict[str, float | None]:
    """Return every family without a label: the machine's own and the combined ones."""
    combined = host_values(sample)
    for _group, _label, values in labelled_values(sample):
        for name, value in values.items():
            combined[name] = _combine(CATALOGUE[name], combined.get(name), value)
    return combined


def read(sample: SampleParts, ref: MetricRef) -> float | None:
    """Return one metric's value in this sample, None where it has none. `server.up` is not read here."""
    if ref.label is None:
        return combined_values(sample).get(ref.metric.name)
    for group, label, values in labelled_values(sample):
        if group == ref.metric.group and label == ref.label:
            return values.get(ref.metric.name)
    return None


def _combine(metric: Metric, before: float | None, value: float | None) -> float | None:
    if value is None or before is None:
        return before if value is None else value
    return before + value if metric.combine == "sum" else max(before, value)
