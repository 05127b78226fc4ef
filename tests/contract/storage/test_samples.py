"""Samples: each sequence once, with its cursor, until it is a week old."""

import asyncio
from dataclasses import replace

import pytest

from chatops_server.domain.tiers import Keep
from chatops_server.storage.base import (
    GapRow,
    HistoryQuery,
    Misdated,
    Row,
    SampleRow,
    Script,
    Storage,
    execute,
    fetch,
)
from chatops_server.storage.sql.hot import tables_with
from chatops_server.storage.sql.samples import MAX_GROUPS, MAX_LABEL, MAX_PARTS
from chatops_wire.samples import Cpu, Sample
from tests.deadlines import DEADLINE_S
from tests.hub_rows import HOUR_MS, NOON_MS, Clock, row, sample

DAY_MS = 24 * HOUR_MS


def stored() -> Script[list[Row]]:
    """Return server, sequence and own time of every stored sample."""
    rows: list[Row] = []
    for table in (yield from tables_with(0, 2**62)):
        rows.extend((yield from fetch(f"SELECT server_num, seq, ts FROM {table.host}")))  # noqa: S608 - ours
    return sorted(rows)


def labels() -> Script[list[Row]]:
    return list((yield from fetch("SELECT server_num, kind, label FROM metric_group ORDER BY id")))


def gaps() -> Script[list[Row]]:
    return list((yield from fetch("SELECT epoch, from_seq, to_seq, reason, ts_ms FROM gap")))


async def values(storage: Storage, metric: str, server_num: int = 1) -> list[tuple[int, float]]:
    """Return every point of one metric, sample by sample."""
    query = HistoryQuery(server_num, [metric], 0, 2 * NOON_MS, 10_000)
    answer = await storage.samples.history(query)
    return [(point.ts_ms, point.avg) for point in answer.series[metric]]


async def test_a_sample_moves_the_cursor_of_its_epoch(storage: Storage) -> None:
    await storage.samples.append([row(1), row(2), row(3)])
    assert await storage.samples.cursor(1, "e1") == 3
    assert await storage.samples.cursor(1, "e2") == 0
    assert await storage.samples.cursor(2, "e1") == 0


async def test_a_sequence_is_stored_once(storage: Storage) -> None:
    await storage.samples.append([row(1), row(2)])
    await storage.samples.append([row(2), row(1), row(3)])
    await storage.samples.append([row(3)])
    assert await storage.read(stored()) == [(1, 1, NOON_MS), (1, 2, NOON_MS), (1, 3, NOON_MS)]


async def test_two_sessions_that_bring_the_same_store_it_once(storage: Storage) -> None:
    await asyncio.gather(*(storage.samples.append([row(seq) for seq in range(1, 50)]) for _ in range(8)))
    assert len(await storage.read(stored())) == 49


async def test_epochs_and_servers_count_apart(storage: Storage) -> None:
    await storage.samples.append([row(1), row(2)])
    await storage.samples.append([row(1, epoch="e2")])
    await storage.samples.append([row(1, server_num=2)])
    assert [each[0] for each in await storage.read(stored())] == [1, 1, 1, 2]


async def test_nothing_to_append_is_fine(storage: Storage) -> None:
    await storage.samples.append([])
    assert await storage.read(stored()) == []


async def test_a_gap_is_stored_and_consumes_its_sequences(storage: Storage) -> None:
    await storage.samples.append([row(1), GapRow(1, "e1", 2, 9, "spool full", NOON_MS), row(10)])
    assert await storage.samples.cursor(1, "e1") == 10
    assert await storage.read(gaps()) == [("e1", 2, 9, "spool full", NOON_MS)]
    await storage.samples.append([GapRow(1, "e1", 2, 9, "spool full", NOON_MS), row(5)])
    assert len(await storage.read(gaps())) == 1
    assert len(await storage.read(stored())) == 2


async def test_rows_of_a_deleted_server_are_dropped_and_hurt_nobody(storage: Storage) -> None:
    await storage.write(execute("DELETE FROM servers WHERE num = 2"))
    await asyncio.gather(
        storage.samples.append([row(1, server_num=2)]),
        storage.samples.append([row(1)]),
    )
    assert await storage.read(stored()) == [(1, 1, NOON_MS)]
    assert await storage.samples.cursor(2, "e1") == 0


async def test_a_server_deleted_between_two_samples_is_noticed(storage: Storage) -> None:
    await storage.samples.append([row(1), row(1, server_num=2)])
    await storage.write(execute("DELETE FROM servers WHERE num = 2"))
    await asyncio.gather(
        storage.samples.append([row(2, server_num=2)]),
        storage.samples.append([row(2)]),
    )
    assert await storage.samples.cursor(1, "e1") == 2


