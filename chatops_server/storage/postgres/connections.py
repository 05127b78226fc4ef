"""How a connection to PostgreSQL is made, and one that comes back when it was lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from chatops_server.errors import StorageError
from chatops_server.storage.postgres.address import PostgresUrl
from chatops_server.storage.postgres.dialect import FAILURES, integer, meaning
from chatops_server.storage.postgres.statements import Connection

# A server that needs longer is down for everybody's purposes.
CONNECT_WITHIN_S: Final = 5.0
# Closing politely; a server that does not answer is hung up on.
_CLOSE_WITHIN_S: Final = 2.0
# Statements of the hub plus those of the hours that are being written and read.
_CACHED_STATEMENTS: Final = 512

_SETTINGS: Final = {
    "application_name": "chatops-server",
    "search_path": "public",
    # An ack says "on disk".
    "synchronous_commit": "on",
    "client_encoding": "UTF8",
    # A hub that is cut off in the middle of a transaction holds locks no longer than this.
    "idle_in_transaction_session_timeout": "60000",
    # And one whose machine died holds its sessions' locks no longer than 5 + 2 * 2 s.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "2",
}


async def connect(address: PostgresUrl) -> Connection:
    """Open a connection; its owner closes it.

    Raises:
        StorageError: There is no answer, or no admittance.
    """
    try:
        async with asyncio.timeout(CONNECT_WITHIN_S):
            connection = await asyncpg.connect(
                address.url, statement_cache_size=_CACHED_STATEMENTS, server_settings=_SETTINGS
            )
    except (*FAILURES, ValueError) as exc:
        raise meaning(exc) from exc
    try:
        await connection.set_type_codec(
            "numeric", schema="pg_catalog", encoder=str, decoder=integer, format="text"
        )
    except BaseException as exc:
        connection.terminate()
        if isinstance(exc, FAILURES):
            raise meaning(exc) from exc
        raise
    return connection


async def hang_up(connection: Connection) -> None:
    """Close a connection, whatever it is doing."""
    try:
        async with asyncio.timeout(_CLOSE_WITHIN_S):
            await connection.close()
    except FAILURES:
        connection.terminate()


class Link:
    """One connection for one user at a time; made when it is needed, and again after it was lost."""

    def __init__(self, address: PostgresUrl) -> None:
        self._address = address
        self._connection: Connection | None = None

    async def connection(self) -> Connection:
        """Return the connection; raises StorageError."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._address)
        return self._connection

    def drop(self) -> None:
        """Hang up at once: what the server does with what was under way is its own affair."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def close(self) -> None:
        """Close the connection. Idempotent; it may be opened again."""
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            await hang_up(connection)


class Links:
    """A few links, lent one at a time; who finds all of them lent waits for the first that is back."""

    def __init__(self, address: PostgresUrl, size: int) -> None:
        self._all = [Link(address) for _ in range(size)]
        self._free: asyncio.LifoQueue[Link] = asyncio.LifoQueue(size)
        for link in self._all:
            self._free.put_nowait(link)
        self._closed = False

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Connection]:
        """Lend a connection. One that is left in the middle of something is not lent again.

        Raises:
            StorageError: There is no connection, or this is closed.
        """
        if self._closed:
            raise StorageError("the database is closed")
        link, is_clean = await self._free.get(), False
        try:
            if self._closed:  # while this one waited
                raise StorageError("the database is closed")
            connection = await link.connection()
            try:
                yield connection
                is_clean = not connection.is_in_transaction()
            except Exception:
                is_clean = not (connection.is_closed() or connection.is_in_transaction())
                raise
        finally:
            if not is_clean:
                link.drop()
            self._free.put_nowait(link)

    async def close(self) -> None:
        """Close the links after what they are doing. Idempotent."""
        self._closed = True
        while self._all:
            link = await self._free.get()
            self._all.remove(link)
            await link.close()
