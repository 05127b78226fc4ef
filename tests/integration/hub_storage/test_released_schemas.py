"""Databases that programs of every released schema wrote, opened by this one."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from chatops_server.errors import StorageError
from chatops_server.storage.base import CannotOpenError, HistoryQuery, fetch
from chatops_server.storage.sqlite.connections import connect_writer
from chatops_server.storage.sqlite.copies import audit_chain, integrity, schema_version
from chatops_server.storage.sqlite.engine import SqliteStorage, open_sqlite
from chatops_server.storage.sqlite.schema import known_migrations, migrate, version_of

SCHEMAS = Path(__file__).parent / "schemas"
VERSIONS = [int(path.stem[-4:]) for path in sorted(SCHEMAS.glob("schema_*.sql"))]
# When the samples in them were taken; each has 1 to 5 and 9, and a gap from 6 to 8.
NOON_MS = 1_795_521_600_000
HOUR_MS = 3_600_000
# Brings the schema up to date and is in the middle of one step more when it is killed.
CUT_OFF = """
import asyncio, sys
from pathlib import Path
from chatops_server.storage.sqlite import engine
from chatops_server.storage.sqlite.connections import connect_writer
from chatops_server.storage.sqlite.schema import Migration, known_migrations

def told(path):
    connection = connect_writer(path)
    connection.create_function("told", 0, lambda: print("in the middle", flush=True))
    return connection

engine.connect_writer = told
path, steps = Path(sys.argv[1]), int(sys.argv[2])
known = known_migrations()
endless = known[steps].sql + (
    ";SELECT told(); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n;"
)
middle = Migration(known[steps].number, "endless", endless)
asyncio.run(engine.open_sqlite(path, migrations=[*known[:steps], middle]))
"""


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def path(tmp_path: Path, version: int) -> Path:
    """A database as a program of that schema left it."""
    path = tmp_path / "hub.db"
    with closing(connect_writer(path)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.executescript((SCHEMAS / f"schema_{version:04}.sql").read_text())
        assert version_of(connection) == version
    return path


def open_and_look(path: Path, version: int) -> None:
    """Open the database, which brings it up to date, and look for all that was written."""

    async def look() -> None:
        storage = await open_sqlite(path, now_ms=lambda: NOON_MS + HOUR_MS)
        try:
            await assert_everything_is_there(storage, version)
        finally:
            await storage.close()

    asyncio.run(look())


async def assert_everything_is_there(storage: SqliteStorage, version: int) -> None:
    query = HistoryQuery(1, ["cpu.percent", "disk.percent:/"], NOON_MS, NOON_MS + HOUR_MS, 100)
    for answer in (await storage.samples.history(query), await storage.samples.stored_history(query)):
        points = [(point.ts_ms - NOON_MS, point.avg) for point in answer.series["cpu.percent"]]
        assert points == [(5000 * seq, 10.0 + seq) for seq in (1, 2, 3, 4, 5)] + [(50_000, 19.0)]
        assert len(answer.series["disk.percent:/"]) == 6
    covered = await storage.samples.coverage(HistoryQuery(1, (), NOON_MS - HOUR_MS, 2**53, 10))
    assert (covered.samples, covered.lost, covered.misdated) == (6, 3, [])
    assert await storage.samples.cursor(1, "epoch-1") == 9
    assert await storage.read(fetch("SELECT username, role FROM users ORDER BY username")) == [
        ("admin", "admin"),
        ("ann", "operator"),
    ]
    assert await storage.read(fetch("SELECT name FROM servers")) == [("web-1",)]
    if version > 1:
        assert await storage.read(fetch("SELECT status FROM commands")) == [("succeeded",)]
    if version > 5:
        assert await storage.read(fetch("SELECT status FROM alerts")) == [("firing",)]


def schema(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    # What hours are made of is not the schema's.
    return [row for row in found if not row[0].startswith(("hot_2", "sqlite"))]


def fresh_schema(path: Path) -> list[tuple[str, str]]:
    with closing(connect_writer(path)) as connection:
        migrate(connection, known_migrations())
    return schema(path)


def test_there_is_one_of_every_version_before_this_one() -> None:
    assert list(range(1, max(VERSIONS) + 1)) == VERSIONS


def test_it_is_brought_up_to_date_with_all_that_is_in_it(path: Path, version: int) -> None:
    before = integrity(path)
    open_and_look(path, version)
    assert before == integrity(path) == []
    assert audit_chain(path).broken is None
    assert schema(path) == fresh_schema(path.with_name("fresh.db"))


def test_a_copy_from_before_is_kept_and_can_be_opened_in_its_place(path: Path, version: int) -> None:
    open_and_look(path, version)
    copy = path.with_name(f"hub.db.schema-{version}")
    assert (schema_version(copy), integrity(copy), copy.stat().st_mode & 0o777) == (version, [], 0o600)
    made = copy.stat().st_mtime_ns
    open_and_look(path, version)
    assert copy.stat().st_mtime_ns == made
    open_and_look(copy, version)


def test_without_a_copy_nothing_is_changed(path: Path, version: int) -> None:
    # A folder of that name cannot be replaced by a file.
    path.with_name(f"hub.db.schema-{version}").mkdir()
    with pytest.raises(CannotOpenError) as refused:
        open_and_look(path, version)
    assert refused.value.reason.startswith("no copy can be kept before the schema is brought up to date: ")
    assert schema_version(path) == version
    assert isinstance(refused.value, StorageError)


def test_killed_in_the_middle_of_a_step_it_goes_on_from_there(path: Path, version: int) -> None:
    left = path.with_name(f".hub.db.schema-{version}.1.partial")
    left.write_bytes(b"of an attempt that was killed while it copied")
    for steps in range(version, len(known_migrations())):
        command = [sys.executable, "-c", CUT_OFF, str(path), str(steps)]
        env = {**os.environ, "PYTHONPATH": str(Path.cwd())}
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=env) as process:  # noqa: S603 - our own
            assert process.stdout is not None
            assert process.stdout.readline() == b"in the middle\n"
            process.kill()
        assert schema_version(path) == steps
    open_and_look(path, version)
    assert schema(path) == fresh_schema(path.with_name("fresh.db"))
    assert not left.exists()
