"""A made-up fleet that moves: twelve servers whose numbers depend only on the time."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chatops_wire.agent import AgentInfo
from chatops_wire.client import MetricsEvent
from chatops_wire.policy import PolicySummary
from chatops_wire.rest import LatestView, Point, Role, ServerStatus, ServerView
from chatops_wire.samples import Cpu, Disk, Memory, Network, Process, Temperature
from chatops_wire.times import format_ms

if TYPE_CHECKING:
    from collections.abc import Callable

GIB: Final = 1024**3
MIB: Final = 1024**2


@dataclass(frozen=True, slots=True)
class Machine:
    """One server; `cpu`, `memory` and `disk` are where its values swing round."""

    name: str
    tags: tuple[str, ...]
    cpu: float
    memory: float
    disk: float
    cores: int = 8
    net: float = 2.0
    uptime_s: float = 1_050_000.0
    status: ServerStatus = "online"
    capabilities: tuple[str, ...] = ()
    role: Role = "admin"
    policy: PolicySummary | None = None
    clock: str = ""
    """What its clock says instead of the time."""

    @property
    def id(self) -> str:
        return f"id-{self.name}"


FLEET: Final = (
    Machine("db-01", ("env=prod", "db"), 91, 78, 91, 16, 12, 41 * 86_400.0),
    Machine("db-02", ("env=prod", "db"), 38, 64, 62, 16, 6, 41 * 86_400.0),
    Machine("api-01", ("env=prod", "api"), 43, 52, 41, 8, 3, 12 * 86_400.0),
    Machine("api-02", ("env=prod", "api"), 47, 55, 42, 8, 3, 12 * 86_400.0),
    Machine("api-03", ("env=prod", "api"), 74, 56, 44, 8, 9, 12 * 86_400.0),
    Machine("cache-01", ("env=prod", "cache"), 27, 83, 12, 4, 8, 90 * 86_400.0),
    Machine("web-01", ("env=prod", "web"), 19, 39, 37, 4, 1, 3 * 86_400.0),
    Machine("web-02", ("env=prod", "web"), 18, 40, 38, 4, 1, 3 * 86_400.0),
    Machine("build-01", ("env=ci",), 62, 47, 71, 32, 0.4, 7200.0),
    Machine("edge-07", ("env=edge", "fra"), 12, 40, 61, 2, 0.2, 600_000.0, "offline"),
    Machine("backup-01", ("env=prod",), 8, 22, 68, 4, 40, 200 * 86_400.0),
    Machine("laptop-new", (), 0, 0, 0, 4, 0, 0, "never"),
)

_COMMANDS: Final = (
    ("postgres", "postgres", "postgres: checkpointer"),
    ("postgres", "postgres", "postgres: app prod 10.0.3.9(51234) SELECT"),
    ("postgres", "postgres", "postgres: autovacuum worker"),
    ("dockerd", "root", "/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock"),
    ("chatops-agent", "chatops", "chatops-agent run --url https://hub.example.net"),
    ("nginx", "www-data", "nginx: worker process"),
    ("sshd", "root", "sshd: deploy@pts/0"),
    ("systemd-journal", "root", "/lib/systemd/systemd-journald"),
    ("python3", "app", "python3 -m gunicorn shop.wsgi --workers 8"),
    ("node", "app", "node /srv/front/server.js --port 3000"),
    ("redis-server", "redis", "redis-server 127.0.0.1:6379"),
    ("rsyslogd", "syslog", "/usr/sbin/rsyslogd -n -iNONE"),
    ("cron", "root", "/usr/sbin/cron -f"),
    ("systemd", "root", "/sbin/init"),
    ("containerd", "root", "/usr/bin/containerd"),
    ("bash", "deploy", "-bash"),
)


def wave(ts_ms: int, seed: str, period_s: float, depth: float) -> float:
    """Return a smooth value within ±depth, of its own phase for each seed."""
    phase = sum(seed.encode()) % 97
    seconds = ts_ms / 1000
    slow = math.sin(seconds / period_s * math.tau + phase)
    quick = math.sin(seconds / period_s * 7.3 * math.tau + phase * 2.1)
    return depth * (0.7 * slow + 0.3 * quick)


def cpu_at(machine: Machine, ts_ms: int) -> float:
    return min(100.0, max(0.3, machine.cpu + wave(ts_ms, machine.name, 130, 9) + wave(ts_ms, "h", 3300, 6)))


def memory_at(machine: Machine, ts_ms: int) -> float:
    return min(99.0, max(1.0, machine.memory + wave(ts_ms, machine.name, 900, 3)))


def rate_at(machine: Machine, ts_ms: int, kind: str) -> float:
    return max(0.0, machine.net * MIB * (1 + wave(ts_ms, machine.name + kind, 75, 0.8)))


def value_at(machine: Machine, metric: str, ts_ms: int) -> float:
    family = metric.split(":", maxsplit=1)[0]
    known: dict[str, Callable[[], float]] = {
        "cpu.percent": lambda: cpu_at(machine, ts_ms),
        "memory.percent": lambda: memory_at(machine, ts_ms),
        "disk.percent": lambda: machine.disk + wave(ts_ms, machine.name, 4000, 1.5),
        "load.1": lambda: cpu_at(machine, ts_ms) / 100 * machine.cores,
        "load.15": lambda: cpu_at(machine, ts_ms) / 100 * machine.cores * 0.9,
        "server.up": lambda: float(machine.status == "online"),
        "container.cpu_percent": lambda: 40 + wave(ts_ms, metric, 150, 30),
        "container.memory_used": lambda: 300 * MIB + wave(ts_ms, metric, 150, 40 * MIB),
    }
    return known[family]() if family in known else rate_at(machine, ts_ms, family)


def points(machine: Machine, metric: str, start_ms: int, end_ms: int, step_ms: int) -> tuple[Point, ...]:
    """Return a history with a gap in its second fifth."""
    found: list[Point] = []
    for ts_ms in range(start_ms - start_ms % step_ms, end_ms, step_ms):
        if 0.2 < (ts_ms - start_ms) / (end_ms - start_ms) < 0.28 and end_ms - start_ms > 300_000:
            continue
        value = value_at(machine, metric, ts_ms)
        found.append(
            (ts_ms, value, value * 0.8, min(value * 1.15, 100) if "percent" in metric else value * 1.3)
        )
    return tuple(found)


def latest(machine: Machine, ts_ms: int) -> LatestView | None:
    if machine.status == "never":
        return None
    sample = whole(machine, ts_ms)
    return LatestView(
        timestamp=sample.timestamp,
        cpu=sample.cpu,
        memory=sample.memory,
        disks=sample.disks,
        networks=sample.networks,
        temperatures=sample.temperatures,
        process_count=sample.process_count,
        uptime_s=sample.uptime_s,
    )


def whole(machine: Machine, ts_ms: int) -> MetricsEvent:
    cpu, memory = cpu_at(machine, ts_ms), memory_at(machine, ts_ms)
    total = machine.cores * 4 * GIB
    return MetricsEvent(
        server_id=machine.id,
        seq=ts_ms // 1000,
        timestamp=machine.clock or format_ms(ts_ms),
        cpu=Cpu(
            percent=cpu,
            user=cpu * 0.72,
            system=cpu * 0.22,
            iowait=cpu * 0.06,
            cores=tuple(
                min(100.0, max(0.0, cpu + wave(ts_ms, f"core{n}", 40, 25))) for n in range(machine.cores)
            ),
            load=(
                cpu / 100 * machine.cores * 1.1,
                cpu / 100 * machine.cores,
                cpu / 100 * machine.cores * 0.9,
            ),
        ),
        memory=Memory(
            total=total,
            used=int(total * memory / 100),
            available=int(total * (100 - memory) / 100),
            cached=total // 6,
            percent=memory,
            swap_total=2 * GIB,
            swap_used=200 * MIB,
            swap_percent=9.8,
        ),
        disks=_disks(machine, ts_ms),
        networks=(
            Network(
                interface="eth0",
                rx_bps=rate_at(machine, ts_ms, "net.rx_bps"),
                tx_bps=rate_at(machine, ts_ms, "net.tx_bps"),
                errors=0,
            ),
            Network(interface="wg0", rx_bps=1200.0, tx_bps=800.0, errors=2),
        ),
        temperatures=(Temperature(sensor="Package id 0", celsius=48 + cpu / 4),),
        processes=_processes(machine, ts_ms, cpu, total),
        process_count=212,
        uptime_s=machine.uptime_s + ts_ms / 1000 % 86_400,
    )


def _disks(machine: Machine, ts_ms: int) -> tuple[Disk, ...]:
    return (
        Disk(
            mount="/",
            device="/dev/nvme0n1p2",
            fstype="ext4",
            total=80 * GIB,
            used=int(80 * GIB * 0.37),
            percent=37.0,
            read_bps=rate_at(machine, ts_ms, "disk.read_bps"),
            write_bps=rate_at(machine, ts_ms, "disk.write_bps"),
        ),
        Disk(
            mount="/var",
            device="/dev/nvme1n1",
            fstype="xfs",
            total=200 * GIB,
            used=int(2 * GIB * machine.disk),
            percent=machine.disk,
            read_bps=0.0,
            write_bps=40_000.0,
        ),
    )


def _processes(machine: Machine, ts_ms: int, cpu: float, total: int) -> tuple[Process, ...]:
    return tuple(
        Process(
            pid=900 + 137 * n,
            name=name,
            user=user,
            cpu_percent=max(0.0, cpu * machine.cores / (n + 2) ** 1.4 * (1 + wave(ts_ms, f"p{n}", 30, 0.3))),
            memory_used=int(total / (n + 3) ** 1.8),
            command=command,
        )
        for n, (name, user, command) in enumerate(_COMMANDS)
    )


def view(machine: Machine, ts_ms: int, *, recent: bool = False) -> ServerView:
    seen_ms = ts_ms - 380_000 if machine.status == "offline" else ts_ms
    made = ServerView(
        id=machine.id,
        name=machine.name,
        tags=machine.tags,
        status=machine.status,
        last_seen=None if machine.status == "never" else format_ms(seen_ms),
        owner_id="u1",
        capabilities=machine.capabilities,
        policy=machine.policy,
        host=None if machine.status == "never" else _host(machine),
        latest=latest(machine, seen_ms),
        created_at=format_ms(1_700_000_000_000),
        role=machine.role,
    )
    if not recent or machine.status != "online":
        return made
    steps = range(ts_ms - 59 * 10_000, ts_ms + 1, 10_000)
    return _with_recent(made, tuple(round(cpu_at(machine, step)) for step in steps))


def _with_recent(made: ServerView, recent: tuple[int, ...]) -> ServerView:
    fields = {name: getattr(made, name) for name in made.__struct_fields__}
    return ServerView(**{**fields, "cpu_recent": recent})


def _host(machine: Machine) -> AgentInfo:
    return AgentInfo(
        version="0.1.0",
        boot_id="b",
        hostname=machine.name,
        os="Debian GNU/Linux 12 (bookworm)",
        kernel="6.1.0-28-amd64",
        arch="x86_64",
        cpu_model="AMD EPYC 7763 64-Core Processor",
        cpu_count=machine.cores,
        memory_total=machine.cores * 4 * GIB,
        docker_version="27.3.1",
    )
