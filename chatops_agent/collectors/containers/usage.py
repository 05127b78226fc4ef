"""What a container has used, and how much of it a second. Pure: from files' texts or the engine's JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

# More than any machine reads, writes or sends: a counter that was set anew without going backwards.
_ABSURD_BPS: Final = 1e12
_NS: Final = 1e9
_INTERFACE_FIELDS: Final = 10


class MemoryUse(NamedTuple):
    """Bytes of memory by kind; `shmem` is part of `file`."""

    used: int | None
    """As `docker stats` counts it: without the files that nobody used lately."""
    anon: int | None
    file: int | None
    shmem: int | None


_UNTOLD: Final = MemoryUse(None, None, None, None)


@dataclass(frozen=True, slots=True)
class Usage:
    """One reading. None: not told. Counters only grow within one life of a container."""

    cpu_ns: int | None = None
    periods: int | None = None
    throttled: int | None = None
    rx: int | None = None
    tx: int | None = None
    read: int | None = None
    written: int | None = None
    memory: MemoryUse = _UNTOLD
    pids: int | None = None


@dataclass(frozen=True, slots=True)
class Rates:
    """Between two readings; None where one is missing or the counter was set anew."""

    cpu_percent: float | None = None
    throttled_percent: float | None = None
    rx_bps: float | None = None
    tx_bps: float | None = None
    read_bps: float | None = None
    write_bps: float | None = None


def rates(before: Usage, after: Usage, elapsed_s: float) -> Rates:
    """Return the rates between two readings of the same life of a container."""
    if elapsed_s <= 0:
        return Rates()
    cpu = _increase(before.cpu_ns, after.cpu_ns)
    return Rates(
        cpu_percent=None if cpu is None else cpu / _NS / elapsed_s * 100,
        throttled_percent=_throttled(before, after),
        rx_bps=_rate(before.rx, after.rx, elapsed_s),
        tx_bps=_rate(before.tx, after.tx, elapsed_s),
        read_bps=_rate(before.read, after.read, elapsed_s),
        write_bps=_rate(before.written, after.written, elapsed_s),
    )


def memory(current: int | None, stat: Mapping[str, int]) -> MemoryUse:
    """Return what `memory.stat` tells, of either version of control groups.

    The keys tell the version: on the first one those that begin with `total_` include groups within.
    """
    inactive = stat.get("total_inactive_file", stat.get("inactive_file", 0))
    anon = stat.get("total_rss", stat.get("anon"))
    used = current if not current or inactive >= current else current - inactive
    return MemoryUse(
        # Podman may tell no current at all.
        used=used or anon,
        anon=anon,
        file=stat.get("total_cache", stat.get("file")),
        shmem=stat.get("total_shmem", stat.get("shmem")),
    )


def pairs(text: str) -> dict[str, int]:
    """Return a file of lines `key number`, such as memory.stat and cpu.stat."""
    found = {}
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if value.isdecimal():
            found[key] = int(value)
    return found


def block_v1(text: str) -> tuple[int, int]:
    """Return the bytes read and written, out of blkio.throttle.io_service_bytes_recursive."""
    read = written = 0
    for line in text.splitlines():
        # `8:0 Read 4096`; the last line is `Total 4096`.
        words = line.lower().split()
        if len(words) == 3 and words[2].isdecimal():  # noqa: PLR2004 - device, operation, bytes
            read += int(words[2]) if words[1] == "read" else 0
            written += int(words[2]) if words[1] == "write" else 0
    return read, written


def block_v2(text: str) -> tuple[int, int]:
    """Return the bytes read and written, out of io.stat."""
    read = written = 0
    for word in text.split():
        # `8:0 rbytes=4096 wbytes=0 rios=1 …`
        key, _, value = word.partition("=")
        if value.isdecimal():
            read += int(value) if key == "rbytes" else 0
            written += int(value) if key == "wbytes" else 0
    return read, written


def traffic(net_dev: str) -> tuple[int, int] | None:
    """Return the bytes received and sent by all interfaces but `lo`, out of /proc/PID/net/dev; None: none."""
    received = sent = 0
    has_any = False
    for line in net_dev.splitlines():
        name, colon, counters = line.partition(":")
        fields = counters.split()
        if colon and name.strip() != "lo" and len(fields) >= _INTERFACE_FIELDS:
            received += int(fields[0])
            sent += int(fields[8])
            has_any = True
    return (received, sent) if has_any else None


def from_engine(stats: Mapping[str, Any]) -> Usage:
    """Return one reading out of the engine's own statistics, whatever engine it is."""
    cpu, mem = _part(stats, "cpu_stats"), _part(stats, "memory_stats")
    throttling = _part(cpu, "throttling_data")
    counted = {str(key): value for key, value in _part(mem, "stats").items() if isinstance(value, int)}
    use = memory(_int(mem.get("usage")), counted)
    networks = [each for each in _part(stats, "networks").values() if isinstance(each, Mapping)]
    read, written = _blocks(_part(stats, "blkio_stats").get("io_service_bytes_recursive"))
    return Usage(
        cpu_ns=_int(_part(cpu, "cpu_usage").get("total_usage")),
        periods=_int(throttling.get("periods")),
        throttled=_int(throttling.get("throttled_periods")),
        rx=sum(_int(each.get("rx_bytes")) or 0 for each in networks) if networks else None,
        tx=sum(_int(each.get("tx_bytes")) or 0 for each in networks) if networks else None,
        read=read,
        written=written,
        memory=use,
        pids=_int(_part(stats, "pids_stats").get("current")),
    )


def _blocks(rows: object) -> tuple[int | None, int | None]:
    # The list may be null, and empty where the kernel counts nothing.
    if not isinstance(rows, Iterable):
        return None, None
    sums = {"read": 0, "write": 0}
    for row in rows:
        operation = str(row.get("op", "")).lower() if isinstance(row, Mapping) else ""
        if operation in sums:
            sums[operation] += _int(row.get("value")) or 0
    return sums["read"], sums["write"]


def _throttled(before: Usage, after: Usage) -> float | None:
    # Without a limit the kernel counts no periods.
    periods, throttled = (
        _increase(before.periods, after.periods),
        _increase(before.throttled, after.throttled),
    )
    if periods is None or throttled is None or not after.periods:
        return None
    return min(100.0, throttled / periods * 100) if periods else 0.0


def _rate(before: int | None, after: int | None, elapsed_s: float) -> float | None:
    increase = _increase(before, after)
    if increase is None or increase / elapsed_s > _ABSURD_BPS:
        return None
    return increase / elapsed_s


def _increase(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None or after < before else after - before


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = whole.get(name)
    return part if isinstance(part, Mapping) else {}


def _int(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