async def test_rows_that_cannot_be_stored_hurt_only_whoever_brought_them(storage: Storage) -> None:
    impossible = replace(row(1, server_num=2), sample=replace_cpu(sample(1)))
    results = await asyncio.gather(
        *(storage.samples.append([row(1, epoch=f"e{at}")]) for at in range(5)),
        storage.samples.append([impossible]),
        *(storage.samples.append([row(1, epoch=f"e{at}")]) for at in range(5, 10)),
        return_exceptions=True,
    )
    assert [type(result) for result in results if result is not None] == [AttributeError]
    assert len(await storage.read(stored())) == 10
    await storage.samples.append([row(1, server_num=2)])
    assert await storage.samples.cursor(2, "e1") == 1


def replace_cpu(of: Sample) -> Sample:
    """Return a sample that no decoder lets through."""
    return Sample(seq=of.seq, timestamp=of.timestamp, cpu=None, memory=of.memory)  # type: ignore[arg-type]


async def test_values_come_back_as_they_were(storage: Storage) -> None:
    await storage.samples.append([row(1, cpu=12.34)])
    assert await values(storage, "cpu.percent") == [(NOON_MS, 12.34)]
    assert await values(storage, "memory.used") == [(NOON_MS, 3_000_000_001)]
    assert await values(storage, "disk.used:/") == [(NOON_MS, 40)]
    assert await values(storage, "net.rx_bps:eth0") == [(NOON_MS, 1000)]
    assert await values(storage, "temperature.celsius:package") == [(NOON_MS, 51.2)]
    assert await values(storage, "cpu.iowait") == []
    assert await values(storage, "disk.used:/nowhere") == []
    assert await values(storage, "cpu.percent", server_num=2) == []


async def test_an_absurd_value_fails_neither_the_batch_nor_a_chart(storage: Storage) -> None:
    def absurd(seq: int, memory_used: float) -> Sample:
        of = sample(seq)
        memory = type(of.memory)(total=1, used=memory_used, percent=1e300)
        return Sample(seq=seq, timestamp=of.timestamp, cpu=Cpu(percent=1.0), memory=memory)

    rows = [replace(row(seq), sample=absurd(seq, 1e300)) for seq in (1, 2, 3)]
    await storage.samples.append(rows)
    query = HistoryQuery(1, ["memory.used", "memory.percent", "disk.used:/"], 0, 2 * NOON_MS, 1)
    [point] = (await storage.samples.history(query)).series["memory.used"]
    assert point == (0, 2.0**63, 2.0**63, 2.0**63)


