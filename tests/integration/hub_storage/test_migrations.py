"""The schema: numbered steps, each whole or not at all."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatops_server.storage.base import CannotOpenError
from chatops_server.storage.sqlite.connections import connect_writer
from chatops_server.storage.sqlite.schema import Migration, known_migrations, migrate

LATER = (
    Migration(900, "later", "ALTER TABLE servers ADD COLUMN note TEXT; CREATE TABLE more (id INTEGER);"),
    Migration(901, "last", "CREATE INDEX more_id ON more (id);"),
)
# Ends in a statement that never ends, so that a kill falls into the middle of the step.
ENDLESS = """
import sys
from pathlib import Path
from chatops_server.storage.sqlite.connections import connect_writer
from chatops_server.storage.sqlite.schema import Migration, known_migrations, migrate
connection = connect_writer(Path(sys.argv[1]))
connection.create_function("told", 0, lambda: print("in the middle", flush=True))
endless = (
    "CREATE TABLE half (id INTEGER); INSERT INTO half VALUES (1); SELECT told();"
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n;"
)
migrate(connection, [*known_migrations(), Migration(900, "endless", endless)])
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chatops.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    opened = connect_writer(path)
    yield opened
    opened.close()


def schema(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY name"
    ).fetchall()


def version(connection: sqlite3.Connection) -> int:
    [(number,)] = connection.execute("PRAGMA user_version").fetchall()
    return int(number)


def test_the_files_are_numbered_without_a_hole() -> None:
    migrations = known_migrations()
    assert [migration.number for migration in migrations] == list(range(1, len(migrations) + 1))


def test_each_step_leads_from_every_older_version_to_the_same_schema(path: Path) -> None:
    steps = [*known_migrations(), *LATER]
    fresh = connect_writer(path)
    migrate(fresh, steps)
    for first in range(1, len(steps)):
        older = connect_writer(path.with_name(f"from-{first}.db"))
        assert migrate(older, steps[:first]) == first
        assert migrate(older, steps) == len(steps) - first
        assert schema(older) == schema(fresh)
        assert version(older) == version(fresh) == 901
        older.close()
    fresh.close()


def test_an_up_to_date_schema_is_left_alone(connection: sqlite3.Connection) -> None:
    migrate(connection, known_migrations())
    assert migrate(connection, known_migrations()) == 0


def test_a_newer_schema_is_refused(connection: sqlite3.Connection) -> None:
    migrate(connection, [*known_migrations(), *LATER])
    with pytest.raises(CannotOpenError) as refused:
        migrate(connection, known_migrations())
    assert "901" in refused.value.reason


def test_a_step_that_fails_leaves_the_version_before_it(connection: sqlite3.Connection) -> None:
    migrate(connection, known_migrations())
    before = schema(connection)
    wrong = Migration(900, "wrong", "CREATE TABLE half (id INTEGER); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, [*known_migrations(), wrong])
    assert schema(connection) == before
    assert version(connection) == len(known_migrations())
    assert migrate(connection, [*known_migrations(), *LATER]) == 2


async def test_a_step_cut_off_by_kill_leaves_the_version_before_it(path: Path) -> None:
    for _ in range(3):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", ENDLESS, str(path)),
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"in the middle\n"
        process.kill()
        await process.wait()
    found = await asyncio.to_thread(_after_the_kill, path)
    assert found == ("ok", 0, False)


def _after_the_kill(path: Path) -> tuple[str, int, bool]:
    connection = connect_writer(path)
    [(integrity,)] = connection.execute("PRAGMA integrity_check").fetchall()
    steps_missing = migrate(connection, known_migrations())
    found = integrity, steps_missing, "half" in dict(schema(connection))
    connection.close()
    return found
