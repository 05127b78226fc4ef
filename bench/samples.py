"""Samples of about 2 KB that look like those of a small real machine."""

import random
from typing import Final

from chatops_wire.agent import Metrics
from chatops_wire.codec import encode
from chatops_wire.samples import Cpu, Disk, Memory, Network, Process, Temperature
from chatops_wire.times import format_ms

# Enough that values change from sample to sample; few enough to be made before the clock starts.
VARIANTS: Final = 32
_GB: Final = 1024**3
_SEQ: Final = b'"seq":'
_TIME: Final = b'"timestamp":'


def frames(seed: int, now_ms: int) -> list[tuple[bytes, bytes]]:
    """Return frames in two halves, between which `framed` writes the sequence number and the time."""
    chance = random.Random(seed)  # noqa: S311 - values of a benchmark
    stamp = _TIME + b'"' + format_ms(now_ms).encode() + b'",'
    halves = (
        encode(metrics(chance, now_ms)).replace(stamp, b"", 1).partition(_SEQ + b"1") for _ in range(VARIANTS)
    )
    return [(before + _SEQ, after) for before, _, after in halves]


def framed(halves: tuple[bytes, bytes], seq: int, now_ms: int) -> bytes:
    """Return a whole frame."""
    before, after = halves
    return b'%b%d,%b"%b"%b' % (before, seq, _TIME, format_ms(now_ms).encode(), after)


def metrics(chance: random.Random, now_ms: int) -> Metrics:
    """Return one sample, with sequence 1 and a time of the last five seconds."""
    # A machine at work, far from any limit: alerts are judged, and seldom said.
    busy = chance.uniform(20, 60)
    used = chance.randrange(6 * _GB, 10 * _GB)
    return Metrics(
        seq=1,
        timestamp=format_ms(now_ms),
        cpu=Cpu(
            percent=round(busy, 1),
            user=round(busy * 0.7, 1),
            system=round(busy * 0.2, 1),
            iowait=round(busy * 0.1, 1),
            steal=0.0,
            cores=tuple(round(chance.uniform(0, 100), 1) for _ in range(8)),
            load=(round(busy / 25, 2), round(busy / 30, 2), round(busy / 40, 2)),
        ),
        memory=Memory(
            total=16 * _GB,
            used=used,
            available=16 * _GB - used,
            cached=chance.randrange(_GB),
            percent=round(used / 16 / _GB * 100, 1),
            swap_total=2 * _GB,
            swap_used=chance.randrange(_GB // 4),
            swap_percent=round(chance.uniform(0, 10), 1),
        ),
        disks=tuple(_disk(chance, mount) for mount in ("/", "/var")),
        networks=tuple(_network(chance, name) for name in ("eth0", "wg0")),
        temperatures=(Temperature(sensor="package", celsius=round(chance.uniform(40, 60), 1)),),
        processes=tuple(_process(chance) for _ in range(10)),
        process_count=chance.randrange(150, 250),
        uptime_s=float(chance.randrange(10**6)),
    )


def _disk(chance: random.Random, mount: str) -> Disk:
    used = chance.randrange(40 * _GB, 70 * _GB)
    return Disk(
        mount=mount,
        device="/dev/vda1",
        fstype="ext4",
        total=100 * _GB,
        used=used,
        percent=round(used / _GB, 1),
        read_bps=float(chance.randrange(10**7)),
        write_bps=float(chance.randrange(10**7)),
    )


def _network(chance: random.Random, name: str) -> Network:
    return Network(
        interface=name, rx_bps=float(chance.randrange(10**7)), tx_bps=float(chance.randrange(10**7)), errors=0
    )


def _process(chance: random.Random) -> Process:
    name = chance.choice(("postgres", "nginx", "python3", "redis-server", "systemd"))
    return Process(
        pid=chance.randrange(1, 60_000),
        name=name,
        user="service",
        cpu_percent=round(chance.uniform(0, 30), 1),
        memory_used=chance.randrange(_GB),
        command=f"/usr/bin/{name}",
    )
