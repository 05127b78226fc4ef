"""Puts one sample together: whatever a source does, the sample comes, at worst without that part."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from chatops_agent.collectors.containers.watch import ContainerWatch
from chatops_agent.collectors.cpu import CpuCollector
from chatops_agent.collectors.disks import DisksCollector
from chatops_agent.collectors.host import HostCollector
from chatops_agent.collectors.memory import MemoryCollector
from chatops_agent.collectors.mounts import local, remote
from chatops_agent.collectors.networks import NetworksCollector
from chatops_agent.collectors.process_table import reader
from chatops_agent.collectors.processes import Processes, ProcessesCollector
from chatops_agent.collectors.temperatures import TemperaturesCollector
from chatops_agent.collectors.uptime import UptimeCollector
from chatops_agent.episodes import Episode
from chatops_agent.lanes import Lane, LaneBusyError
from chatops_agent.schedule import is_due
from chatops_wire.agent import AgentInfo
from chatops_wire.containers import Container
from chatops_wire.samples import Cpu, Disk, Memory, Network, SampleParts, Temperature
from chatops_wire.times import format_ms

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

log = logging.getLogger(__name__)

# A source normally answers within 10 ms. Longer than this it is hanging, and the sample goes without.
_SOURCE_DEADLINE_S: Final = 1.0
# Sensors change slowly, and some chips take tens of milliseconds to read.
_TEMPERATURES_EVERY_S: Final = 10.0


class Collector(Protocol[T_co]):
    """One source. It is called in a thread, by one caller at a time, and may block or raise anything."""

    def collect(self, now: float) -> T_co:
        """Return what the source says, rates being those since the last call at an earlier `now`."""


class Source(Generic[T]):
    """A collector on its lane, with its failures told once and its last word kept while it is not due."""

    def __init__(self, name: str, collector: Collector[T], lane: Lane, *, every_s: float = 0.0) -> None:
        """Keep the collector; `every_s` is how often it is asked at most, 0 with every sample."""
        self._collector = collector
        self._lane = lane
        self._every_s = every_s
        self._read_at: float | None = None
        self._value: T | None = None
        self._episode = Episode(log, f"collector failed: {name}", f"collector works again: {name}")

    async def read(self, now: float) -> T | None:
        """Return the source's part of the sample; None if it failed, hangs, or did not come in time."""
        if is_due(self._every_s, self._read_at, now):
            self._read_at = now
            self._value = await self._attempt()
        return self._value

    async def _attempt(self) -> T | None:
        try:
            async with asyncio.timeout(_SOURCE_DEADLINE_S):
                # The clock is read where the work is done: a late thread must not make a rate wrong.
                value = await self._lane.run(lambda: self._collector.collect(time.monotonic()))
        except (TimeoutError, LaneBusyError):
            self._episode.fail("does not answer in time")
        except Exception as exc:  # noqa: BLE001 - a source fails in its own ways; it costs its part only
            self._episode.fail(type(exc).__name__, detail=str(exc)[:200])
        else:
            self._episode.recover()
            return value
        return None


@dataclass(frozen=True, slots=True)
class Sources:
    """All sources of this machine."""

    host: Source[AgentInfo]
    cpu: Source[Cpu]
    memory: Source[Memory]
    networks: Source[tuple[Network, ...]]
    uptime: Source[float]
    processes: Source[Processes]
    disks: Source[tuple[Disk, ...]]
    remote_disks: Source[tuple[Disk, ...]]
    temperatures: Source[tuple[Temperature, ...]]
    containers: Source[tuple[Container, ...] | None] | None = None
    """None where nobody looks for containers."""


class Sampling:
    """Asks the sources one after another, so that their threads do not fight over the interpreter."""

    def __init__(
        self,
        sources: Sources,
        lanes: tuple[Lane, ...],
        wall: Callable[[], float] = time.time,
        watch: ContainerWatch | None = None,
    ) -> None:
        """Keep the sources and the lanes they run on.

        Args:
            sources: Of this machine.
            lanes: What `close` ends.
            wall: Stamps samples.
            watch: Says whether the engine of containers answers.
        """
        self._sources = sources
        self._watch = watch
        self._lanes = lanes
        self._wall = wall
        self._episode = Episode(log, "no sample: a required part is missing", "samples are complete again")

    async def facts(self) -> AgentInfo:
        """Return the machine's facts, empty ones if they cannot be read."""
        return await self._sources.host.read(0.0) or AgentInfo()

    async def sample(self, now: float) -> SampleParts | None:
        """Return one sample, or None where processor or memory cannot be told: there is none without.

        Args:
            now: Monotonic seconds, to know which sources are due.
        """
        sources = self._sources
        stamp = format_ms(int(self._wall() * 1000))
        cpu = await sources.cpu.read(now)
        memory = await sources.memory.read(now)
        if cpu is None or memory is None:
            self._episode.fail("memory" if cpu else "cpu", logging.ERROR)
            return None
        self._episode.recover()
        processes = await sources.processes.read(now)
        return SampleParts(
            timestamp=stamp,
            cpu=cpu,
            memory=memory,
            networks=await sources.networks.read(now) or (),
            disks=(*(await sources.disks.read(now) or ()), *(await sources.remote_disks.read(now) or ())),
            temperatures=await sources.temperatures.read(now) or (),
            containers=await sources.containers.read(now) if sources.containers else None,
            engine=self._watch.state if self._watch else None,
            processes=processes.top if processes else (),
            process_count=processes.count if processes else None,
            uptime_s=await sources.uptime.read(now),
        )

    def close(self) -> None:
        """End the threads; one that hangs is left behind."""
        for lane in self._lanes:
            lane.close()


def this_machine(watch: ContainerWatch | None = None) -> Sampling:
    """Return the sampling of this machine; its threads start with the first sample.

    Args:
        watch: Its containers, followed by somebody; None leaves them out.
    """
    # What may hang has a lane of its own: a dead disk, a dead file server, a sensor chip, and
    # /proc/<pid>/cmdline of a process that holds its memory lock.
    quick, table, disks, servers, sensors, groups = (
        Lane(name) for name in ("quick", "processes", "disks", "remote-disks", "sensors", "containers")
    )
    sources = Sources(
        host=Source("host", HostCollector(), quick),
        cpu=Source("cpu", CpuCollector(), quick),
        memory=Source("memory", MemoryCollector(), quick),
        networks=Source("networks", NetworksCollector(), quick),
        uptime=Source("uptime", UptimeCollector(), quick),
        processes=Source("processes", ProcessesCollector(reader()), table),
        disks=Source("disks", DisksCollector(local), disks),
        remote_disks=Source("remote disks", DisksCollector(remote), servers),
        temperatures=Source("temperatures", TemperaturesCollector(), sensors, every_s=_TEMPERATURES_EVERY_S),
        containers=None if watch is None else Source("containers", watch, groups),
    )
    return Sampling(sources, (quick, table, disks, servers, sensors, groups), watch=watch)
