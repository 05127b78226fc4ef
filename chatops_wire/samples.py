"""One sample of a machine: the parts of a `metrics` message. Units: bytes, bytes/s, percent, seconds."""

from typing import Annotated, Final

from msgspec import Struct

from chatops_wire.containers import Container, EngineState
from chatops_wire.quantities import (
    Bytes,
    Celsius,
    Count,
    Load,
    Name,
    Percent,
    Rate,
    Seconds,
    Sequence,
    Text,
    at_most,
)

# Far beyond any machine of a small team; a frame of 1 MiB holds ten times as many.
MOST_PARTS: Final = 256
MOST_CONTAINERS: Final = 1_000
MOST_PROCESSES: Final = 200
MOST_CORES: Final = 1_024


class Cpu(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Percent of all cores together, 0-100; `cores` one by one; `load` over 1, 5 and 15 minutes."""

    percent: Percent
    user: Percent | None = None
    system: Percent | None = None
    iowait: Percent | None = None
    """None where the system does not count it."""
    steal: Percent | None = None
    cores: Annotated[tuple[Percent, ...], at_most(MOST_CORES)] = ()
    load: tuple[Load, Load, Load] | None = None


class Memory(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Main memory and swap in bytes. `used` is what cannot be given up: total minus available."""

    total: Bytes
    used: Bytes
    available: Bytes | None = None
    cached: Bytes | None = None
    percent: Percent
    swap_total: Bytes | None = None
    swap_used: Bytes | None = None
    swap_percent: Percent | None = None


class Disk(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One mounted file system; the rates are those of its device, None until a second reading."""

    mount: Name
    device: Name = ""
    fstype: Name = ""
    total: Bytes
    used: Bytes
    percent: Percent
    read_bps: Rate | None = None
    write_bps: Rate | None = None


class Network(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One interface; `errors` counts errors and drops of both directions since the last sample."""

    interface: Name
    rx_bps: Rate | None = None
    tx_bps: Rate | None = None
    errors: Count | None = None


class Temperature(Struct, frozen=True, kw_only=True, gc=False):
    """One sensor."""

    sensor: Name
    celsius: Celsius


class Process(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One process; `cpu_percent` of one core (may pass 100), `memory_used` resident bytes."""

    pid: Count
    name: Name
    user: Name = ""
    cpu_percent: Percent = 0.0
    memory_used: Bytes = 0
    command: Text = ""


class SampleParts(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What every form of a sample has; all but the first three may be absent."""

    timestamp: str
    """RFC 3339 UTC, the agent's clock."""
    cpu: Cpu
    memory: Memory
    disks: Annotated[tuple[Disk, ...], at_most(MOST_PARTS)] = ()
    networks: Annotated[tuple[Network, ...], at_most(MOST_PARTS)] = ()
    temperatures: Annotated[tuple[Temperature, ...], at_most(MOST_PARTS)] = ()
    containers: Annotated[tuple[Container, ...], at_most(MOST_CONTAINERS)] | None = None
    """None where no engine answers; a machine whose engine has none sends an empty list."""
    engine: EngineState | None = None
    """None where there is no engine, or the agent does not tell."""
    processes: Annotated[tuple[Process, ...], at_most(MOST_PROCESSES)] = ()
    process_count: Count | None = None
    uptime_s: Seconds | None = None


class Sample(SampleParts, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A numbered sample, as it stands in the outbox and in `metrics_batch`."""

    seq: Sequence
