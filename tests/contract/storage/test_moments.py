"""One moment of the past: out of hourly tables, out of sealed hours, out of rollups."""

from dataclasses import replace

import pytest

from chatops_server.domain.moments import Moment, sample_of
from chatops_server.storage.base import SampleRow, Storage
from chatops_wire.containers import Container
from chatops_wire.samples import Cpu, Disk, Memory, Network, Process, Sample, Temperature
from chatops_wire.times import format_ms
from tests.hub_rows import HOUR_MS, NOON_MS, Clock

MINUTE_MS = 60_000
DAY_MS = 24 * HOUR_MS
SEALED_AFTER_MS = 3 * HOUR_MS


def busy(seq: int, ts_ms: int, server_num: int = 1) -> SampleRow:
    """Return a sample in which everything stands, with numbers that tell which it is."""
    sample = Sample(
        seq=seq,
        timestamp=format_ms(ts_ms),
        cpu=Cpu(percent=float(seq), user=1.5, load=(0.5, 0.25, 0.75)),
        memory=Memory(
            total=4_000, used=1_000, percent=25.0, swap_total=800, swap_used=200, swap_percent=25.0
        ),
        disks=(Disk(mount="/", total=1_000, used=100 + seq, percent=50.0, read_bps=3.0),),
        networks=(Network(interface="eth0", rx_bps=8.0, tx_bps=9.0),),
        temperatures=(Temperature(sensor="cpu", celsius=41.5),),
        containers=(Container(name="web", cpu_percent=12.0, memory_used=2_048),),
        processes=(Process(pid=seq, name="worker", user="root", cpu_percent=80.0, memory_used=4_096),),
        process_count=30,
        uptime_s=99.0,
    )
    return SampleRow(server_num, "e1", seq, ts_ms, ts_ms, sample)


async def minutes(storage: Storage, count: int = 10) -> None:
    """Store a sample each ten seconds from noon on."""
    await storage.samples.append([busy(seq, NOON_MS + seq * 10_000) for seq in range(1, count * 6 + 1)])


async def at(storage: Storage, ts_ms: int, server_num: int = 1) -> Moment:
    found = await storage.samples.moment(server_num, ts_ms)
    assert found is not None
    return found


@pytest.mark.parametrize("sealed", [False, True])
async def test_a_moment_is_the_newest_sample_up_to_it(
    storage: Storage, clock: Clock, *, sealed: bool
) -> None:
    await minutes(storage)
    if sealed:
        clock.now_ms += SEALED_AFTER_MS
        assert await storage.samples.seal(clock.now_ms) == 1
    moment = await at(storage, NOON_MS + 125_000)
    assert (moment.ts_ms, moment.tier) == (NOON_MS + 120_000, "raw")
    found = sample_of(moment, 0)
    assert (found.cpu.percent, found.cpu.user, found.cpu.load) == (12.0, 1.5, (0.5, 0.25, 0.75))
    assert found.memory == Memory(
        total=4_000, used=1_000, percent=25.0, swap_total=800, swap_used=200, swap_percent=25.0
    )
    assert found.disks == (Disk(mount="/", total=224, used=112, percent=50.0, read_bps=3.0),)
    assert found.networks == (Network(interface="eth0", rx_bps=8.0, tx_bps=9.0),)
    assert found.temperatures == (Temperature(sensor="cpu", celsius=41.5),)
    assert found.containers == (Container(name="web", state="running", cpu_percent=12.0, memory_used=2_048),)
    assert (found.process_count, found.uptime_s) == (30, 99.0)


@pytest.mark.parametrize("sealed", [False, True])
async def test_processes_are_kept_each_half_minute(storage: Storage, clock: Clock, *, sealed: bool) -> None:
    await minutes(storage)
    if sealed:
        clock.now_ms += SEALED_AFTER_MS
        await storage.samples.seal(clock.now_ms)
    seen = {(await at(storage, NOON_MS + second * 1_000)).snapshot for second in range(60, 120, 5)}
    assert {one.ts_ms - NOON_MS for one in seen if one} == {60_000, 90_000}
    assert {one.processes[0].pid for one in seen if one} == {6, 9}


async def test_processes_of_a_late_sample_join_those_of_their_hour(storage: Storage, clock: Clock) -> None:
    await minutes(storage)
    clock.now_ms += SEALED_AFTER_MS
    await storage.samples.seal(clock.now_ms)
    late = busy(500, NOON_MS + 30 * MINUTE_MS)
    await storage.samples.append([replace(late, received_ms=clock.now_ms)])
    clock.now_ms += SEALED_AFTER_MS
    await storage.samples.seal(clock.now_ms)
    for second, pid in ((70, 6), (1_800, 500)):
        snapshot = (await at(storage, NOON_MS + second * 1_000)).snapshot
        assert snapshot is not None
        assert snapshot.processes[0].pid == pid


async def test_what_is_older_than_samples_are_kept_is_the_average_of_a_bucket(
    storage: Storage, clock: Clock
) -> None:
    await minutes(storage)
    clock.now_ms += SEALED_AFTER_MS
    await storage.samples.seal(clock.now_ms)
    clock.now_ms += 8 * DAY_MS
    await storage.samples.expire(clock.now_ms)
    moment = await at(storage, NOON_MS + 125_000)
    assert (moment.ts_ms, moment.tier, moment.snapshot) == (NOON_MS + 120_000, "1m", None)
    assert moment.host["cpu.percent"] == 14.5  # of samples 12 to 17
    assert [part.label for part in moment.parts] == ["web", "/", "eth0", "cpu"]


async def test_nothing_is_said_of_a_time_without_samples(storage: Storage) -> None:
    await minutes(storage)
    assert await storage.samples.moment(1, NOON_MS) is None
    assert await storage.samples.moment(1, NOON_MS + 20 * MINUTE_MS) is None
    assert await storage.samples.moment(2, NOON_MS + MINUTE_MS) is None
    assert await storage.samples.moment(1, 0) is None


async def test_a_sample_without_processes_is_no_snapshot(storage: Storage) -> None:
    bare = busy(1, NOON_MS)
    await storage.samples.append(
        [
            replace(
                bare,
                sample=Sample(
                    seq=1,
                    timestamp=bare.sample.timestamp,
                    cpu=Cpu(percent=1.0),
                    memory=Memory(total=2, used=1, percent=50.0),
                ),
            )
        ]
    )
    assert (await at(storage, NOON_MS)).snapshot is None