async def test_a_label_is_cut_and_labels_are_bounded(storage: Storage) -> None:
    mounts = ["x" * 1_000, *(f"/{number}" for number in range(MAX_PARTS + 5))]
    await storage.samples.append([replace(row(1), sample=sample(1, disks=mounts))])
    known = await storage.read(labels())
    assert known[0] == (1, "disk", "x" * MAX_LABEL)
    assert len(known) <= MAX_PARTS
    for seq in range(2, 2 + MAX_GROUPS // MAX_PARTS + 1):
        mounts = [f"/{seq}/{number}" for number in range(MAX_PARTS)]
        await storage.samples.append([replace(row(seq), sample=sample(seq, disks=mounts))])
    assert len(await storage.read(labels())) == MAX_GROUPS
    await storage.samples.append([row(1, server_num=2)])
    assert (2, "disk", "/") in await storage.read(labels())


@pytest.mark.parametrize("late_by_ms", [0, HOUR_MS, 30 * HOUR_MS, -3 * HOUR_MS])
async def test_a_late_sample_stands_at_its_own_time(storage: Storage, late_by_ms: int) -> None:
    ts_ms = NOON_MS - late_by_ms
    await storage.samples.append([row(1), replace(row(2), ts_ms=ts_ms)])
    query = HistoryQuery(1, ["server.up"], ts_ms, ts_ms + 1, 10)
    [point] = (await storage.samples.history(query)).series["server.up"]
    assert point.ts_ms == ts_ms


async def test_hours_stand_in_tables_of_their_own_until_they_are_sealed(
    storage: Storage, clock: Clock
) -> None:
    for day in range(6):
        clock.now_ms = NOON_MS + day * DAY_MS
        await storage.samples.append([row(day + 1, clock.now_ms)])
    assert [seq for _, seq, _ in await storage.read(stored())] == list(range(1, 7))
    before = await values(storage, "cpu.percent")
    assert await storage.samples.seal(clock.now_ms) == 5
    assert [seq for _, seq, _ in await storage.read(stored())] == [6]
    assert await values(storage, "cpu.percent") == before
    assert await storage.samples.seal(clock.now_ms) == 0


async def test_all_tiers_go_after_two_years_and_labels_with_them(storage: Storage, clock: Clock) -> None:
    await storage.samples.append([row(1)])
    clock.now_ms += DAY_MS
    await storage.samples.seal(clock.now_ms)
    assert await storage.samples.expire(clock.now_ms) == 0
    clock.now_ms += 740 * DAY_MS
    assert await storage.samples.expire(clock.now_ms) > 0
    assert await storage.read(labels()) == []
    assert await storage.samples.cursor(1, "e1") == 1
    assert await values(storage, "cpu.percent") == []


async def test_how_long_is_kept_changes_while_it_is_open(storage: Storage, clock: Clock) -> None:
    await storage.samples.append([row(1)])
    clock.now_ms += 10 * DAY_MS
    await storage.samples.seal(clock.now_ms)
    storage.samples.keep(Keep(raw_days=30))
    assert await storage.samples.expire(clock.now_ms) == 0
    storage.samples.keep(Keep(raw_days=1, minutes_days=1, ten_minutes_days=1, hours_days=1))
    assert await storage.samples.expire(clock.now_ms) > 0
    assert await values(storage, "cpu.percent") == []


async def test_only_the_newest_epoch_keeps_an_old_cursor(storage: Storage) -> None:
    await storage.samples.append([row(1, epoch="old"), row(1, NOON_MS + 1, epoch="newest")])
    await storage.samples.expire(NOON_MS + 29 * DAY_MS)
    assert await storage.samples.cursor(1, "old") == 1
    await storage.samples.expire(NOON_MS + 31 * DAY_MS)
    assert await storage.samples.cursor(1, "old") == 0
    assert await storage.samples.cursor(1, "newest") == 1


async def test_many_old_epochs_of_one_server_do_not_hold_the_writer_up(storage: Storage) -> None:
    """An agent without an epoch leaves a cursor behind with each connection."""
    epochs = [row(1, NOON_MS + at, epoch=f"e{at}") for at in range(5_000)]
    for first in range(0, len(epochs), 500):
        await storage.samples.append(epochs[first : first + 500])
    # Quadratic in the number of epochs it would take minutes: a deadline for hanging is enough.
    async with asyncio.timeout(DEADLINE_S):
        await storage.samples.expire(NOON_MS + 31 * DAY_MS)
    assert await storage.samples.cursor(1, "e4998") == 0
    assert await storage.samples.cursor(1, "e4999") == 1


async def test_samples_after_expiry_find_their_labels_again(storage: Storage, clock: Clock) -> None:
    await storage.samples.append([row(1)])
    clock.now_ms = NOON_MS + 800 * DAY_MS
    await storage.samples.seal(clock.now_ms)
    await storage.samples.expire(clock.now_ms)
    await storage.samples.append([row(2, clock.now_ms)])
    assert await values(storage, "disk.used:/") == [(clock.now_ms, 40)]


async def test_recent_cpu_is_the_last_minutes_by_ten_seconds(storage: Storage) -> None:
    # Every 5 s for ten minutes, ending now; CPU counts up.
    rows = [row(at + 1, NOON_MS - (119 - at) * 5_000, cpu=float(at)) for at in range(120)]
    await storage.samples.append(rows)
    recent = storage.samples.recent_cpu(1, NOON_MS)
    assert len(recent) == 30
    assert list(recent) == sorted(recent)
    assert recent[-1] == 119
    assert storage.samples.recent_cpu(2, NOON_MS) == []
    assert storage.samples.recent_cpu(1, NOON_MS + HOUR_MS) == []


async def test_misdated_samples_that_come_after_each_other_are_one_mark(
    storage: Storage, clock: Clock
) -> None:
    def misdated(seq: int, server_num: int = 1) -> SampleRow:
        return replace(row(seq, NOON_MS + seq, server_num=server_num), ahead_ms=1000 * seq)

    await storage.samples.append([row(1), misdated(2), misdated(3), row(4), misdated(5)])
    await storage.samples.append([misdated(6), misdated(7)])
    await storage.samples.append([misdated(1, server_num=2)])
    whole = HistoryQuery(1, (), NOON_MS, NOON_MS + 60_000, 10)
    covered = await storage.samples.coverage(whole)
    assert covered.samples == 7
    assert covered.misdated == [
        Misdated(5, 7, NOON_MS + 5, NOON_MS + 7, 7000),
        Misdated(2, 3, NOON_MS + 2, NOON_MS + 3, 3000),
    ]
    assert (await storage.samples.coverage(replace(whole, start_ms=NOON_MS + 6, points=1))).misdated == [
        Misdated(5, 7, NOON_MS + 5, NOON_MS + 7, 7000)
    ]
    clock.now_ms = NOON_MS + 40 * DAY_MS
    await storage.samples.expire(clock.now_ms)
    assert (await storage.samples.coverage(whole)).misdated == []
