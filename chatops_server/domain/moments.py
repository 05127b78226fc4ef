"""A moment of the past, put together again from the columns that were kept of it.

What is not kept is worked out where it can be (how large a disk is, from how much and what part of it was
used) and left out where it cannot (single cores, file systems' devices, a container's image).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from chatops_server.domain.columns import PARTS, Column
from chatops_server.domain.process_snapshots import Snapshot
from chatops_wire.containers import Container
from chatops_wire.metrics import Group
from chatops_wire.samples import Cpu, Disk, Memory, Network, SampleParts, Temperature
from chatops_wire.times import format_ms

Values = Mapping[str, float]
"""Metric names without labels; what was not measured is not there."""
_RUNNING: Final = "running"


@dataclass(frozen=True, slots=True)
class Part:
    """One labelled thing of the machine."""

    group: Group
    label: str
    values: Values


@dataclass(frozen=True, slots=True)
class Moment:
    """What is stored of a machine at one time."""

    ts_ms: int
    """The sample's own time, or the start of the bucket."""
    tier: str
    """`raw`, or the rollup whose averages these are."""
    host: Values
    parts: tuple[Part, ...] = ()
    snapshot: Snapshot | None = None


def values_of(columns: Iterable[Column], cells: Iterable[float | None]) -> dict[str, float]:
    """Return stored integers (or their averages) as values by metric."""
    return {
        column.metric: cell / column.scale
        for column, cell in zip(columns, cells, strict=False)
        if cell is not None
    }


def sample_of(moment: Moment, memory_total: int) -> SampleParts:
    """Return the moment as the sample it was.

    Args:
        moment: What was kept.
        memory_total: What the machine has now, for one that kept no share of its memory; 0: unknown.
    """
    host = moment.host
    of_group = {group: [part for part in moment.parts if part.group == group] for group in PARTS}
    return SampleParts(
        timestamp=format_ms(moment.ts_ms),
        cpu=Cpu(
            percent=host.get("cpu.percent", 0.0),
            user=host.get("cpu.user"),
            system=host.get("cpu.system"),
            iowait=host.get("cpu.iowait"),
            steal=host.get("cpu.steal"),
            load=_load(host),
        ),
        memory=_memory(host, memory_total),
        disks=tuple(_disk(part) for part in of_group["disk"]),
        networks=tuple(
            Network(
                interface=part.label,
                rx_bps=part.values.get("net.rx_bps"),
                tx_bps=part.values.get("net.tx_bps"),
            )
            for part in of_group["net"]
        ),
        temperatures=tuple(
            Temperature(sensor=part.label, celsius=part.values["temperature.celsius"])
            for part in of_group["temp"]
            if "temperature.celsius" in part.values
        ),
        containers=tuple(_container(part) for part in of_group["ctr"]),
        processes=() if moment.snapshot is None else moment.snapshot.processes,
        process_count=_whole(host.get("process.count")),
        uptime_s=host.get("uptime.s"),
    )


def _load(host: Values) -> tuple[float, float, float] | None:
    one, five, fifteen = (host.get(name) for name in ("load.1", "load.5", "load.15"))
    return None if one is None or five is None or fifteen is None else (one, five, fifteen)


def _memory(host: Values, total: int) -> Memory:
    used, percent = host.get("memory.used", 0.0), host.get("memory.percent", 0.0)
    swap_used, swap_percent = host.get("swap.used"), host.get("swap.percent")
    return Memory(
        total=total or _total(used, percent),
        used=round(used),
        percent=percent,
        swap_total=None if swap_used is None else _total(swap_used, swap_percent or 0.0),
        swap_used=_whole(swap_used),
        swap_percent=swap_percent,
    )


def _disk(part: Part) -> Disk:
    used, percent = part.values.get("disk.used", 0.0), part.values.get("disk.percent", 0.0)
    return Disk(
        mount=part.label,
        total=_total(used, percent),
        used=round(used),
        percent=percent,
        read_bps=part.values.get("disk.read_bps"),
        write_bps=part.values.get("disk.write_bps"),
    )


def _container(part: Part) -> Container:
    cpu = part.values.get("container.cpu_percent")
    return Container(
        name=part.label,
        # Only what runs uses processor time.
        state="" if cpu is None else _RUNNING,
        cpu_percent=cpu,
        memory_used=_whole(part.values.get("container.memory_used")),
    )


def _total(used: float, percent: float) -> int:
    """Return the whole of which `used` is that part; no less than what is used."""
    return max(round(used), round(used * 100 / percent)) if percent > 0 else round(used)


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
