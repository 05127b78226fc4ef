"""What history costs: bytes of a sealed sample, bytes written a day, and charts among a hundred servers.

A hundred machines at 5 s for two hours go the whole way, from append to sealed chunks. A year of rollups is
then laid beside them, and charts of four series are asked for, each of another server. Beside what a sealed
sample takes: the same columns in a block of Prometheus, where it is installed.
"""

import argparse
import asyncio
import random
import sqlite3
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.figures import Figure, progress, publish
from bench.machines import fleet
from bench.prometheus import Series, block_bytes
from chatops_server.domain import rollups
from chatops_server.domain.columns import HOST, Scaled, host_row
from chatops_server.domain.downsampling import Partial
from chatops_server.domain.sealing import Piece, pieces
from chatops_server.domain.tiers import DAY_MS, HOURS, MINUTES, RAW, TEN_MINUTES, Tier
from chatops_server.storage.base import HistoryQuery, SampleRow, Script, execute, fetch
from chatops_server.storage.sql.chunks import HOST_GROUP, ChunkRow, Source, put_chunks
from chatops_server.storage.sqlite.engine import SqliteStorage, open_sqlite

SERVERS: Final = 100
INTERVAL_MS: Final = 5_000
HOURS_SAMPLED: Final = 2
_HOUR_MS: Final = 3_600_000
# Of the machines; a block takes as much for each of more.
COMPARED: Final = 10
# Prometheus cuts its blocks there.
_BLOCK_MS: Final = 2 * _HOUR_MS
# How far back each tier is laid out; the finer ones only as far as the charts below reach.
LAID_OUT_DAYS: Final = {MINUTES: 2, TEN_MINUTES: 30, HOURS: 366}
# Servers share their curves: making them takes longer than everything else here.
CURVES: Final = 5
METRICS: Final = ("cpu.percent", "memory.percent", "net.rx_bps", "disk.write_bps")
RANGES: Final = {"24 h": 1, "30 d": 30, "1 y": 365}
POINTS: Final = 300
SEALED_BAR: Final = 30.0
WRITTEN_BAR: Final = 1.5
CHART_BAR: Final = 30.0


@dataclass
class Clock:
    """The hub's clock, put forward by hand."""

    now_ms: int

    def __call__(self) -> int:
        """Return it."""
        return self.now_ms


def main() -> int:
    """Measure and publish."""
    parser = argparse.ArgumentParser(prog="python -m bench.history", description=__doc__)
    parser.add_argument("--charts", type=int, default=40, help="how many of each range (40)")
    charts = parser.parse_args().charts
    with TemporaryDirectory() as folder:
        figures = asyncio.run(_measure(Path(folder) / "hub.db", charts))
        publish([*figures, *_blocks(Path(folder))])
    return 0


def _blocks(folder: Path) -> list[Figure]:
    """Have Prometheus store some of the machines' samples, the wide columns only."""
    progress("blocks of Prometheus")
    start_ms = time.time_ns() // 1_000_000 // _BLOCK_MS * _BLOCK_MS - _BLOCK_MS
    times = range(start_ms, start_ms + HOURS_SAMPLED * _HOUR_MS, INTERVAL_MS)
    rows = [[host_row(machine.sample(1, ts)) for ts in times] for machine in fleet(SERVERS)[:COMPARED]]
    size = block_bytes(folder, _series(times, rows))
    if size is None:
        return []
    samples = COMPARED * len(times)
    return [
        Figure(name=f"the same {len(HOST)} columns in Prometheus's block", value=size / samples, unit="B")
    ]


def _series(times: Sequence[int], rows: Sequence[Sequence[Scaled]]) -> Iterator[Series]:
    for at, column in enumerate(HOST):
        for number, of_machine in enumerate(rows):
            values = [row[at] for row in of_machine]
            yield (
                column.metric.replace(".", "_"),
                f"m{number}",
                [
                    (ts, value / column.scale)
                    for ts, value in zip(times, values, strict=True)
                    if value is not None
                ],
            )


