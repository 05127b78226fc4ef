"""One sample of a machine: the parts of a `metrics` message. Units: bytes, bytes/s, percent, seconds."""

from msgspec import Struct

from chatops_wire.containers import Container, EngineState
from chatops_wire.quantities import Bytes, Sequence, Whole


class Cpu(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Percent of all cores together, 0-100; `cores` one by one; `load` over 1, 5 and 15 minutes."""

    percent: float
    user: float | None = None
    system: float | None = None
    iowait: float | None = None
    """None where the system does not count it."""
    steal: float | None = None
    cores: tuple[float, ...] = ()
    load: tuple[float, float, float] | None = None


class Memory(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Main memory and swap in bytes. `used` is what cannot be given up: total minus available."""

    total: Bytes
    used: Bytes
    available: Bytes | None = None
    cached: Bytes | None = None
    percent: float
    swap_total: Bytes | None = None
    swap_used: Bytes | None = None
    swap_percent: float | None = None


class Disk(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One mounted file system; the rates are those of its device, None until a second reading."""

    mount: str
    device: str = ""
    fstype: str = ""
    total: Bytes
    used: Bytes
    percent: float
    read_bps: float | None = None
    write_bps: float | None = None


class Network(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One interface; `errors` counts errors and drops of both directions since the last sample."""

    interface: str
    rx_bps: float | None = None
    tx_bps: float | None = None
    errors: Whole | None = None


class Temperature(Struct, frozen=True, kw_only=True, gc=False):
    """One sensor."""

    sensor: str
    celsius: float


class Process(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One process; `cpu_percent` of one core (may pass 100), `memory_used` resident bytes."""

    pid: Whole
    name: str
    user: str = ""
    cpu_percent: float = 0.0
    memory_used: Bytes = 0
    command: str = ""


class SampleParts(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What every form of a sample has; all but the first three may be absent."""

    timestamp: str
    """RFC 3339 UTC, the agent's clock."""
    cpu: Cpu
    memory: Memory
    disks: tuple[Disk, ...] = ()
    networks: tuple[Network, ...] = ()
    temperatures: tuple[Temperature, ...] = ()
    containers: tuple[Container, ...] | None = None
    """None where no engine answers; a machine whose engine has none sends an empty list."""
    engine: EngineState | None = None
    """None where there is no engine, or the agent does not tell."""
    processes: tuple[Process, ...] = ()
    process_count: Whole | None = None
    uptime_s: float | None = None


class Sample(SampleParts, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A numbered sample, as it stands in the outbox and in `metrics_batch`."""

    seq: Sequence
