"""How a connection to the database is made: every pragma stands here (measured: docs/architecture.md)."""

import asyncio
import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

import aiosqlite

# RETURNING came with 3.35.
OLDEST_SQLITE: Final = (3, 35, 0)
# Another process (a backup, a person with sqlite3) may hold a lock for a moment.
BUSY_TIMEOUT_MS: Final = 5_000
# Appending touches the ends of a few tables, so a large cache would only be memory (unit: KiB, negative).
_WRITER_CACHE: Final = -16_384
_READER_CACHE: Final = -4_096
# A WAL that grew (a long reader, a burst) is cut back to this when it starts over.
WAL_LIMIT_BYTES: Final = 64 * 1024 * 1024

_WRITER_PRAGMAS: Final = (
    # Before the first table, or it has no effect: lets expired hours give their pages back.
    "PRAGMA auto_vacuum = INCREMENTAL",
    "PRAGMA journal_mode = WAL",
    # An ack says "on disk": each commit is synced.
    "PRAGMA synchronous = FULL",
    # The writer checkpoints after it has told its callers, not inside their COMMIT.
    "PRAGMA wal_autocheckpoint = 0",
    f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}",
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    f"PRAGMA cache_size = {_WRITER_CACHE}",
    # Some distributions overwrite what is deleted; dropping an hour then costs nine times as much.
    "PRAGMA secure_delete = OFF",
)
_READER_PRAGMAS: Final = (
    "PRAGMA query_only = ON",
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA temp_store = MEMORY",
    f"PRAGMA cache_size = {_READER_CACHE}",
)
# Statements of the hub plus those of the hours that are being written and read.
_CACHED_STATEMENTS: Final = 256


def connect_writer(path: Path) -> sqlite3.Connection:
    """Open the one connection that writes and checkpoints, making the file (0600) where there is none.

    More than one writing connection would also meet the WAL-reset bug of SQLite 3.7.0-3.51.2
    (https://sqlite.org/wal.html#walresetbug), which damages files.

    Raises:
        sqlite3.Error: The file cannot be opened or is no database.
        OSError: Likewise.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=_CACHED_STATEMENTS)
    try:
        for pragma in _WRITER_PRAGMAS:
            connection.execute(pragma).fetchall()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def connect_thread_reader(path: Path, *, sorts_in_files: bool = False) -> sqlite3.Connection:
    """Open a connection that can only read, for one thread at a time. The writer's must be open.

    Args:
        path: The database.
        sorts_in_files: Whether what is sorted is too much for the memory.

    Raises:
        sqlite3.Error: The file cannot be opened.
    """
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=ro",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_CACHED_STATEMENTS,
    )
    try:
        for pragma in _READER_PRAGMAS:
            connection.execute(pragma).fetchall()
        if sorts_in_files:
            connection.execute("PRAGMA temp_store = FILE").fetchall()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


async def connect_reader(path: Path) -> aiosqlite.Connection:
    """Open a connection that can only read. The writer's must be open.

    Raises:
        sqlite3.Error: The file cannot be opened.
    """
    connection = await _opened(
        aiosqlite.connect(
            f"file:{quote(str(path))}?mode=ro",
            uri=True,
            isolation_level=None,
            cached_statements=_CACHED_STATEMENTS,
        )
    )
    try:
        for pragma in _READER_PRAGMAS:
            _ = await connection.execute_fetchall(pragma)
    except BaseException:
        await connection.close()
        raise
    return connection


async def _opened(connection: aiosqlite.Connection) -> aiosqlite.Connection:
    # Cancelled while its thread opens the file, aiosqlite 0.22 forgets that connection without closing it.
    opening = asyncio.ensure_future(connection)
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        with suppress(sqlite3.Error):
            await (await opening).close()
        raise
