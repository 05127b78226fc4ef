"""Fills a PostgreSQL database from a SQLite file, in pieces that are each there or not, and resumes."""

import asyncio
import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from chatops_server.domain.audit_chain import FIRST
from chatops_server.errors import StorageError
from chatops_server.storage.postgres.address import PostgresUrl
from chatops_server.storage.postgres.connections import connect, hang_up
from chatops_server.storage.postgres.dialect import FAILURES, meaning
from chatops_server.storage.postgres.locks import take_alone
from chatops_server.storage.postgres.partitions import Partitions
from chatops_server.storage.postgres.schema import known_migrations, migrate
from chatops_server.storage.postgres.statements import Connection, run
from chatops_server.storage.sql.audit import ChainCheck, check_chain
from chatops_server.storage.sqlite.connections import connect_thread_reader
from chatops_server.transfer.tables import (
    Row,
    Table,
    batches,
    converter,
    is_hourly,
    postgres_columns,
    shared,
    sqlite_columns,
    sqlite_tables,
)

Progress = Callable[[int, int, str], None]
"""Told how many rows of how many are there, and of which table the last ones were."""

_ROWS_AT_ONCE: Final = 5_000
_BYTES_AT_ONCE: Final = 4 * 1024 * 1024
# Tables of ours that tell whether a database is in use.
_TELLING: Final = ("users", "servers", "audit")
ASIDE: Final = "before_restore"
"""The schema where a restore puts what was there."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What was carried over."""

    rows: int
    tables: int
    chain: ChainCheck
    resumed: bool


async def fill(source: Path, target: PostgresUrl, progress: Progress, *, replacing: bool = False) -> Moved:
    """Copy everything of a SQLite database that nobody writes to, whose schema is up to date.

    Cut off, the next call with the same source goes on where it was; no hub opens the target until then.

    Args:
        source: The SQLite file.
        target: An empty database, one that such a call was cut off on, or, `replacing`, a hub's.
        progress: Told after each piece.
        replacing: Put what is there aside, in the schema `before_restore`, instead of refusing it.

    Raises:
        StorageError: A hub runs on the target, it holds another hub's data, or something failed; `reason`
            is one line.
    """
    try:
        connection = await connect(target)
        try:
            await take_alone(connection)
            with closing(await asyncio.to_thread(connect_thread_reader, source)) as rows:
                return await _filled(rows, connection, progress, replacing=replacing)
        finally:
            await hang_up(connection)
    except (*FAILURES, sqlite3.Error) as exc:
        if isinstance(exc, sqlite3.Error):
            raise StorageError(f"cannot read {source}: {exc}") from exc
        raise meaning(exc) from exc


async def cut_off(connection: Connection) -> bool:
    """Whether a database was begun to be filled, and is not yet whole."""
    return await connection.fetchval("SELECT to_regclass('transfer_progress')") is not None


async def _filled(
    source: sqlite3.Connection, target: Connection, progress: Progress, *, replacing: bool
) -> Moved:
    known = await asyncio.to_thread(_fingerprint, source)
    resumed = await _prepared(target, known, replacing=replacing)
    names = await asyncio.to_thread(sqlite_tables, source)
    counts = {name: await asyncio.to_thread(_count, source, name) for name in names}
    work = _Work(source, target, progress, sum(counts.values()))
    for name in names:
        await work.carry(name)
    await _numbers_go_on(source, target)
    await _compared(target, counts)
    chain = await run(target, check_chain())
    expected = await asyncio.to_thread(_head, source)
    if chain.broken is None and chain.head != expected:
        raise StorageError("the audit chain did not arrive whole: begin again with an empty database")
    await target.execute("DROP TABLE transfer_progress")
    return Moved(sum(counts.values()), len(names), chain, resumed)


