"""Reads that share a connection and its snapshot answer each as if it were alone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatops_server.errors import StorageError
from chatops_server.storage.base import Script, execute, fetch
from chatops_server.storage.sqlite.engine import SqliteStorage, open_sqlite
from chatops_server.storage.sqlite.reader import READERS
from tests.hub_rows import add_servers

# Longer than it takes to cancel the one beside it.
LONG = (
    "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 300000) SELECT count(*) FROM n"
)
ENDLESS = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[SqliteStorage]:
    opened = await open_sqlite(tmp_path / "hub.db")
    await add_servers(opened, 2)
    yield opened
    await opened.close()


def number(sql: str = LONG) -> Script[int]:
    [(count,)] = yield from fetch(sql)
    return int(count)


def broken() -> Script[int]:
    yield from number("SELECT 1")
    raise ValueError("the script's own")


async def test_many_reads_at_once_get_each_their_own_answer(storage: SqliteStorage) -> None:
    asked = [storage.read(number(f"SELECT {at}")) for at in range(200)]
    assert await asyncio.gather(*asked) == list(range(200))


async def test_one_that_fails_leaves_those_beside_it_alone(storage: SqliteStorage) -> None:
    asked = [script for _ in range(10) for script in (broken(), number("SELECT nothing"), number("SELECT 7"))]
    answers = await asyncio.gather(*map(storage.read, asked), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ValueError, StorageError, int] * 10


async def test_one_that_is_cancelled_costs_those_beside_it_no_answer(storage: SqliteStorage) -> None:
    asked = [asyncio.create_task(storage.read(number())) for _ in range(READERS * 4)]
    unwanted = [asyncio.create_task(storage.read(number(ENDLESS))) for _ in range(READERS)]
    await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    for task in (*unwanted, *asked[1::2]):
        task.cancel()
    assert set(await asyncio.gather(*asked[::2])) == {300_000}
    await asyncio.wait([*asked, *unwanted])
    assert await storage.read(number("SELECT 7")) == 7


async def test_a_read_sees_what_was_written_before_it(storage: SqliteStorage) -> None:
    for name in ("a", "b", "c"):
        beside = [asyncio.create_task(storage.read(number())) for _ in range(READERS)]
        await storage.write(execute("UPDATE servers SET name = $1 WHERE num = 1", name))
        assert await storage.read(fetch("SELECT name FROM servers WHERE num = 1")) == [(name,)]
        await asyncio.gather(*beside)
