"""Every collector on this very machine, held to one contract; and the facts held against the system's own."""

import math
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import psutil
import pytest

from chatops_agent.collectors.cpu import CpuCollector
from chatops_agent.collectors.disks import DisksCollector
from chatops_agent.collectors.host import HostCollector
from chatops_agent.collectors.memory import MemoryCollector, share
from chatops_agent.collectors.mounts import local, remote
from chatops_agent.collectors.networks import NetworksCollector
from chatops_agent.collectors.process_table import ProcessReader, ProcReader, PsutilReader, reader
from chatops_agent.collectors.processes import ProcessesCollector
from chatops_agent.collectors.sampling import Collector
from chatops_agent.collectors.temperatures import TemperaturesCollector
from chatops_agent.collectors.uptime import UptimeCollector
from tests.deadlines import DEADLINE_S, eventually_sync

COLLECTORS: dict[str, Callable[[], Collector[Any]]] = {
    "cpu": CpuCollector,
    "memory": MemoryCollector,
    "local disks": lambda: DisksCollector(local),
    "remote disks": lambda: DisksCollector(remote),
    "networks": NetworksCollector,
    "temperatures": TemperaturesCollector,
    "uptime": UptimeCollector,
    "host": HostCollector,
    "processes": lambda: ProcessesCollector(reader()),
    "processes by psutil": lambda: ProcessesCollector(PsutilReader()),
}


@pytest.fixture(params=COLLECTORS)
def collector(request: pytest.FixtureRequest) -> Collector[Any]:
    return COLLECTORS[request.param]()


@pytest.fixture(params=[ProcReader, PsutilReader])
def table(request: pytest.FixtureRequest) -> ProcessReader:
    made: ProcessReader = request.param()
    return made


def numbers(value: object) -> Iterator[float]:
    match value:
        case int() | float():
            yield float(value)
        case dict():
            for part in value.values():
                yield from numbers(part)
        case list():
            for part in value:
                yield from numbers(part)
        case _:
            return


def test_every_reading_can_be_sent_and_holds_only_sane_numbers(collector: Collector[Any]) -> None:
    for now in (100.0, 100.0, 101.0, 105.0):
        reading = msgspec.json.decode(msgspec.json.encode(collector.collect(now)))
        assert all(math.isfinite(number) and number >= 0 for number in numbers(reading))


def test_a_second_reading_has_the_shape_of_the_first(collector: Collector[Any]) -> None:
    assert type(collector.collect(100.0)) is type(collector.collect(101.0))


def test_work_shows_as_processor_time() -> None:
    collector = CpuCollector()
    collector.collect(0.0)
    started = time.process_time()
    while time.process_time() - started < 0.2:
        pass
    reading = collector.collect(1.0)
    assert reading.percent > 0
    assert len(reading.cores) == psutil.cpu_count()
    assert reading.load == pytest.approx(os.getloadavg(), abs=1.0)


def test_memory_agrees_with_the_systems_own_words() -> None:
    reading = MemoryCollector().collect(0.0)
    assert reading.total == psutil.virtual_memory().total
    assert reading.used + (reading.available or 0) == reading.total
    assert reading.percent == share(reading.used, reading.total)


def test_nothing_of_nothing_is_nothing() -> None:
    assert share(0, 0) == 0.0


def test_the_root_is_among_the_disks_and_agrees_with_df() -> None:
    root = DisksCollector(local).collect(0.0)[0]
    usage = shutil.disk_usage("/")
    assert (root.mount, root.total) == ("/", usage.total)


def test_a_disks_rates_come_with_the_second_reading() -> None:
    collector = DisksCollector(local)
    assert all(disk.read_bps is None for disk in collector.collect(0.0))
    counted = psutil.disk_io_counters(perdisk=True)
    for disk in collector.collect(5.0):
        if disk.device.rpartition("/")[2] in counted:
            assert disk.read_bps is not None
            assert disk.write_bps is not None


def test_traffic_shows_on_no_loopback() -> None:
    collector = NetworksCollector()
    collector.collect(0.0)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        networks = collector.collect(1.0)
    assert "lo" not in [network.interface for network in networks]
    assert all(network.rx_bps is not None and network.errors is not None for network in networks)


def test_uptime_agrees_with_the_time_of_boot() -> None:
    assert UptimeCollector().collect(0.0) == pytest.approx(time.time() - psutil.boot_time(), abs=120)


def test_facts_are_those_of_this_machine() -> None:
    facts = HostCollector().collect(0.0)
    assert (facts.hostname, facts.kernel, facts.arch) == (
        socket.gethostname(),
        os.uname().release,
        os.uname().machine,
    )
    assert facts.cpu_count == os.cpu_count()
    assert facts.memory_total == psutil.virtual_memory().total
    assert all((facts.os, facts.boot_id, facts.version))


def test_a_process_is_read_with_its_time_memory_user_and_command(table: ProcessReader) -> None:
    own = next(reading for reading in table.scan() if reading.pid == os.getpid())
    times = os.times()
    assert own.cpu_s == pytest.approx(times.user + times.system, abs=1.0)
    assert own.resident == pytest.approx(psutil.Process().memory_info().rss, rel=0.2)
    assert own.name == psutil.Process().name()
    description = table.describe(os.getpid())
    assert description.user == psutil.Process().username()
    assert description.command.split(b"\0")[0] == psutil.Process().cmdline()[0].encode()


def test_a_process_that_ended_has_an_empty_description(table: ProcessReader) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait(DEADLINE_S)
    description = table.describe(process.pid)
    assert (description.user, description.command) == ("", b"")


def test_a_name_with_brackets_and_blanks_is_read_whole() -> None:
    name = "a) (b c"
    code = f"import ctypes, sys; ctypes.CDLL(None).prctl(15, {name.encode()!r}, 0, 0, 0); sys.stdin.read()"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)  # noqa: S603 - likewise
    try:
        table = ProcReader()
        found = eventually_sync(lambda: [reading for reading in table.scan() if reading.name == name])
        assert [reading.pid for reading in found] == [process.pid]
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(DEADLINE_S)


def test_the_busiest_process_comes_first() -> None:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        collector = ProcessesCollector(reader())

        def is_among_the_busy() -> bool:
            found = collector.collect(time.monotonic())
            return any(shown.pid == process.pid and shown.cpu_percent > 5 for shown in found.top)

        assert eventually_sync(is_among_the_busy)
        assert collector.collect(time.monotonic()).count >= 2
    finally:
        process.kill()
        process.wait(DEADLINE_S)
