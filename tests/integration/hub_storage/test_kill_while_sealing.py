"""kill -9 after each commit of sealing: no chart ever changes, and the next start goes on."""

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from chatops_server.storage.base import Bucket, HistoryQuery, SampleRow, fetch
from chatops_server.storage.sqlite.engine import open_sqlite
from tests.hub_rows import HOUR_MS, NOON_MS, add_servers, row

SERVERS = 3
WORKER = Path(__file__).with_name("sealing_process.py")
METRICS = ("cpu.percent", "server.up", "disk.used:/", "net.rx_bps:eth0")
Charts = list[dict[str, list[Bucket]]]


def rows() -> list[SampleRow]:
    """Return samples received in three hours, some of them late by one or two."""
    found = []
    for num in range(1, SERVERS + 1):
        for seq in range(1, 61):
            received_ms = NOON_MS + seq * 3 * 60_000
            late_ms = (0, HOUR_MS, 2 * HOUR_MS)[seq % 3]
            sample = row(seq, received_ms - late_ms, server_num=num, cpu=float((seq * 7 + num) % 100))
            found.append(replace(sample, received_ms=received_ms))
    return found


async def charts(path: Path) -> Charts:
    storage = await open_sqlite(path, now_ms=lambda: NOON_MS)
    try:
        [(integrity,)] = await storage.read(fetch("PRAGMA integrity_check"))
        assert integrity == "ok"
        found: Charts = []
        for num in range(1, SERVERS + 1):
            # Samples one by one, and folded into every tier.
            for points in (300, 50, 20, 4):
                query = HistoryQuery(num, METRICS, NOON_MS - 4 * HOUR_MS, NOON_MS + 4 * HOUR_MS, points)
                answer = await storage.samples.stored_history(query)
                found.append({name: list(series) for name, series in answer.series.items()})
        return found
    finally:
        await storage.close()


async def seal(path: Path, commits: int) -> int:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(WORKER), str(path), str(commits)),
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    return await process.wait()


# With one, the look whether a table is small enough to be dropped would be all that is ever done.
@pytest.mark.parametrize("commits", [2, 3, 5])
async def test_a_kill_after_any_commit_changes_no_chart(tmp_path: Path, commits: int) -> None:
    path = tmp_path / "chatops.db"
    storage = await open_sqlite(path, now_ms=lambda: NOON_MS)
    await add_servers(storage, SERVERS)
    for received in rows():
        await storage.samples.append([received])
    await storage.close()
    before = await charts(path)
    killed = 0
    while await seal(path, commits):
        killed += 1
        assert await charts(path) == before
    assert await charts(path) == before
    # Four tables: each closed, sealed server by server, and dropped.
    assert killed >= 4 // commits
    storage = await open_sqlite(path, now_ms=lambda: NOON_MS)
    assert await storage.read(fetch("SELECT name FROM hot_table")) == []
    await storage.close()
