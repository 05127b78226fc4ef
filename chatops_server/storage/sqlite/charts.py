"""Reads charts in threads of their own: unpacking sealed hours takes longer than the event loop may wait."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from chatops_server.errors import StorageError
from chatops_server.storage.base import Script
from chatops_server.storage.sqlite.connections import connect_thread_reader
from chatops_server.storage.sqlite.statements import meaning, run

T = TypeVar("T")

# A chart of a large fleet's last hours may take a second; another one may be drawn meanwhile.
_THREADS: Final = 2


class ChartReaders:
    """Runs reading scripts, each on one snapshot; one that finds all threads busy waits for its turn."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="storage-charts")
        self._all: list[sqlite3.Connection] = []
        self._free: asyncio.LifoQueue[sqlite3.Connection] = asyncio.LifoQueue(_THREADS)
        self._closed = False

    async def open(self) -> None:
        """Open the connections; raises sqlite3.Error."""
        for _ in range(_THREADS):
            connection = await self._connect()
            self._all.append(connection)
            self._free.put_nowait(connection)

    async def run(self, script: Script[T]) -> T:
        """Run a script of SELECTs. Safe to cancel: a long query is broken off.

        Raises:
            StorageError: The database does not answer, or is closed.
        """
        if self._closed:
            raise StorageError("the database is closed")
        connection = await self._free.get()
        try:
            if self._closed:  # while this one waited
                raise StorageError("the database is closed")
            return await self._run(connection, script)
        except sqlite3.Error as exc:
            raise meaning(exc) from exc
        finally:
            self._free.put_nowait(connection)

    async def close(self) -> None:
        """Close the connections after what they are doing. Idempotent."""
        self._closed = True
        while self._all:
            connection = await self._free.get()
            self._all.remove(connection)
            connection.close()
        await asyncio.to_thread(self._threads.shutdown)

    async def _connect(self) -> sqlite3.Connection:
        loop = asyncio.get_running_loop()
        opening = loop.run_in_executor(self._threads, connect_thread_reader, self._path)
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # Nobody would close what the thread is about to open.
            with suppress(sqlite3.Error):
                (await opening).close()
            raise

    async def _run(self, connection: sqlite3.Connection, script: Script[T]) -> T:
        running = asyncio.get_running_loop().run_in_executor(self._threads, _on_snapshot, connection, script)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            # Nobody wants the answer; the connection is wanted back.
            connection.interrupt()
            await asyncio.wait({running})
            if not running.cancelled():
                running.exception()
            raise


def _on_snapshot(connection: sqlite3.Connection, script: Script[T]) -> T:
    connection.execute("BEGIN")
    try:
        return run(connection, script)
    finally:
        connection.rollback()
