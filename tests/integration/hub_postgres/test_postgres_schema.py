"""The schema on PostgreSQL: the same steps as on SQLite, in two halves, one hub at a time."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from chatops_server.storage.base import CannotOpenError
from chatops_server.storage.postgres.address import PostgresUrl
from chatops_server.storage.postgres.connections import Link, connect, hang_up
from chatops_server.storage.postgres.engine import Place, open_postgres
from chatops_server.storage.postgres.locks import Presence
from chatops_server.storage.postgres.schema import Migration, finish, known_migrations, migrate
from chatops_server.storage.postgres.statements import Connection
from chatops_server.storage.sqlite import schema as sqlite_schema
from tests.deadlines import eventually

KNOWN = known_migrations()
LAST = KNOWN[-1].number
LATER = Migration(LAST + 1, "later", "ALTER TABLE servers ADD COLUMN note TEXT", "DROP TABLE hub_marks")
# What each engine keeps in its own way.
OF_SQLITE_ALONE = {("chunk", "id")}
OF_POSTGRES_ALONE = {
    ("audit_end", "only_row"),
    ("audit_end", "last_id"),
    *(("hub_changes", column) for column in ("domain", "key", "version", "changed_at")),
    *(("hub_nodes", column) for column in ("id", "seen_ms")),
    *(("agent_leases", column) for column in ("server_num", "node_id", "epoch")),
}


@pytest.fixture
async def connection(address: PostgresUrl) -> AsyncIterator[Connection]:
    opened = await connect(address)
    yield opened
    await hang_up(opened)


async def described(connection: Connection) -> list[tuple[object, ...]]:
    """Return every column, index and trigger, and with what."""
    rows = await connection.fetch(
        "SELECT table_name || '.' || column_name, data_type || is_nullable || coalesce(column_default, '')"
        " || coalesce(collation_name, '') FROM information_schema.columns WHERE table_schema = 'public'"
        " UNION ALL SELECT tablename || '.' || indexname, indexdef FROM pg_indexes"
        " WHERE schemaname = 'public'"
        " UNION ALL SELECT event_object_table || '.' || trigger_name, action_statement || event_manipulation"
        " FROM information_schema.triggers ORDER BY 1, 2"
    )
    return [tuple(row) for row in rows]


def test_both_engines_have_the_same_steps() -> None:
    on_sqlite = [(step.number, step.name) for step in sqlite_schema.known_migrations()]
    assert [(step.number, step.name) for step in KNOWN] == on_sqlite


async def test_both_engines_have_the_same_columns(connection: Connection) -> None:
    await migrate(connection, KNOWN)
    rows = await connection.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND table_name !~ '^(chunk_|schema_version)'"
    )
    kept = {tuple(row) for row in rows} - OF_POSTGRES_ALONE
    assert kept == await asyncio.to_thread(_columns_of_sqlite)


def _columns_of_sqlite() -> set[tuple[str, str]]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        sqlite_schema.migrate(connection, sqlite_schema.known_migrations())
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            (table, column[1])
            for (table,) in tables
            if not table.startswith("sqlite_")
            for column in connection.execute(f"PRAGMA table_info({table})")
        } - OF_SQLITE_ALONE


async def test_each_step_leads_from_every_older_version_to_the_same_schema(connection: Connection) -> None:
    steps = [*KNOWN, LATER]
    await migrate(connection, steps)
    fresh = await described(connection)
    for first in (1, len(steps) // 2, len(steps) - 1):
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        assert await migrate(connection, steps[:first]) == first
        assert await migrate(connection, steps) == len(steps) - first
        assert await described(connection) == fresh


async def test_a_step_that_fails_leaves_the_schema_as_it_was(connection: Connection) -> None:
    await migrate(connection, KNOWN)
    before = await described(connection)
    with pytest.raises(Exception, match="no such thing"):
        await migrate(
            connection,
            [*KNOWN, replace(LATER, sql=f"{LATER.sql}; DO $$ BEGIN RAISE 'no such thing'; END $$")],
        )
    assert await described(connection) == before


async def test_hubs_that_start_together_migrate_once(address: PostgresUrl) -> None:
    connections = await asyncio.gather(*(connect(address) for _ in range(4)))
    taken = await asyncio.gather(*(migrate(each, KNOWN) for each in connections))
    assert sorted(taken) == [0, 0, 0, len(KNOWN)]
    for each in connections:
        await hang_up(each)


async def test_the_second_half_waits_until_no_older_hub_runs(
    address: PostgresUrl, connection: Connection
) -> None:
    await migrate(connection, KNOWN)
    older = Presence(Link(address), LAST)
    await older.join()
    newer = Presence(Link(address), LATER.number)
    await newer.join()
    assert await migrate(connection, [*KNOWN, LATER]) == 1
    assert await connection.fetchval("SELECT to_regclass('hub_marks')") is not None
    # The older one may still be restarted.
    assert await migrate(connection, KNOWN) == 0
    assert not await finish(connection, [*KNOWN, LATER])
    await older.close()
    await _gone(connection, 1)
    assert await finish(connection, [*KNOWN, LATER])
    assert await connection.fetchval("SELECT to_regclass('hub_marks')") is None
    await newer.close()


async def _gone(connection: Connection, left: int) -> None:
    """Wait until the server has noticed who left."""

    async def only_they() -> bool:
        found = await connection.fetchval(
            "SELECT count(DISTINCT pid) FROM pg_locks WHERE locktype = 'advisory' AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return bool(found <= left)

    await eventually(only_they)


async def test_a_newer_schema_is_refused(address: PostgresUrl, tmp_path: Path) -> None:
    newer = [*KNOWN, LATER]
    await (await open_postgres(Place(address, tmp_path), migrations=newer)).close()
    await _refused(
        address, tmp_path, f"schema version {LATER.number}, this program knows versions up to {LAST}"
    )


async def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    nowhere = PostgresUrl("postgresql://ann:secret@127.0.0.1:1/hub")
    with pytest.raises(CannotOpenError) as refused:
        await open_postgres(Place(nowhere, tmp_path))
    assert "postgresql://ann@127.0.0.1:1/hub" in refused.value.reason
    assert "secret" not in refused.value.reason


async def test_whoever_has_the_database_to_himself_keeps_hubs_out_and_is_kept_out(
    address: PostgresUrl, tmp_path: Path
) -> None:
    console = await open_postgres(Place(address, tmp_path / "console", alone=True))
    await _refused(address, tmp_path / "hub", "from the console")
    await console.close()
    hub = await open_postgres(Place(address, tmp_path / "hub"))
    with pytest.raises(CannotOpenError) as refused:
        await open_postgres(Place(address, tmp_path / "console", alone=True))
    assert "stop it first" in refused.value.reason
    await hub.close()


async def test_two_hubs_do_not_share_a_folder(address: PostgresUrl, tmp_path: Path) -> None:
    hub = await open_postgres(Place(address, tmp_path))
    await _refused(address, tmp_path, "another hub")
    await hub.close()


async def _refused(address: PostgresUrl, folder: Path, why: str) -> None:
    with pytest.raises(CannotOpenError) as refused:
        await open_postgres(Place(address, folder))
    assert why in refused.value.reason


def test_names_of_steps_tell_them_apart() -> None:
    names: Sequence[str] = [step.name for step in KNOWN]
    assert len(set(names)) == len(names)
