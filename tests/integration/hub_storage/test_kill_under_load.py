"""kill -9 in the middle of writing: what was acknowledged is there, once, without a hole."""

import asyncio
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

from chatops_server.storage.base import Row, Script, fetch
from chatops_server.storage.sql.hot import tables_with
from chatops_server.storage.sqlite.engine import open_sqlite
from tests.deadlines import DEADLINE_S
from tests.hub_rows import add_servers

ROUNDS = 6
SERVERS = 20
WORKER = Path(__file__).with_name("writing_process.py")


def stored() -> Script[list[Row]]:
    rows: list[Row] = []
    for table in (yield from tables_with(0, 2**62)):
        rows.extend((yield from fetch(f"SELECT server_num, seq FROM {table.host}")))  # noqa: S608 - ours
    return rows


async def run_and_kill(path: Path, acks: int) -> dict[int, int]:
    """Return the newest ack of each server that came out before the kill, after about `acks` of them."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(WORKER), str(path), str(SERVERS)),
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert process.stdout is not None
    newest: dict[int, int] = {}
    async with asyncio.timeout(3 * DEADLINE_S):
        count = 0
        async for line in process.stdout:
            count += 1
            if count == acks:
                process.kill()
            if line.endswith(b"\n"):
                server_num, seq = map(int, line.split())
                newest[server_num] = seq
        await process.wait()
    assert process.returncode == -9
    return newest


async def test_every_acknowledged_sample_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "chatops.db"
    storage = await open_sqlite(path)
    await add_servers(storage, SERVERS)
    await storage.close()
    chance = random.Random(2)  # noqa: S311 - when to kill; the same each time
    for _ in range(ROUNDS):
        acked = await run_and_kill(path, chance.randint(1, 600))
        storage = await open_sqlite(path)
        try:
            rows = await storage.read(stored())
            [(integrity,)] = await storage.read(fetch("PRAGMA integrity_check"))
            cursors = {num: await storage.samples.cursor(num, "spool") for num in range(1, SERVERS + 1)}
        finally:
            await storage.close()
        assert integrity == "ok"
        assert {num: seq for num, seq in acked.items() if cursors[num] < seq} == {}
        assert set(Counter(rows).values()) <= {1}
        counts = Counter(server_num for server_num, _ in rows)
        assert {num: counts[num] for num in cursors} == cursors
        assert all(seq <= cursors[server_num] for server_num, seq in rows)