class _Work:
    """One table after the other."""

    def __init__(
        self, source: sqlite3.Connection, target: Connection, progress: Progress, total: int
    ) -> None:
        self._source = source
        self._target = target
        self._progress = progress
        self._total = total
        self._done = 0
        self._partitions = Partitions()

    async def carry(self, name: str) -> None:
        """Copy what is not yet there of one table."""
        ours = await asyncio.to_thread(sqlite_columns, self._source, name)
        if is_hourly(name):
            declared = ", ".join(f"{column} {_kind(kind)}" for column, kind in ours)
            await self._target.execute(f"CREATE TABLE IF NOT EXISTS {name} ({declared})")
        table = shared(name, ours, await postgres_columns(self._target, name))
        if not table.columns:
            raise StorageError(f"the table {name} is unknown here: it needs the newer program")
        row = await self._target.fetchrow(
            "SELECT last_rowid, copied FROM transfer_progress WHERE name = $1", name
        )
        last, copied = (row[0], row[1]) if row else (-(2**62), 0)
        self._done += copied
        self._progress(self._done, self._total, name)
        pieces = batches(_rows(self._source, table, last), _ROWS_AT_ONCE, _BYTES_AT_ONCE)
        convert = converter(table)
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            await self._put(table, piece, convert)
            self._done += len(piece)
            self._progress(self._done, self._total, name)

    async def _put(self, table: Table, piece: list[Row], convert: Callable[[Row], Row]) -> None:
        if table.name == "chunk":
            tier, t0 = table.columns.index("tier"), table.columns.index("t0")
            places = {(row[1 + tier], row[1 + t0]) for row in piece}
            await self._partitions.make(self._target, places, time.time_ns() // 1_000_000)
        records = [convert(row[1:]) for row in piece]
        async with self._target.transaction():
            await self._target.copy_records_to_table(table.name, records=records, columns=table.columns)
            await self._target.execute(
                "INSERT INTO transfer_progress (name, last_rowid, copied) VALUES ($1, $2, $3)"
                " ON CONFLICT (name) DO UPDATE SET last_rowid = $2, copied = transfer_progress.copied + $3",
                table.name,
                piece[-1][0],
                len(piece),
            )


async def _prepared(target: Connection, known: str, *, replacing: bool) -> bool:
    """Make the target ready, and say whether it was begun before; raises StorageError."""
    if await cut_off(target):
        begun = await target.fetchval("SELECT name FROM transfer_progress WHERE last_rowid IS NULL")
        if begun != known:
            raise StorageError(
                "the database was begun to be filled from something else, or from this before it changed:"
                " begin again with an empty database"
            )
        return True
    async with target.transaction():
        if await _is_in_use(target):
            if not replacing:
                raise StorageError("the database holds a hub's data already: name an empty one")
            await _put_aside(target)
        await migrate(target, await asyncio.to_thread(known_migrations))
        await target.execute(
            "CREATE TABLE transfer_progress (name TEXT PRIMARY KEY, last_rowid BIGINT, copied BIGINT)"
        )
        await target.execute("INSERT INTO transfer_progress (name) VALUES ($1)", known)
        # Marks of a first start, which the source brings along.
        await target.execute("DELETE FROM hub_marks")
    return False


async def _is_in_use(target: Connection) -> bool:
    for name in _TELLING:
        if await target.fetchval("SELECT to_regclass($1)", name) is not None and await target.fetchval(
            f"SELECT EXISTS (SELECT 1 FROM {name})"  # noqa: S608 - names of ours
        ):
            return True
    return False


async def _put_aside(target: Connection) -> None:
    await target.execute(f"DROP SCHEMA IF EXISTS {ASIDE} CASCADE")
    await target.execute(f"CREATE SCHEMA {ASIDE}")
    for kind, listing in (
        (
            "TABLE",
            "SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p')",
        ),
        # Those of a table's own numbers have gone with it.
        ("SEQUENCE", "SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'S'"),
        (
            "FUNCTION",
            "SELECT proname FROM pg_proc WHERE pronamespace = $1::regnamespace AND proname ~ '^(audit|hub)_'",
        ),
    ):
        for (name,) in await target.fetch(listing, "public"):
            await target.execute(f'ALTER {kind} public."{name}" SET SCHEMA {ASIDE}')


async def _numbers_go_on(source: sqlite3.Connection, target: Connection) -> None:
    """Have no number given again that SQLite has given, also of rows that are gone."""
    given = await asyncio.to_thread(
        lambda: source.execute("SELECT name, seq FROM sqlite_sequence").fetchall()
    )
    sequences = await target.fetch(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND is_identity = 'YES'"
    )
    known: dict[str, int] = dict(given)
    for table, column in sequences:
        highest = await target.fetchval(f"SELECT coalesce(max({column}), 0) FROM {table}")  # noqa: S608 - names of ours
        last = max(int(highest), known.get(table, 0))
        if last:
            await target.fetchval("SELECT setval(pg_get_serial_sequence($1, $2), $3)", table, column, last)
    await target.execute("UPDATE audit_end SET last_id = greatest(last_id, $1)", known.get("audit", 0))


async def _compared(target: Connection, counts: dict[str, int]) -> None:
    for name, expected in counts.items():
        found = await target.fetchval(f"SELECT count(*) FROM {name}")  # noqa: S608 - names of ours
        if found != expected:
            raise StorageError(
                f"of {expected} rows of {name} {found} arrived: begin again with an empty database"
            )


def _rows(source: sqlite3.Connection, table: Table, after: int) -> Iterator[Row]:
    return source.execute(
        f"SELECT rowid, {table.listed} FROM {table.name} WHERE rowid > ? ORDER BY rowid",  # noqa: S608 - names of ours
        (after,),
    )


def _count(source: sqlite3.Connection, name: str) -> int:
    return int(source.execute(f"SELECT count(*) FROM {name}").fetchone()[0])  # noqa: S608 - names of ours


def _head(source: sqlite3.Connection) -> str:
    row = source.execute("SELECT hash FROM audit ORDER BY id DESC LIMIT 1").fetchone()
    return str(row[0]) if row else FIRST


def _fingerprint(source: sqlite3.Connection) -> str:
    """Return what tells this database, as it stands, from any other."""
    told: list[Sequence[Any]] = []
    for sql in (
        "SELECT id, created_ms FROM users ORDER BY id",
        "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1",
        "SELECT max(id), count(*) FROM events",
        "SELECT max(id), count(*) FROM chunk",
        "SELECT server_num, epoch, seq FROM ingest_cursor ORDER BY 1, 2",
    ):
        told += source.execute(sql).fetchall()
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _kind(declared: str) -> str:
    kind = declared.upper().split()[0] if declared else "BIGINT"
    with suppress(KeyError):
        return {"BLOB": "BYTEA", "TEXT": "TEXT", "INTEGER": "INTEGER"}[kind]
    return "BIGINT"
