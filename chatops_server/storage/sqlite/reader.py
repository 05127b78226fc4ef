"""A few connections that only read; each script sees one snapshot."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Final, TypeVar

import aiosqlite

from chatops_server.errors import StorageError
from chatops_server.storage.base import Bulk, Outcome, Script, Statement
from chatops_server.storage.sqlite.connections import connect_reader
from chatops_server.storage.sqlite.statements import bound, meaning

T = TypeVar("T")

# Reads are short; more threads than cores would only wait for each other.
READERS: Final = 3


class ReaderPool:
    """Runs reading scripts; one that finds all connections busy waits for the first that is free."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._all: list[aiosqlite.Connection] = []
        self._free: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue(READERS)
        self._closed = False

    async def open(self) -> None:
        """Open the connections.

        Raises:
            sqlite3.Error: The file cannot be opened; whatever was opened is closed again.
        """
        try:
            for _ in range(READERS):
                connection = await connect_reader(self._path)
                self._all.append(connection)
                self._free.put_nowait(connection)
        except BaseException:
            await self.close()
            raise

    async def run(self, script: Script[T]) -> T:
        """Run a script of SELECTs in one short transaction. Safe to cancel: a long query is broken off.

        Raises:
            StorageError: The database does not answer, or is closed.
        """
        if self._closed:
            raise StorageError("the database is closed")
        connection = await self._free.get()
        try:
            if self._closed:  # while this one waited
                raise StorageError("the database is closed")
            return await _run(connection, script)
        except sqlite3.Error as exc:
            raise meaning(exc) from exc
        finally:
            self._free.put_nowait(connection)

    async def close(self) -> None:
        """Close the connections after what they are doing. Idempotent."""
        self._closed = True
        while self._all:
            await self._all.pop().close()


async def _run(connection: aiosqlite.Connection, script: Script[T]) -> T:
    try:
        _ = await connection.execute_fetchall("BEGIN")
        wanted = next(script)
        while True:
            rows = await connection.execute_fetchall(*bound(_only_selects(wanted)))
            wanted = script.send(Outcome([tuple(row) for row in rows]))
    except StopIteration as stop:
        result: T = stop.value
        return result
    except asyncio.CancelledError:
        # The thread is still at it; nobody wants the answer.
        await connection.interrupt()
        raise
    finally:
        script.close()
        # The thread runs in order, so this ends the transaction even if this wait is cancelled too.
        await connection.rollback()


def _only_selects(wanted: Statement | Bulk) -> Statement:
    if isinstance(wanted, Bulk):
        raise TypeError("a reading script only SELECTs")
    return wanted
