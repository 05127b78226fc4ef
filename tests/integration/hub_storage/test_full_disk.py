"""A disk that is full: nothing is acknowledged, nothing is damaged, and it goes on when there is room."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatops_server.errors import StorageError
from chatops_server.services.ingest import Ingest
from chatops_server.storage.base import execute, fetch
from chatops_server.storage.sqlite.engine import SqliteStorage, open_sqlite
from tests.deadlines import eventually
from tests.hub_rows import NOON_MS, add_servers, row, sample

# SQLite says SQLITE_FULL for this limit as it does for a full file system.
UNLIMITED = 1_000_000_000


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[SqliteStorage]:
    opened = await open_sqlite(tmp_path / "chatops.db", now_ms=lambda: NOON_MS)
    await add_servers(opened)
    await opened.samples.append([row(1)])
    yield opened
    await opened.close()


async def limit_pages(storage: SqliteStorage, spare: int | None) -> None:
    [(pages,)] = await storage.write(fetch("PRAGMA page_count"))
    limit = UNLIMITED if spare is None else pages + spare
    await storage.write(fetch(f"PRAGMA max_page_count = {limit}"))


async def fill(storage: SqliteStorage) -> int:
    """Append until it fails; return the newest sequence that was stored."""
    stored = [1]
    with pytest.raises(StorageError) as failed:
        await _append_for_ever(storage, stored)
    assert failed.value.reason == "database or disk is full"
    return stored[-1]


async def _append_for_ever(storage: SqliteStorage, stored: list[int]) -> None:
    while True:
        await storage.samples.append([row(stored[-1] + at) for at in range(1, 101)])
        stored.append(stored[-1] + 100)


async def test_a_full_disk_fails_whole_batches_and_room_mends_it(storage: SqliteStorage) -> None:
    await limit_pages(storage, 10)
    last_seq = await fill(storage)
    assert await storage.samples.cursor(1, "e1") == last_seq
    await limit_pages(storage, None)
    await storage.samples.append([row(last_seq + 1)])
    assert await storage.check() == "ok"
    assert await storage.samples.cursor(1, "e1") == last_seq + 1
    [(integrity,)] = await storage.read(fetch("PRAGMA integrity_check"))
    assert integrity == "ok"


async def test_reads_go_on_while_the_disk_is_full(storage: SqliteStorage) -> None:
    await limit_pages(storage, 0)
    await fill(storage)
    assert await storage.read(fetch("SELECT count(*) FROM servers")) == [(1,)]


async def test_everybody_in_a_batch_that_fails_is_told(storage: SqliteStorage) -> None:
    await limit_pages(storage, 0)
    big = execute("UPDATE servers SET host = hex(zeroblob(100000))")
    small = [storage.samples.append([row(seq) for seq in range(2, 500)]) for _ in range(5)]
    results = await asyncio.gather(storage.write(big), *small, return_exceptions=True)
    assert all(isinstance(result, StorageError) for result in results)
    await limit_pages(storage, None)
    assert await storage.samples.cursor(1, "e1") == 1


async def test_ingest_acknowledges_nothing_until_there_is_room(storage: SqliteStorage) -> None:
    acks: list[int] = []
    ingest = Ingest(storage.samples, lambda: NOON_MS, retry_after_s=lambda _: 0.01)
    session = await ingest.open(1, "e1", acks.append)
    assert session.last_seq == 1
    await limit_pages(storage, 0)
    await session.accept([sample(seq) for seq in range(2, 500)])
    await eventually(lambda: ingest.degraded)
    assert acks == []
    await limit_pages(storage, None)
    await eventually(lambda: acks)
    assert acks == [499]
    assert ingest.degraded is None
    await ingest.close()
