"""What the writer tells of its work, and that nobody waits for ever for it."""

import asyncio
import math
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatops_server.storage.sqlite.engine import SqliteStorage, open_sqlite
from tests.deadlines import DEADLINE_S
from tests.hub_rows import NOON_MS, add_servers, row


class Clock:
    """Fails when the test says so."""

    def __init__(self) -> None:
        self.is_broken = False

    def __call__(self) -> int:
        if self.is_broken:
            raise RuntimeError("no time")
        return NOON_MS


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def storage(tmp_path: Path, clock: Clock) -> AsyncIterator[SqliteStorage]:
    opened = await open_sqlite(tmp_path / "hub.db", now_ms=clock)
    await add_servers(opened)
    yield opened
    await opened.close()


async def test_commits_are_measured_and_jobs_in_work_counted(storage: SqliteStorage) -> None:
    before = storage.load.commit_seconds.cumulative()[-1]
    waiting = asyncio.create_task(storage.samples.append([row(1)]))
    await asyncio.sleep(0)
    assert storage.load.queued_jobs == 1
    await waiting
    assert storage.load.queued_jobs == 0
    assert storage.load.commit_seconds.cumulative()[-1] == (math.inf, before[1] + 1)
    assert storage.load.commit_seconds.total > 0


async def test_a_defect_of_the_last_hour_in_memory_holds_no_ack_back(
    storage: SqliteStorage, clock: Clock
) -> None:
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    clock.is_broken = True
    async with asyncio.timeout(DEADLINE_S):
        await storage.samples.append([row(1)])
    assert await storage.samples.cursor(1, "e1") == 1
    assert [str(each["exception"]) for each in complaints] == ["no time"]
