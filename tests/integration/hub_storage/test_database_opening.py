"""Opening a database file: alone, up to date, and with a clear line when it cannot be."""

import asyncio
import gc
import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatops_server.storage.base import CannotOpenError, execute, fetch
from chatops_server.storage.sql.hot import tables_with
from chatops_server.storage.sqlite.connections import connect_reader
from chatops_server.storage.sqlite.engine import SqliteStorage, open_sqlite
from tests.deadlines import DEADLINE_S
from tests.hub_rows import NOON_MS, add_servers, row

HOLDER = """
import asyncio, sys
from pathlib import Path
from chatops_server.storage.sqlite.connections import connect_reader
from chatops_server.storage.sqlite.engine import open_sqlite
async def main():
    storage = await open_sqlite(Path(sys.argv[1]))
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await storage.close()
asyncio.run(main())
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "chatops.db"


@pytest.fixture
async def storage(path: Path) -> AsyncIterator[SqliteStorage]:
    opened = await open_sqlite(path)
    yield opened
    await opened.close()


def no_database(path: Path) -> bytes:
    """Put something else in the place of the file and return it."""
    content = b"not a database, but long enough to be looked at as if it were one" * 100
    path.parent.mkdir()
    path.write_bytes(content)
    return content


async def refusal(path: Path) -> str:
    """Return the one line a person gets."""
    with pytest.raises(CannotOpenError) as refused:
        await open_sqlite(path)
    assert "\n" not in refused.value.reason
    return refused.value.reason


async def test_a_second_hub_in_the_same_folder_is_refused(path: Path, storage: SqliteStorage) -> None:
    assert await refusal(path) == f"another hub (process {os.getpid()}) is using {path.parent}"
    assert await storage.check() == "ok"


async def test_a_hub_of_another_process_is_seen_until_it_ends(path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(path)]
    holder = await asyncio.create_subprocess_exec(
        *command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        assert await holder.stdout.readline() == b"open\n"
        assert f"process {holder.pid}" in await refusal(path)
    finally:
        holder.kill()
        await holder.wait()
    await (await open_sqlite(path)).close()


async def test_a_newer_schema_is_refused_with_both_numbers(path: Path) -> None:
    storage = await open_sqlite(path)
    [(newest,)] = await storage.write(fetch("PRAGMA user_version"))
    await storage.write(fetch("PRAGMA user_version = 9999"))
    await storage.close()
    assert re.search(rf"version 9999\b.* up to {newest}\b", await refusal(path))


async def test_what_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    before = no_database(path)
    assert str(path) in await refusal(path)
    assert await asyncio.to_thread(path.read_bytes) == before


async def test_a_database_that_lacks_a_table_is_refused(path: Path) -> None:
    storage = await open_sqlite(path)
    await add_servers(storage)
    await storage.samples.append([row(1, time.time_ns() // 1_000_000)])
    [table] = await storage.read(tables_with(0, 2**62))
    await storage.write(execute(f"DROP TABLE {table.host}"))
    await storage.close()
    assert f"no such table: {table.host}" in await refusal(path)


async def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    assert str(tmp_path) in await refusal(tmp_path)


async def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert "data" in await refusal(tmp_path / "data" / "chatops.db")


async def test_a_refused_opening_leaves_nothing_locked(path: Path) -> None:
    no_database(path)
    await refusal(path)
    await (await open_sqlite(path.with_name("other.db"))).close()


async def test_only_the_owner_may_read_the_files(path: Path, storage: SqliteStorage) -> None:
    await add_servers(storage)
    files = [path, path.with_name("chatops.db-wal"), path.with_name("hub.lock")]
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600] * 3
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("pragma", "expected"),
    [
        ("auto_vacuum", 2),
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("wal_autocheckpoint", 0),
        ("foreign_keys", 1),
        ("secure_delete", 0),
    ],
)
async def test_the_writer_runs_as_measured(storage: SqliteStorage, pragma: str, expected: object) -> None:
    [(value,)] = await storage.write(fetch(f"PRAGMA {pragma}"))
    assert value == expected


async def test_a_clean_end_leaves_one_file_without_a_log(path: Path) -> None:
    storage = await open_sqlite(path)
    await add_servers(storage)
    await storage.samples.append([row(1)])
    await storage.close()
    assert sorted(file.name for file in path.parent.iterdir()) == ["chatops.db", "hub.lock"]


async def test_opening_can_be_cancelled(path: Path) -> None:
    for tries in range(20):
        opening = asyncio.create_task(open_sqlite(path))
        # Wherever that is: in the thread's opening, in a reader's, or in the loading of the last hour.
        await asyncio.wait({opening}, timeout=tries / 2_000)
        opening.cancel()
        await asyncio.wait({opening})
        if not opening.cancelled():
            await opening.result().close()
    await (await open_sqlite(path)).close()


async def test_a_reader_cancelled_while_it_opens_is_closed_all_the_same(
    path: Path, storage: SqliteStorage
) -> None:
    """From Python 3.13 on a connection that was forgotten warns when it is collected."""
    assert await storage.check() == "ok"
    opening = asyncio.create_task(connect_reader(path))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        _ = await opening
    gc.collect()


async def test_a_defect_while_the_last_hour_is_read_does_not_keep_it_open(path: Path) -> None:
    times = [NOON_MS]
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    storage = await open_sqlite(path, now_ms=times.pop)
    async with asyncio.timeout(DEADLINE_S):
        await storage.close()
    assert times == []
    await (await open_sqlite(path)).close()
