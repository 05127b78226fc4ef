"""The write-ahead log stays small, whoever reads meanwhile."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatops_server.storage.sqlite.checkpoints import Checkpoints
from chatops_server.storage.sqlite.connections import WAL_LIMIT_BYTES, connect_writer
from chatops_server.storage.sqlite.engine import open_sqlite
from tests.hub_rows import NOON_MS, add_servers, row

MIB = 1024 * 1024


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chatops.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    opened = connect_writer(path)
    opened.execute("CREATE TABLE filler (content BLOB)")
    yield opened
    opened.close()


def wal_bytes(path: Path) -> int:
    return path.with_name("chatops.db-wal").stat().st_size


def write(connection: sqlite3.Connection, mebibytes: int) -> None:
    connection.execute("INSERT INTO filler VALUES (zeroblob(?))", (mebibytes * MIB,))


def test_silence_gives_a_large_log_back(path: Path, connection: sqlite3.Connection) -> None:
    checkpoints = Checkpoints(connection, path)
    write(connection, 8)
    checkpoints.committed()
    assert wal_bytes(path) > 8 * MIB
    assert checkpoints.idle_s is not None
    checkpoints.idle()
    assert wal_bytes(path) == 0
    assert checkpoints.idle_s is None


def test_a_reader_on_an_old_snapshot_does_not_hold_the_writer_up(
    path: Path, connection: sqlite3.Connection
) -> None:
    checkpoints = Checkpoints(connection, path)
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM filler").fetchall()
    write(connection, 8)
    checkpoints.idle()
    assert wal_bytes(path) > 8 * MIB
    reader.close()
    write(connection, 1)
    checkpoints.idle()
    assert wal_bytes(path) == 0
    assert connection.execute("PRAGMA busy_timeout").fetchall() == [(5_000,)]


def test_beyond_its_limit_the_log_is_cut_without_waiting_for_silence(
    path: Path, connection: sqlite3.Connection
) -> None:
    checkpoints = Checkpoints(connection, path)
    write(connection, WAL_LIMIT_BYTES // MIB + 1)
    for _ in range(300):
        connection.execute("DELETE FROM filler WHERE 0")
        checkpoints.committed()
    assert wal_bytes(path) == 0


def test_a_checkpoint_that_fails_is_no_error_of_the_commit(
    path: Path, connection: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoints = Checkpoints(connection, path)
    connection.execute("BEGIN")
    write(connection, 1)
    checkpoints.idle()
    checkpoints.idle()
    connection.execute("COMMIT")
    assert [record.message for record in caplog.records] == ["checkpoint failed"]
    checkpoints.idle()
    connection.execute("INSERT INTO filler VALUES (1)")


def test_after_a_checkpoint_that_failed_the_writer_still_waits_for_locks(
    path: Path, connection: sqlite3.Connection
) -> None:
    connection.execute("BEGIN")
    write(connection, 1)
    Checkpoints(connection, path).idle()
    connection.execute("COMMIT")
    assert connection.execute("PRAGMA busy_timeout").fetchall() == [(5_000,)]


async def test_under_load_the_log_starts_over(path: Path) -> None:
    storage = await open_sqlite(path, now_ms=lambda: NOON_MS)
    await add_servers(storage)
    for first in range(0, 40_000, 500):
        await storage.samples.append([row(first + at) for at in range(1, 501)])
    size = wal_bytes(path)
    await storage.close()
    assert size < 20 * MIB