async def _measure(path: Path, charts: int) -> list[Figure]:
    clock = Clock(time.time_ns() // 1_000_000 // _HOUR_MS * _HOUR_MS)
    storage = await open_sqlite(path, now_ms=clock)
    try:
        await storage.write(_servers())
        figures = await _sealed(storage, clock, path)
        progress("a year of rollups")
        await _lay_out(storage, clock.now_ms)
        progress(f"{charts} charts of each range")
        for name, days in RANGES.items():
            figures.append(await _charts(storage, clock.now_ms, (name, days), charts))
        return figures
    finally:
        await storage.close()


async def _sealed(storage: SqliteStorage, clock: Clock, path: Path) -> list[Figure]:
    start_ms, samples = clock.now_ms, 0
    written = _written()
    progress(f"{SERVERS} servers for {HOURS_SAMPLED} hours, one commit a second")
    for rows in _seconds(start_ms):
        clock.now_ms = rows[-1].received_ms
        await storage.samples.append(rows)
        samples += len(rows)
    clock.now_ms = start_ms + (HOURS_SAMPLED + 2) * _HOUR_MS
    progress("sealing")
    cpu = time.process_time()
    await storage.samples.seal(clock.now_ms)
    cpu = time.process_time() - cpu
    written = _written() - written
    raw, everything = await asyncio.to_thread(_bytes_sealed, path)
    a_day = SERVERS * DAY_MS / INTERVAL_MS
    return [
        Figure(
            name=f"a sealed sample of {len(HOST)} columns",
            value=raw / samples,
            unit="B",
            bar=SEALED_BAR * len(HOST) / 16,
        ),
        Figure(
            name="a sealed sample, for 16 columns",
            value=raw / samples * 16 / len(HOST),
            unit="B",
            bar=SEALED_BAR,
        ),
        Figure(name="with disks, networks and all rollups", value=everything / samples, unit="B"),
        Figure(
            name=f"written a day, {SERVERS} agents",
            value=written / samples * a_day / 1e9,
            unit="GB",
            bar=WRITTEN_BAR,
        ),
        Figure(name="CPU to seal a sample", value=cpu / samples * 1e6, unit="us"),
    ]


def _seconds(start_ms: int) -> Iterator[list[SampleRow]]:
    """Yield what arrives in each second: a fifth of the machines, each every 5 s."""
    machines = fleet(SERVERS)
    steps = INTERVAL_MS // 1000
    for second in range(HOURS_SAMPLED * 3600):
        at_ms = start_ms + second * 1000
        yield [
            SampleRow(num + 1, "bench", seq, at_ms, at_ms, machines[num].sample(seq, at_ms))
            for num in range(second % steps, SERVERS, steps)
            for seq in (second // steps + 1,)
        ]


def _bytes_sealed(path: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        query = "SELECT sum(length(body)) FROM chunk WHERE tier = ? AND group_id = ?"
        [(raw,)] = connection.execute(query, (RAW.number, HOST_GROUP)).fetchall()
        [(everything,)] = connection.execute("SELECT sum(length(body)) FROM chunk").fetchall()
    return int(raw), int(everything)


async def _lay_out(storage: SqliteStorage, now_ms: int) -> None:
    chance = random.Random(3)  # noqa: S311 - values of a benchmark
    for tier, days in LAID_OUT_DAYS.items():
        bodies: dict[int, list[tuple[int, int, bytes]]] = {}
        for curve in range(CURVES):
            bodies[curve] = list(_curve(tier, now_ms - days * DAY_MS, now_ms - DAY_MS, chance))
        for num in range(1, SERVERS + 1):
            await storage.write(
                put_chunks([ChunkRow(Source(num), tier.number, *row) for row in bodies[num % CURVES]])
            )
    for num in range(1, SERVERS + 1):
        await storage.write(put_chunks(list(_day(num, now_ms))))


def _curve(tier: Tier, start_ms: int, end_ms: int, chance: random.Random) -> Iterator[tuple[int, int, bytes]]:
    for t0 in range(tier.chunk_of(start_ms), end_ms, tier.span_ms):
        steps = range(t0, min(t0 + tier.span_ms, end_ms), tier.step_ms)
        samples = tier.step_ms // INTERVAL_MS
        rollup: rollups.Rollup = {
            start: (samples, [_partial(samples, chance) for _ in HOST]) for start in steps
        }
        if rollup:
            yield t0, len(rollup), rollups.encode(rollup)


def _partial(samples: int, chance: random.Random) -> Partial:
    middle = chance.randrange(2_000, 4_000)
    return Partial(samples, middle * samples, middle - chance.randrange(900), middle + chance.randrange(900))


def _day(num: int, now_ms: int) -> Iterator[ChunkRow]:
    """Yield the last day of one machine, as sealing would leave it; one hour stands for all others."""
    machine = fleet(SERVERS)[num - 1]
    hour_ms = RAW.chunk_of(now_ms)
    times = range(hour_ms, hour_ms + _HOUR_MS, INTERVAL_MS)
    values = [host_row(machine.sample(1, ts)) for ts in times]
    for hours in range(26, 2, -1):
        back = hours * _HOUR_MS
        of_hour = pieces((ts - back, *row) for ts, row in zip(times, values, strict=True))
        for piece in of_hour:
            if piece.tier in (RAW, MINUTES):
                yield _row(num, piece)


def _row(num: int, piece: Piece) -> ChunkRow:
    return ChunkRow(Source(num), piece.tier.number, piece.t0, *piece.merged(None))


async def _charts(storage: SqliteStorage, now_ms: int, asked: tuple[str, int], charts: int) -> Figure:
    name, days = asked
    chance = random.Random(days)  # noqa: S311 - which servers
    times = []
    for num in chance.sample(range(1, SERVERS + 1), charts):
        # An end in the middle of a bucket, as a person's is.
        end_ms = now_ms - 2 * _HOUR_MS - chance.randrange(_HOUR_MS)
        began = time.perf_counter()
        answer = await storage.samples.history(
            HistoryQuery(num, METRICS, end_ms - days * DAY_MS, end_ms, POINTS)
        )
        times.append(time.perf_counter() - began)
        if not all(answer.series.values()):
            raise RuntimeError(f"a chart of {name} is empty")
    median = statistics.median(times) * 1000
    return Figure(
        name=f"chart of {len(METRICS)} series, {name}, median", value=median, unit="ms", bar=CHART_BAR
    )


def _written() -> int:
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(fields["write_bytes"])


def _servers() -> Script[None]:
    yield from execute(
        "INSERT INTO users (id, username, password_hash, role, created_ms) VALUES ('u', 'u', '-', 'admin', 0)"
    )
    for num in range(1, SERVERS + 1):
        _ = yield from fetch(
            "INSERT INTO servers (id, name, owner_id, created_ms) VALUES ($1, $1, 'u', 0) RETURNING num",
            f"srv_{num}",
        )


if __name__ == "__main__":
    sys.exit(main())
