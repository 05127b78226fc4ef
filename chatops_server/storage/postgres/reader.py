"""Runs reading scripts, each on one snapshot; those of charts go on in threads of their own."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from chatops_server.storage.base import Bulk, Outcome, Script, Statement
from chatops_server.storage.postgres.address import PostgresUrl
from chatops_server.storage.postgres.connections import Links
from chatops_server.storage.postgres.dialect import FAILURES, meaning
from chatops_server.storage.postgres.statements import Connection, advanced, run

T = TypeVar("T")

# Reads are short; many hubs share the server's 100 connections.
READERS: Final = 3
# A chart of a large fleet's last hours may take a second; another one may be drawn meanwhile.
CHARTS: Final = 2


class Readers:
    """Runs scripts of SELECTs. Safe to cancel: a long query is broken off with its connection."""

    def __init__(self, address: PostgresUrl) -> None:
        self._links = Links(address, READERS)

    async def run(self, script: Script[T]) -> T:
        """Run a script.

        Raises:
            StorageError: The database does not answer, or is closed.
        """
        try:
            async with self.snapshot() as connection:
                return await run(connection, script, _only_reading)
        finally:
            script.close()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """Lend a connection that sees one state of the database; raises StorageError."""
        async with _snapshot(self._links) as connection:
            yield connection

    async def close(self) -> None:
        """Close the connections after what they are doing. Idempotent."""
        await self._links.close()


class ChartReaders:
    """Runs scripts that unpack sealed hours, which takes longer than the event loop may wait."""

    def __init__(self, address: PostgresUrl) -> None:
        self._links = Links(address, CHARTS)
        self._threads = ThreadPoolExecutor(CHARTS, thread_name_prefix="storage-charts")

    async def run(self, script: Script[T]) -> T:
        """Run a script; as Readers.run."""
        try:
            async with _snapshot(self._links) as connection:
                return await run(connection, script, self._step)
        finally:
            await asyncio.get_running_loop().run_in_executor(self._threads, script.close)

    async def in_thread(self, call: Any, *args: Any) -> Any:  # noqa: ANN401 - handed through
        """Call something that takes long; to be awaited to its end."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, *args)

    async def close(self) -> None:
        """Close connections and threads after what they are doing. Idempotent."""
        await self._links.close()
        await asyncio.to_thread(self._threads.shutdown)

    async def _step(self, script: Script[Any], outcome: Outcome | None) -> Statement | Bulk:
        loop = asyncio.get_running_loop()
        stepping = loop.run_in_executor(self._threads, advanced, script, outcome)
        try:
            return await asyncio.shield(stepping)
        except asyncio.CancelledError:
            # A generator that runs cannot be closed.
            await asyncio.wait({stepping})
            if not stepping.cancelled():
                stepping.exception()
            raise


@asynccontextmanager
async def _snapshot(links: Links) -> AsyncIterator[Connection]:
    try:
        async with links.lent() as connection:
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                yield connection
            except Exception:
                # Also of an error of the script's own; the connection is wanted back.
                await connection.execute("ROLLBACK")
                raise
            await connection.execute("COMMIT")
    except FAILURES as exc:
        raise meaning(exc) from exc


async def _only_reading(script: Script[Any], outcome: Outcome | None) -> Statement | Bulk:
    wanted = advanced(script, outcome)
    if isinstance(wanted, Bulk):
        raise TypeError("a reading script only SELECTs")
    return wanted
