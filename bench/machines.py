"""Machines that do not exist, with curves that look as if they did: pure, of a machine and a time."""

import math
import random
from dataclasses import dataclass
from typing import Final

from chatops_wire.agent import AgentInfo
from chatops_wire.samples import Cpu, Disk, Memory, Network, Process, Sample, Temperature
from chatops_wire.times import format_ms

_GB: Final = 1024**3
_DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Kind:
    """What a machine is for, and so how it behaves."""

    name: str
    tags: tuple[str, ...]
    cores: int
    memory_gb: int
    cpu: float
    """Usual percent; waves and bursts go around it."""
    memory: float
    """Usual percent."""
    net_mb: float
    """Usual MB/s in each direction."""
    processes: tuple[tuple[str, str, str], ...]
    """Name, user, command line; the busiest first."""


KINDS: Final = (
    Kind(
        "web",
        ("prod", "web"),
        4,
        8,
        38,
        52,
        3.1,
        (
            ("nginx", "www-data", "nginx: worker process"),
            ("gunicorn", "app", "gunicorn: worker [shop]"),
            ("node", "app", "node server.js"),
        ),
    ),
    Kind(
        "db",
        ("prod", "db"),
        8,
        64,
        46,
        81,
        1.4,
        (
            ("postgres", "postgres", "postgres: shop app 10.0.0.11 SELECT"),
            ("postgres", "postgres", "postgres: checkpointer"),
            ("postgres", "postgres", "postgres: autovacuum worker"),
        ),
    ),
    Kind(
        "cache",
        ("prod", "cache"),
        2,
        16,
        12,
        64,
        5.0,
        (
            ("redis-server", "redis", "redis-server *:6379"),
            ("telegraf", "telegraf", "telegraf --config /etc"),
        ),
    ),
    Kind(
        "build",
        ("ci",),
        16,
        32,
        52,
        44,
        0.7,
        (
            ("cc1plus", "builder", "cc1plus -O2 engine.cc"),
            ("rustc", "builder", "rustc --crate-name core src/lib.rs"),
            ("dockerd", "root", "dockerd -H fd://"),
        ),
    ),
    Kind(
        "edge",
        ("prod", "edge"),
        2,
        4,
        22,
        35,
        8.2,
        (("haproxy", "haproxy", "haproxy -Ws -f /etc/haproxy/haproxy.cfg"), ("wg-crypt", "root", "")),
    ),
)


# What runs everywhere, behind what a machine is for.
COMMON: Final = (
    ("chatops-agent", "chatops-agent", "chatops-agent run --url https://hub.example"),
    ("systemd-journal", "root", "/lib/systemd/systemd-journald"),
    ("sshd", "root", "sshd: /usr/sbin/sshd -D [listener]"),
    ("systemd", "root", "/sbin/init"),
    ("chronyd", "_chrony", "/usr/sbin/chronyd -F 1"),
    ("rsyslogd", "root", "/usr/sbin/rsyslogd -n"),
    ("dbus-daemon", "messagebus", "dbus-daemon --system --nofork"),
    ("cron", "root", "/usr/sbin/cron -f"),
    ("agetty", "root", "/sbin/agetty --noclear tty1 linux"),
)


