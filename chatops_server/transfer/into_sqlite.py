"""Writes a PostgreSQL database, as one snapshot, into a SQLite file that any hub can start from."""

import asyncio
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from chatops_server.errors import StorageError
from chatops_server.storage.postgres.address import PostgresUrl
from chatops_server.storage.postgres.connections import connect, hang_up
from chatops_server.storage.postgres.dialect import FAILURES, meaning
from chatops_server.storage.postgres.statements import Connection
from chatops_server.storage.sqlite.connections import connect_writer
from chatops_server.storage.sqlite.schema import known_migrations, migrate
from chatops_server.transfer.tables import is_hourly, postgres_columns, shared, sqlite_columns, sqlite_tables

_ROWS_AT_ONCE: Final = 2_000


async def copy_out(source: PostgresUrl, target: Path) -> None:
    """Make `target`, which must not be there, a copy of the database; hubs go on writing.

    Raises:
        StorageError: It cannot be made; `reason` is one line that says why.
    """
    try:
        connection = await connect(source)
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                await _copied(connection, target)
        finally:
            await hang_up(connection)
    except FAILURES as exc:
        raise meaning(exc) from exc
    except sqlite3.Error as exc:
        raise StorageError(f"cannot write {target}: {exc}") from exc


async def _copied(source: Connection, target: Path) -> None:
    version = await _version(source)
    with closing(await asyncio.to_thread(_empty, target, version)) as file:
        names = await asyncio.to_thread(sqlite_tables, file)
        hourly = await source.fetch("SELECT name FROM hot_table ORDER BY hour_ms")
        names += [
            name
            for (stem,) in hourly
            for name in (f"{stem}_host", f"{stem}_part", f"{stem}_proc")
            if await postgres_columns(source, name)
        ]
        for name in names:
            await _carried(source, file, name)
        await _numbers_go_on(source, file)
        await asyncio.to_thread(file.execute, "COMMIT")
        # As other copies are: one file, without a log beside it.
        await asyncio.to_thread(lambda: file.execute("PRAGMA journal_mode = DELETE").fetchall())


def _empty(target: Path, version: int) -> sqlite3.Connection:
    connection = connect_writer(target)
    # Used by one thread at a time, but not by the same.
    connection.close()
    connection = sqlite3.connect(target, isolation_level=None, check_same_thread=False)
    migrate(connection, [each for each in known_migrations() if each.number <= version])
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("BEGIN")
    return connection


async def _version(source: Connection) -> int:
    if await source.fetchval("SELECT to_regclass('schema_version')") is None:
        raise StorageError("the database holds no hub's data")
    if await source.fetchval("SELECT to_regclass('transfer_progress')") is not None:
        raise StorageError("the database was begun to be filled and is not whole: end that first")
    version = int(await source.fetchval("SELECT max(number) FROM schema_version"))
    newest = known_migrations()[-1].number
    if version > newest:
        raise StorageError(
            f"the database has schema version {version}, this program knows versions up to {newest}:"
            " it needs the newer program"
        )
    return version


async def _carried(source: Connection, file: sqlite3.Connection, name: str) -> None:
    theirs = await postgres_columns(source, name)
    if is_hourly(name):
        declared = ", ".join(f"{column} {_kind(kind)} {_needed(column)}" for column, kind in theirs.items())
        await asyncio.to_thread(file.execute, f"CREATE TABLE {name} ({declared})")
    table = shared(name, await asyncio.to_thread(sqlite_columns, file, name), theirs)
    marks = ", ".join("?" * len(table.columns))
    insert = f"INSERT INTO {name} ({table.listed}) VALUES ({marks})"  # noqa: S608 - names of ours
    # In the order in which it was stored where that can be told: the rowid follows it.
    order = " ORDER BY 1" if await _is_numbered(source, name) else ""
    cursor = await source.cursor(f"SELECT {table.listed} FROM {name}{order}")  # noqa: S608 - likewise
    while rows := await cursor.fetch(_ROWS_AT_ONCE):
        await asyncio.to_thread(_put, file, insert, [tuple(row) for row in rows])


def _put(file: sqlite3.Connection, insert: str, rows: Iterable[tuple[Any, ...]]) -> None:
    file.executemany(insert, rows)


async def _is_numbered(source: Connection, name: str) -> bool:
    return name == "audit" or bool(
        await source.fetchval(
            "SELECT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = current_schema()"
            " AND table_name = $1 AND ordinal_position = 1 AND is_identity = 'YES')",
            name,
        )
    )


async def _numbers_go_on(source: Connection, file: sqlite3.Connection) -> None:
    """Have no number given again that PostgreSQL has given, also of rows that are gone."""
    counted = await source.fetch(
        "SELECT table_name, pg_sequence_last_value(pg_get_serial_sequence(table_name, column_name)::regclass)"
        " FROM information_schema.columns WHERE table_schema = current_schema() AND is_identity = 'YES'"
    )
    given = {row[0]: row[1] or 0 for row in counted}
    given["audit"] = await source.fetchval("SELECT last_id FROM audit_end")

    def put() -> None:
        has_numbers = {
            name
            for (name,) in file.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'"
            )
        }
        for name in has_numbers & given.keys():
            file.execute("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
            file.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, given[name]))

    await asyncio.to_thread(put)


def _kind(kind: str) -> str:
    return {"bytea": "BLOB", "integer": "INTEGER", "text": "TEXT"}.get(kind, "BIGINT")


def _needed(column: str) -> str:
    # The columns of values are v0, v1 …; all others of an hourly table are always there.
    return "" if column[1:].isdigit() else "NOT NULL"
