"""A chart does not tell whether its samples are in hourly tables, in sealed hours or only in rollups."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatops_server.domain.downsampling import step_for
from chatops_server.domain.tiers import DAY_MS, RAW, Keep
from chatops_server.storage.base import Bucket, HistoryQuery, SampleRow, Script, fetch
from chatops_server.storage.sqlite.engine import SqliteStorage, open_sqlite
from chatops_server.storage.upkeep import SEAL_AFTER_MS
from tests.hub_rows import HOUR_MS, NOON_MS, Clock, add_servers, row, sample

METRICS = ("cpu.percent", "memory.used", "server.up", "cpu.iowait", "disk.used:/", "disk.used:/var")
MINUTE_MS = 60_000
KEEP = Keep(raw_days=1, minutes_days=3, ten_minutes_days=9, hours_days=60)


@dataclass(frozen=True)
class Arrival:
    """One sample: how long after the one before, how late, and what the hub does then."""

    waited_ms: int
    behind_ms: int
    cpu: int
    has_var: bool
    then: str


ARRIVALS = st.lists(
    st.builds(
        Arrival,
        st.sampled_from((0, 5_000, 5_000, 5_000, 20 * MINUTE_MS, 3 * HOUR_MS, 11 * HOUR_MS, 3 * DAY_MS)),
        st.one_of(st.integers(0, 10_000), st.integers(-HOUR_MS, 30 * HOUR_MS)),
        st.integers(0, 10_000),
        st.booleans(),
        st.sampled_from(("", "", "", "seal", "expire", "restart")),
    ),
    max_size=30,
)
# Hours back, and hours long: where only rollups are left, a range is widened to whole buckets.
WHOLE_HOURS = st.lists(
    st.tuples(st.integers(-20 * 24, 30), st.integers(1, 21 * 24), st.sampled_from((1, 3, 40, 300))),
    min_size=1,
    max_size=6,
)
ANY_RANGE = st.lists(
    st.tuples(
        st.integers(-23 * HOUR_MS, HOUR_MS), st.integers(1, 23 * HOUR_MS), st.sampled_from((1, 3, 40, 300))
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40)
@given(ARRIVALS, WHOLE_HOURS, ANY_RANGE)
def test_every_tier_gives_the_chart_of_a_plain_list(
    arrivals: list[Arrival], whole: list[tuple[int, int, int]], ranges: list[tuple[int, int, int]]
) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(_compare(Path(folder) / "chatops.db", arrivals, whole, ranges))


async def _compare(
    path: Path,
    arrivals: Sequence[Arrival],
    whole: list[tuple[int, int, int]],
    ranges: list[tuple[int, int, int]],
) -> None:
    clock, rows = Clock(), list[SampleRow]()
    storage = await open_sqlite(path, now_ms=clock, keep=KEEP)
    try:
        await add_servers(storage)
        for seq, arrival in enumerate(arrivals, 1):
            clock.now_ms += arrival.waited_ms
            rows.append(_row(seq, arrival, clock.now_ms))
            await storage.samples.append(rows[-1:])
            storage = await _done(storage, arrival.then, path, clock)
        await storage.samples.seal(clock.now_ms)
        await _check(storage, clock.now_ms, rows, whole, ranges)
        clock.now_ms += 3 * HOUR_MS
        for then in ("seal", "expire", "restart"):
            storage = await _done(storage, then, path, clock)
            await _check(storage, clock.now_ms, rows, whole, ranges)
        assert await storage.read(_hot_tables()) == 0
    finally:
        await storage.close()


async def _done(storage: SqliteStorage, what: str, path: Path, clock: Clock) -> SqliteStorage:
    match what:
        case "seal":
            await storage.samples.seal(clock.now_ms)
        case "expire":
            # As retention does: what is dropped has been folded into rollups before.
            await storage.samples.seal(clock.now_ms)
            await storage.samples.expire(clock.now_ms)
        case "restart":
            await storage.close()
            return await open_sqlite(path, now_ms=clock, keep=KEEP)
        case _:
            pass
    return storage


async def _check(
    storage: SqliteStorage,
    now_ms: int,
    rows: Sequence[SampleRow],
    whole: list[tuple[int, int, int]],
    ranges: list[tuple[int, int, int]],
) -> None:
    hour_ms = now_ms - now_ms % HOUR_MS
    queries = [_query(hour_ms + at * HOUR_MS, length * HOUR_MS, points) for at, length, points in whole]
    raw_from = KEEP.oldest(RAW, now_ms)
    starts = [now_ms + at for at, _, _ in ranges]
    # A moment after a sample, so that it is in a bucket of the chart and not in its range.
    starts += [row.ts_ms + 1 for row in rows[-6:]]
    for at, start_ms in enumerate(starts):
        _, length, points = ranges[at % len(ranges)]
        queries.append(_query(max(start_ms, raw_from), length, points))
    for query in queries:
        answer = await storage.samples.stored_history(query)
        step_ms, series = _from_list(query, rows, now_ms)
        assert answer.series == series, query
        assert step_ms is None or answer.step_ms == step_ms
        assert all(len(points) <= query.points for points in answer.series.values())
        covered = await storage.samples.coverage(query)
        assert covered.samples == sum(query.start_ms <= row.ts_ms < query.end_ms for row in rows)


def _row(seq: int, arrival: Arrival, now_ms: int) -> SampleRow:
    ts_ms = now_ms - arrival.behind_ms
    of = sample(seq, ts_ms, cpu=arrival.cpu / 100, disks=("/", "/var") if arrival.has_var else ("/",))
    return SampleRow(1, "e1", seq, ts_ms, now_ms, of)


def _query(start_ms: int, length_ms: int, points: int) -> HistoryQuery:
    return HistoryQuery(1, METRICS, start_ms, start_ms + length_ms, points)


def _from_list(
    query: HistoryQuery, rows: Sequence[SampleRow], now_ms: int
) -> tuple[int | None, dict[str, list[Bucket]]]:
    """Return the width of the buckets, None where samples stand alone, and the series."""
    inside = [row for row in rows if query.start_ms <= row.ts_ms < query.end_ms]
    raw_from = KEEP.oldest(RAW, now_ms)
    is_rolled_up = any(row.ts_ms < raw_from and _is_sealed(row, now_ms) for row in inside)
    if len(inside) <= query.points and not is_rolled_up:
        return None, {name: _series(name, inside, 1) for name in query.metrics}
    unit_ms = KEEP.finest(query.start_ms, now_ms).step_ms if is_rolled_up else 1
    step_ms = step_for(query.start_ms, query.end_ms, query.points, unit_ms)
    return step_ms, {name: _series(name, inside, step_ms) for name in query.metrics}


def _is_sealed(row: SampleRow, now_ms: int) -> bool:
    hour_ms = row.received_ms - row.received_ms % HOUR_MS
    return hour_ms + HOUR_MS <= now_ms - SEAL_AFTER_MS


def _series(name: str, rows: Sequence[SampleRow], step_ms: int) -> list[Bucket]:
    buckets: dict[int, list[int]] = {}
    for each in rows:
        value = _value(name, each)
        if value is not None:
            buckets.setdefault(each.ts_ms // step_ms * step_ms, []).append(value)
    scale = 100 if name == "cpu.percent" else 1
    return [
        Bucket(at, sum(values) / (len(values) * scale), min(values) / scale, max(values) / scale)
        for at, values in sorted(buckets.items())
    ]


def _value(name: str, row: SampleRow) -> int | None:
    disks = {f"disk.used:{disk.mount}": int(disk.used) for disk in row.sample.disks}
    return {
        "cpu.percent": round(row.sample.cpu.percent * 100),
        "memory.used": int(row.sample.memory.used),
        "server.up": 1,
        **disks,
    }.get(name)


def _hot_tables() -> Script[int]:
    [(count,)] = yield from fetch("SELECT count(*) FROM hot_table")
    return int(count)


def _chunks() -> Script[list[tuple[int, int]]]:
    rows = yield from fetch("SELECT tier, count(*) FROM chunk GROUP BY tier ORDER BY tier")
    return [(tier, count) for tier, count in rows]


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_the_tier_is_named_and_a_late_sample_gets_into_it(tmp_path: Path, clock: Clock) -> None:
    storage = await open_sqlite(tmp_path / "chatops.db", now_ms=clock, keep=KEEP)
    try:
        await add_servers(storage)
        await storage.samples.append([row(seq, NOON_MS + seq * 5_000, cpu=10.0) for seq in range(1, 1_000)])
        clock.now_ms += 4 * HOUR_MS
        assert await storage.samples.seal(clock.now_ms) == 1
        query = HistoryQuery(1, ["cpu.percent"], NOON_MS, NOON_MS + HOUR_MS, 6)
        answer = await storage.samples.stored_history(query)
        assert (answer.tier, answer.step_ms) == ("10m", 10 * MINUTE_MS)
        assert answer.series["cpu.percent"][1] == Bucket(NOON_MS + 10 * MINUTE_MS, 10, 10, 10)
        late = SampleRow(1, "e1", 1_000, NOON_MS + 11 * MINUTE_MS, clock.now_ms, sample(1_000, cpu=130.0))
        await storage.samples.append([late])
        for _ in range(2):
            answer = await storage.samples.stored_history(query)
            assert answer.series["cpu.percent"][1].max == 130
            assert answer.series["cpu.percent"][1].avg == pytest.approx((120 * 10 + 130) / 121)
            clock.now_ms += 4 * HOUR_MS
            assert await storage.samples.seal(clock.now_ms) in (0, 1)
    finally:
        await storage.close()


async def test_each_tier_goes_after_its_time_and_a_deleted_server_with_all_of_them(
    tmp_path: Path, clock: Clock
) -> None:
    storage = await open_sqlite(tmp_path / "chatops.db", now_ms=clock, keep=KEEP)
    try:
        await add_servers(storage, 2)
        await storage.samples.append([row(1), row(1, server_num=2)])
        tiers = []
        for days in (0.2, 2, 4, 14, 70):
            clock.now_ms = NOON_MS + int(days * DAY_MS)
            await storage.samples.seal(clock.now_ms)
            await storage.samples.expire(clock.now_ms)
            tiers.append([tier for tier, _ in await storage.read(_chunks())])
        assert tiers == [[0, 1, 2, 3], [1, 2, 3], [2, 3], [3], []]
        await storage.samples.append([row(2, clock.now_ms), row(2, clock.now_ms, server_num=2)])
        clock.now_ms += 3 * HOUR_MS
        await storage.samples.seal(clock.now_ms)
        before = await storage.read(_chunks())
        _ = await storage.write(fetch("DELETE FROM servers WHERE num = 2"))
        await storage.samples.expire(clock.now_ms)
        assert await storage.read(_chunks()) == [(tier, count // 2) for tier, count in before]
    finally:
        await storage.close()


async def test_samples_that_a_slow_disk_kept_waiting_go_to_a_later_hour(tmp_path: Path, clock: Clock) -> None:
    storage = await open_sqlite(tmp_path / "chatops.db", now_ms=clock, keep=KEEP)
    try:
        await add_servers(storage)
        await storage.samples.append([row(1)])
        clock.now_ms += 3 * HOUR_MS
        [(name,)] = await storage.read(fetch("SELECT name FROM hot_table"))
        _ = await storage.write(fetch("UPDATE hot_table SET sealed_num = 0 WHERE name = $1", name))
        # Received in the hour that is being sealed, and committed only now.
        await storage.close()
        storage = await open_sqlite(tmp_path / "chatops.db", now_ms=clock, keep=KEEP)
        await storage.samples.append([row(2, NOON_MS + 5_000)])
        clock.now_ms += HOUR_MS
        assert await storage.samples.seal(clock.now_ms) == 2
        query = HistoryQuery(1, ["server.up"], NOON_MS, NOON_MS + HOUR_MS, 10)
        assert len((await storage.samples.stored_history(query)).series["server.up"]) == 2
    finally:
        await storage.close()
