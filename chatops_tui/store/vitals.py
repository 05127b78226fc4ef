"""The handful of numbers a row and the charts show, read off any form of a sample."""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import msgspec

from chatops_wire.samples import Cpu, Disk, Memory, Network, Temperature


class Parts(Protocol):
    """What `LatestView`, `MetricsEvent` and `MetricsView` have in common."""

    @property
    def timestamp(self) -> str: ...  # noqa: D102 - the wire type's own
    @property
    def cpu(self) -> Cpu: ...  # noqa: D102 - likewise
    @property
    def memory(self) -> Memory: ...  # noqa: D102 - likewise
    @property
    def disks(self) -> Sequence[Disk]: ...  # noqa: D102 - likewise
    @property
    def networks(self) -> Sequence[Network]: ...  # noqa: D102 - likewise
    @property
    def temperatures(self) -> Sequence[Temperature]: ...  # noqa: D102 - likewise
    @property
    def process_count(self) -> int | None: ...  # noqa: D102 - likewise
    @property
    def uptime_s(self) -> float | None: ...  # noqa: D102 - likewise


class Vitals(msgspec.Struct, frozen=True):
    """Percent, bytes and bytes per second; None where the sample does not tell."""

    cpu: float
    memory: float
    disk: float | None
    rx: float | None
    tx: float | None
    read: float | None
    write: float | None
    load: float | None
    uptime_s: float | None
    memory_used: float | None = None
    memory_total: float | None = None
    swap_used: float | None = None
    cpu_parts: tuple[tuple[str, float | None], ...] = ()
    """Where the CPU's time goes, by name."""
    load_15: float | None = None

    @property
    def net(self) -> float | None:
        """Both directions together."""
        return _total((self.rx, self.tx))


# What is kept as a series of every server, by its name on the wire.
KEPT: Final = (
    "cpu.percent",
    "memory.percent",
    "net.rx_bps",
    "net.tx_bps",
    "disk.read_bps",
    "disk.write_bps",
)
CHARTED: Final = (*KEPT, "load.1", "load.15", "disk.percent")
"""What a server's own charts show; what is not kept anyway only once it has been looked at."""


def read(sample: Parts) -> Vitals:
    """Return the vitals; rates are summed as in the hub's history, of the disks the fullest counts."""
    return Vitals(
        cpu=sample.cpu.percent,
        memory=sample.memory.percent,
        disk=max((disk.percent for disk in sample.disks), default=None),
        rx=_total(net.rx_bps for net in sample.networks),
        tx=_total(net.tx_bps for net in sample.networks),
        read=_total(disk.read_bps for disk in sample.disks),
        write=_total(disk.write_bps for disk in sample.disks),
        load=sample.cpu.load[0] if sample.cpu.load else None,
        load_15=sample.cpu.load[2] if sample.cpu.load else None,
        uptime_s=sample.uptime_s,
        memory_used=sample.memory.used,
        memory_total=sample.memory.total,
        swap_used=sample.memory.swap_used,
        cpu_parts=(("user", sample.cpu.user), ("sys", sample.cpu.system), ("io", sample.cpu.iowait)),
    )


def charted(vitals: Vitals) -> tuple[float | None, ...]:
    """Return the values in the order of CHARTED."""
    rates = (vitals.rx, vitals.tx, vitals.read, vitals.write)
    return (vitals.cpu, vitals.memory, *rates, vitals.load, vitals.load_15, vitals.disk)


def _total(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
