"""Disks: how full each file system is, and what its device reads and writes."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import psutil

from chatops_agent.collectors.mounts import OVERLAY, ROOT, Mount
from chatops_agent.collectors.rates import CounterRates
from chatops_agent.collectors.text import clean
from chatops_wire.samples import Disk

_BLOCK_DEVICES: Final = Path("/sys/dev/block")

SelectMounts = Callable[[Iterable[Mount]], tuple[Mount, ...]]


class DisksCollector:
    """Usage now, rates since the last call.

    A call on a file system may hang as long as its disk or its server does; so the local ones and those
    of other machines are collected apart (`select`), each in a thread of its own.
    """

    def __init__(self, select: SelectMounts) -> None:
        self._select = select
        self._rates = CounterRates()

    def collect(self, now: float) -> tuple[Disk, ...]:
        """Return one entry a file system; one that cannot be asked right now is left out."""
        chosen = self._select(_mount_table())
        counters = _device_counters()
        devices = {mount.path: _device_name(mount, counters) for mount in chosen} if counters else {}
        # Read with every sample, even without a match, so that a device found later has a reading before.
        rates = self._rates.update(counters, now)
        usages = {mount: usage for mount in chosen if (usage := _usage(mount)) is not None}
        return tuple(
            _disk(mount, usage, rates.get(devices.get(mount.path, "")))
            for mount, usage in without_doubles(usages).items()
        )


class Usage(Protocol):
    """How full one file system is: bytes, and percent as `df` counts it."""

    total: int
    used: int
    percent: float


def without_doubles(usages: Mapping[Mount, Usage]) -> dict[Mount, Usage]:
    """Return the usages without what a container's root already tells.

    An overlay reports the size of the host's file system below it, which the container's volumes report
    again; two that agree to the byte are one.
    """
    roots = {usage.total for mount, usage in usages.items() if mount.fstype == OVERLAY}
    return {
        mount: usage for mount, usage in usages.items() if mount.fstype == OVERLAY or usage.total not in roots
    }


def _mount_table() -> list[Mount]:
    return [
        Mount(path=partition.mountpoint, device=partition.device, fstype=partition.fstype)
        for partition in psutil.disk_partitions(all=True)
    ]


def _device_counters() -> dict[str, tuple[int, ...]]:
    try:
        devices: dict[str, Any] = psutil.disk_io_counters(perdisk=True, nowrap=False) or {}
    except (OSError, RuntimeError, NotImplementedError):
        # No /proc/diskstats (a container, a system without): usage is still worth sending.
        return {}
    return {name: (counter.read_bytes, counter.write_bytes) for name, counter in devices.items()}


def _usage(mount: Mount) -> Usage | None:
    # A container sees single files of the host mounted (/etc/hosts); those are no file systems of its own.
    if mount.path != ROOT and not Path(mount.path).is_dir():
        return None
    try:
        usage: Usage = psutil.disk_usage(mount.path)
    except OSError:
        return None
    return usage if usage.total > 0 else None


def _device_name(mount: Mount, counters: dict[str, tuple[int, ...]]) -> str:
    """Return the name under which the kernel counts this mount's device, empty if it does not."""
    # /dev/mapper/vg-root is a link to ../dm-0.
    name = Path(os.path.realpath(mount.device)).name if mount.device.startswith("/") else ""
    if name in counters:
        return name
    # /dev/root, or a container without the host's /dev: the number of the device tells.
    try:
        number = Path(mount.path).stat().st_dev
        name = (_BLOCK_DEVICES / f"{os.major(number)}:{os.minor(number)}").readlink().name
    except OSError:
        return ""
    return name if name in counters else ""


def _disk(mount: Mount, usage: Usage, rates: tuple[float, ...] | None) -> Disk:
    read, written = rates or (None, None)
    return Disk(
        mount=clean(mount.path),
        device=clean(mount.device),
        fstype=clean(mount.fstype),
        total=usage.total,
        used=usage.used,
        percent=min(100.0, usage.percent),
        read_bps=None if read is None else round(read, 1),
        write_bps=None if written is None else round(written, 1),
    )