@dataclass(frozen=True, slots=True)
class Machine:
    """One of a kind. The same number is the same machine, always."""

    kind: Kind
    number: int

    @property
    def name(self) -> str:
        """For instance `web-2`."""
        return f"{self.kind.name}-{self.number}"

    @property
    def info(self) -> AgentInfo:
        """Facts that do not change."""
        return AgentInfo(
            version="0",
            hostname=self.name,
            os="Debian GNU/Linux 12 (bookworm)",
            kernel="6.1.0-31-amd64",
            arch="x86_64",
            cpu_model="AMD EPYC 7543P",
            cpu_count=self.kind.cores,
            memory_total=self.kind.memory_gb * _GB,
        )

    def sample(self, seq: int, unix_ms: int) -> Sample:
        """Return what this machine measures at that time."""
        seconds = unix_ms / 1000
        chance = random.Random(f"{self.name}{unix_ms // 1000}")  # noqa: S311 - noise
        cpu = self._cpu(seconds, chance)
        memory = self.kind.memory + 6 * self._wave(seconds, 5400) + chance.gauss(0, 0.3)
        return Sample(
            seq=seq,
            timestamp=format_ms(unix_ms),
            cpu=self._cpu_of(cpu, chance),
            memory=self._memory_of(memory),
            disks=self._disks(seconds, cpu),
            networks=self._networks(cpu, chance),
            temperatures=(Temperature(sensor="Package id 0", celsius=round(38 + cpu * 0.35, 1)),),
            processes=self._processes(cpu, chance),
            process_count=150 + self.number * 7 + chance.randrange(9),
            uptime_s=seconds % (40 * _DAY_S) + self.number * _DAY_S,
        )

    def _wave(self, seconds: float, period_s: float) -> float:
        return math.sin(2 * math.pi * (seconds / period_s + self.number * 0.37))

    def _cpu(self, seconds: float, chance: random.Random) -> float:
        burst = max(0.0, self._wave(seconds, 1700) - 0.86) * 240
        calm = self.kind.cpu * (1 + 0.2 * self._wave(seconds, _DAY_S) + 0.3 * self._wave(seconds, 210))
        return min(99.5, max(0.6, calm + burst + chance.gauss(0, 2.5)))

    def _cpu_of(self, percent: float, chance: random.Random) -> Cpu:
        load = percent / 100 * self.kind.cores
        cores = (min(100.0, max(0.0, percent + chance.gauss(0, 9))) for _ in range(self.kind.cores))
        return Cpu(
            percent=round(percent, 1),
            user=round(percent * 0.72, 1),
            system=round(percent * 0.22, 1),
            iowait=round(percent * 0.06, 1),
            steal=0.0,
            cores=tuple(round(core, 1) for core in cores),
            load=(round(load * 1.1, 2), round(load, 2), round(load * 0.9, 2)),
        )

    def _memory_of(self, percent: float) -> Memory:
        total = self.kind.memory_gb * _GB
        used = int(total * percent / 100)
        return Memory(
            total=total,
            used=used,
            available=total - used,
            cached=int(total * 0.15),
            percent=round(percent, 1),
            swap_total=2 * _GB,
            swap_used=int(0.1 * _GB),
            swap_percent=5.0,
        )

    def _disks(self, seconds: float, cpu: float) -> tuple[Disk, ...]:
        rate = cpu * 40_000 * (1 + 0.5 * self._wave(seconds, 300))
        return tuple(
            Disk(
                mount=mount,
                device=device,
                fstype="ext4",
                total=size * _GB,
                used=int(size * _GB * percent / 100),
                percent=percent,
                read_bps=round(rate * 0.4),
                write_bps=round(rate),
            )
            for mount, device, size, percent in (
                # No fuller than 91 percent, whatever the number: nothing of it is an alert for ever.
                ("/", "/dev/vda1", 40, 30.0 + self.number * 3 % 60),
                ("/srv", "/dev/vdb1", 200, 55.0 + self.number * 6 % 37),
            )
        )

    def _networks(self, cpu: float, chance: random.Random) -> tuple[Network, ...]:
        rate = self.kind.net_mb * 1e6 * cpu / self.kind.cpu
        return (
            Network(
                interface="eth0",
                rx_bps=round(rate * chance.uniform(0.8, 1.1)),
                tx_bps=round(rate * chance.uniform(1.5, 2.2)),
                errors=0,
            ),
        )

    def _processes(self, cpu: float, chance: random.Random) -> tuple[Process, ...]:
        share = cpu * self.kind.cores
        memory = self.kind.memory_gb * _GB * self.kind.memory / 100
        own = (
            Process(
                pid=900 + 37 * place + self.number,
                name=name,
                user=user,
                cpu_percent=round(share * chance.uniform(0.3, 0.5) / 2**place, 1),
                memory_used=int(memory * 0.4 / 2**place),
                command=command,
            )
            for place, (name, user, command) in enumerate(self.kind.processes)
        )
        common = (
            Process(
                pid=300 + 41 * place + self.number,
                name=name,
                user=user,
                cpu_percent=round(chance.uniform(0, 0.6), 1),
                memory_used=(38 - 3 * place) * 2**20,
                command=command,
            )
            for place, (name, user, command) in enumerate(COMMON)
        )
        return (*own, *common)


def fleet(count: int) -> tuple[Machine, ...]:
    """Return so many machines, kind after kind."""
    return tuple(Machine(KINDS[place % len(KINDS)], place // len(KINDS) + 1) for place in range(count))
