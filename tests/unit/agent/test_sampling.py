import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import pytest

from chatops_agent.collectors.processes import Processes
from chatops_agent.collectors.sampling import Collector, Sampling, Source, Sources
from chatops_agent.lanes import Lane
from chatops_wire.agent import AgentInfo
from chatops_wire.samples import Cpu, Disk, Memory, Network, Process, SampleParts, Temperature
from tests.deadlines import eventually

T = TypeVar("T")

CPU = Cpu(percent=1.0)
MEMORY = Memory(total=2, used=1, percent=50.0)
DISK = Disk(mount="/", total=2, used=1, percent=50.0)
SHARE = Disk(mount="/nas", total=2, used=1, percent=50.0)


class Says(Generic[T]):
    """A collector that does what the test wants."""

    def __init__(self, say: Callable[[], T]) -> None:
        self.say = say
        self.asked = 0

    def collect(self, now: float) -> T:
        del now
        self.asked += 1
        return self.say()


class Machine:
    """Sampling of a machine that works, until a test breaks a part of it."""

    def __init__(self) -> None:
        self.cpu = Says(lambda: CPU)
        self.memory = Says(lambda: MEMORY)
        self.disks: Says[tuple[Disk, ...]] = Says(lambda: (DISK,))
        self.temperatures = Says(lambda: (Temperature(sensor="cpu", celsius=50.0),))
        self.host = Says(lambda: AgentInfo(hostname="h"))
        self.lanes = tuple(Lane(name) for name in ("quick", "disks"))
        quick, disks = self.lanes

        def source(name: str, collector: Collector[T], lane: Lane = quick, every_s: float = 0) -> Source[T]:
            return Source(name, collector, lane, every_s=every_s)

        table = Processes(top=(Process(pid=1, name="init"),), count=3)
        self.sampling = Sampling(
            Sources(
                host=source("host", self.host),
                cpu=source("cpu", self.cpu),
                memory=source("memory", self.memory),
                networks=source("networks", Says(lambda: (Network(interface="eth0"),))),
                uptime=source("uptime", Says(lambda: 9.0)),
                processes=source("processes", Says(lambda: table)),
                disks=source("disks", self.disks, disks),
                remote_disks=source("remote disks", Says(lambda: (SHARE,))),
                temperatures=source("temperatures", self.temperatures, every_s=10.0),
            ),
            self.lanes,
            wall=lambda: 1769860800.5,
        )

    async def sample(self, now: float = 0.0) -> SampleParts:
        sample = await self.sampling.sample(now)
        assert sample is not None
        return sample


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture(autouse=True)
def _closed(machine: Machine) -> object:
    yield
    machine.sampling.close()


def broken() -> None:
    raise OSError("no such device")


def told(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == level]


async def test_a_sample_holds_every_part(machine: Machine) -> None:
    assert await machine.sample() == SampleParts(
        timestamp="2026-01-31T12:00:00.500Z",
        cpu=CPU,
        memory=MEMORY,
        disks=(DISK, SHARE),
        networks=(Network(interface="eth0"),),
        temperatures=(Temperature(sensor="cpu", celsius=50.0),),
        processes=(Process(pid=1, name="init"),),
        process_count=3,
        uptime_s=9.0,
    )
    assert (await machine.sampling.facts()).hostname == "h"


async def test_a_failing_source_costs_its_part_and_is_told_once(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    works, machine.disks.say = machine.disks.say, broken  # type: ignore[assignment]
    assert [(await machine.sample()).disks for _ in range(3)] == [(SHARE,)] * 3
    assert told(caplog, logging.WARNING) == ["collector failed: disks"]
    machine.disks.say = works
    assert (await machine.sample()).disks == (DISK, SHARE)
    assert told(caplog, logging.INFO) == ["collector works again: disks"]


async def test_without_processor_or_memory_there_is_no_sample(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    works, machine.cpu.say = machine.cpu.say, broken  # type: ignore[assignment]
    assert [await machine.sampling.sample(0.0) for _ in range(2)] == [None, None]
    assert told(caplog, logging.ERROR) == ["no sample: a required part is missing"]
    machine.cpu.say = works
    assert (await machine.sample()).cpu == CPU
    machine.memory.say = broken  # type: ignore[assignment]
    assert await machine.sampling.sample(0.0) is None
    assert [record.__dict__["reason"] for record in caplog.records if record.levelno == logging.ERROR] == [
        "cpu",
        "memory",
    ]


async def test_a_hanging_source_holds_nothing_up_and_is_not_asked_again_meanwhile(machine: Machine) -> None:
    works, released = machine.disks.say, threading.Event()

    def hangs() -> tuple[Disk, ...]:
        released.wait()
        return (DISK,)

    machine.disks.say = hangs
    assert [(await machine.sample()).disks for _ in range(3)] == [(SHARE,)] * 3
    assert machine.disks.asked == 1
    machine.disks.say = works
    released.set()

    async def is_back() -> bool:
        return DISK in (await machine.sample()).disks

    await eventually(is_back)


async def test_a_slow_source_is_asked_when_due_and_keeps_its_word_meanwhile(machine: Machine) -> None:
    for now in (0.0, 5.0, 10.0, 15.0):
        assert (await machine.sample(now)).temperatures
    assert machine.temperatures.asked == 2


async def test_facts_that_cannot_be_read_are_empty(machine: Machine) -> None:
    machine.host.say = broken  # type: ignore[assignment]
    assert await machine.sampling.facts() == AgentInfo()
