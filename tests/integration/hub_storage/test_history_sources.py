"""A chart is the same from memory, from the tables, and from a plain list."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatops_server.domain.downsampling import step_for
from chatops_server.storage.base import Bucket, HistoryAnswer, HistoryQuery, SampleRow, Script, execute
from chatops_server.storage.sql.hot import drop_table, tables_with
from chatops_server.storage.sqlite.engine import SqliteStorage, open_sqlite
from tests.hub_rows import HOUR_MS, NOON_MS, Clock, add_servers, row, sample

METRICS = ("cpu.percent", "memory.used", "server.up", "cpu.iowait", "disk.used:/", "disk.used:/var")
MINUTE_MS = 60_000


@dataclass(frozen=True)
class Arrival:
    """One sample: how far its own time lies before that of the hub, and its CPU in hundredths."""

    behind_ms: int
    waited_ms: int
    cpu: int
    has_var: bool


ARRIVALS = st.lists(
    st.builds(
        Arrival,
        st.one_of(st.integers(0, 10_000), st.integers(-HOUR_MS, 3 * HOUR_MS)),
        st.sampled_from((0, 5_000, 5_000, 20 * MINUTE_MS)),
        st.integers(0, 10_000),
        st.booleans(),
    ),
    max_size=40,
)
QUERIES = st.lists(
    st.tuples(
        st.integers(-4 * HOUR_MS, 2 * HOUR_MS), st.integers(1, 6 * HOUR_MS), st.sampled_from((1, 3, 300))
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=25)
@given(ARRIVALS, QUERIES)
def test_every_source_gives_the_same_chart(
    arrivals: list[Arrival], queries: list[tuple[int, int, int]]
) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(_compare(Path(folder) / "chatops.db", arrivals, queries))


async def _compare(path: Path, arrivals: Sequence[Arrival], queries: list[tuple[int, int, int]]) -> None:
    clock, rows = Clock(), list[SampleRow]()
    storage = await open_sqlite(path, now_ms=clock)
    try:
        await add_servers(storage)
        for seq, arrival in enumerate(arrivals, 1):
            clock.now_ms += arrival.waited_ms
            rows.append(_row(seq, arrival, clock.now_ms))
            await storage.samples.append(rows[-1:])
        wanted = [_query(clock.now_ms, *query) for query in queries]
        for query in wanted:
            await _check(storage, query, rows)
        await storage.close()
        storage = await open_sqlite(path, now_ms=clock)
        for query in wanted:
            await _check(storage, query, rows)
    finally:
        await storage.close()


async def _check(storage: SqliteStorage, query: HistoryQuery, rows: Sequence[SampleRow]) -> None:
    expected = _from_list(query, rows)
    assert await storage.samples.stored_history(query) == expected
    assert await storage.samples.history(query) == expected
    # Without labels the same question may be answered from memory.
    unlabelled = replace(query, metrics=[name for name in query.metrics if ":" not in name])
    series = {name: expected.series[name] for name in unlabelled.metrics}
    assert await storage.samples.history(unlabelled) == replace(expected, series=series)


def _row(seq: int, arrival: Arrival, now_ms: int) -> SampleRow:
    ts_ms = now_ms - arrival.behind_ms
    of = sample(seq, ts_ms, cpu=arrival.cpu / 100, disks=("/", "/var") if arrival.has_var else ("/",))
    return SampleRow(1, "e1", seq, ts_ms, now_ms, of)


def _query(now_ms: int, start: int, length: int, points: int) -> HistoryQuery:
    return HistoryQuery(1, METRICS, now_ms + start, now_ms + start + length, points)


def _from_list(query: HistoryQuery, rows: Sequence[SampleRow]) -> HistoryAnswer:
    inside = [row for row in rows if query.start_ms <= row.ts_ms < query.end_ms]
    single = len(inside) <= query.points
    step_ms = 1 if single else step_for(query.start_ms, query.end_ms, query.points)
    series = {name: _series(name, inside, step_ms) for name in query.metrics}
    return HistoryAnswer(_spacing(inside) if single else step_ms, "raw", series)


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


def _spacing(rows: Sequence[SampleRow]) -> int:
    times = sorted({row.ts_ms for row in rows})
    distances = sorted(times[at + 1] - times[at] for at in range(len(times) - 1))
    return distances[(len(distances) - 1) // 2] if distances else 5_000


async def test_the_last_hour_is_answered_from_memory_after_a_restart(tmp_path: Path) -> None:
    """Shown by removing the table: the chart is still there, that from the tables is not."""
    storage = await open_sqlite(tmp_path / "chatops.db", now_ms=Clock())
    await add_servers(storage)
    await storage.samples.append([row(seq, NOON_MS - HOUR_MS + seq * 5_000) for seq in range(1, 720)])
    await storage.close()
    storage = await open_sqlite(tmp_path / "chatops.db", now_ms=Clock())
    try:
        query = HistoryQuery(1, ["cpu.percent"], NOON_MS - HOUR_MS, NOON_MS + HOUR_MS, 1_000)
        await storage.samples.append([row(720, NOON_MS)])
        for table in await storage.read(tables_with(0, 2 * NOON_MS)):
            await storage.write(drop_table(table))
        assert len((await storage.samples.stored_history(query)).series["cpu.percent"]) == 0
        assert len((await storage.samples.history(query)).series["cpu.percent"]) == 720
    finally:
        await storage.close()


@pytest.mark.parametrize("points", [1, 7, 300])
async def test_never_more_points_than_asked(tmp_path: Path, points: int) -> None:
    storage = await open_sqlite(tmp_path / "chatops.db", now_ms=Clock())
    try:
        await add_servers(storage)
        await storage.samples.append([row(seq, NOON_MS - seq * 1_000) for seq in range(1, 1_000)])
        for shift in range(0, 60_000, 7_001):
            query = HistoryQuery(1, METRICS, NOON_MS - HOUR_MS + shift, NOON_MS + shift, points)
            answer = await storage.samples.history(query)
            assert all(len(series) <= points for series in answer.series.values())
            assert answer.series["cpu.percent"]
    finally:
        await storage.close()


async def test_a_table_without_a_newer_column_is_read_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A table of version 0 knows no metric at all: its samples count, and have no values."""
    path = tmp_path / "chatops.db"
    storage = await open_sqlite(path, now_ms=Clock())
    await add_servers(storage)
    await storage.write(_older_table())
    await storage.samples.append([row(2, NOON_MS)])
    query = HistoryQuery(1, ["server.up", "cpu.percent", "disk.used:/"], NOON_MS - HOUR_MS, NOON_MS + 1, 9)
    expected = {
        "server.up": [Bucket(NOON_MS - 5_000, 1, 1, 1), Bucket(NOON_MS, 1, 1, 1)],
        "cpu.percent": [Bucket(NOON_MS, 10, 10, 10)],
        "disk.used:/": [Bucket(NOON_MS, 40, 40, 40)],
    }
    assert (await storage.samples.history(query)).series == expected
    await storage.close()
    storage = await open_sqlite(path, now_ms=Clock())
    try:
        del expected["disk.used:/"]
        from_memory = await storage.samples.history(replace(query, metrics=list(expected)))
        assert from_memory.series == expected
    finally:
        await storage.close()
    assert caplog.records == []


def _older_table() -> Script[None]:
    yield from execute(
        "INSERT INTO hot_table (name, hour_ms, cols_version, min_ts, max_ts) VALUES ($1, $2, 0, $2, $3)",
        "hot_2026010112_0",
        NOON_MS - HOUR_MS,
        NOON_MS,
    )
    yield from execute("CREATE TABLE hot_2026010112_0_host (server_num, seq, ts, recv)")
    yield from execute("CREATE TABLE hot_2026010112_0_part (group_id, seq, ts)")
    yield from execute("INSERT INTO hot_2026010112_0_host VALUES (1, 1, $1, $1)", NOON_MS - 5_000)
