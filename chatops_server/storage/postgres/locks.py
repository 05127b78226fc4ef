"""Which advisory locks hubs share, and who leads: one hub at a time does what is to be done once."""

import asyncio
import zlib
from contextlib import suppress
from typing import Final

from chatops_server.errors import StorageError
from chatops_server.storage.base import CannotOpenError
from chatops_server.storage.postgres.connections import Link
from chatops_server.storage.postgres.dialect import FAILURES, meaning
from chatops_server.storage.postgres.statements import Connection

# First halves of our keys, so that other programs on the same database are not met by chance.
_OURS: Final = 0x43484F
_LEADS: Final = 0x43484C
_VERSIONS: Final = 0x434856

# Held in transactions.
WRITES: Final = f"SELECT pg_advisory_xact_lock({_OURS}, 1)"
"""Write scripts of all hubs run one after the other: they read, decide and write."""
TABLES: Final = f"SELECT pg_advisory_xact_lock({_OURS}, 2)"
"""One hub makes the tables of an hour."""
SCHEMA: Final = f"SELECT pg_advisory_xact_lock({_OURS}, 3)"
"""One hub migrates."""
# Held by sessions: shared by every hub that runs, alone by whoever wants none to run.
_RUNNING: Final = 4
_ASK_WITHIN_S: Final = 2.0


class Presence:
    """One session that says this hub runs, which schema it knows, and what it leads.

    The server forgets all of it when the session ends: at once with the process, within 9 s with the machine
    (TCP keepalives). Whoever leads learns of a lost session by asking again.
    """

    def __init__(self, link: Link, version: int) -> None:
        self._link = link
        self._version = version
        self._lock = asyncio.Lock()
        self._session: Connection | None = None
        self._leads: set[str] = set()

    async def join(self, *, alone: bool = False) -> None:
        """Take part; `alone`: keep all others out instead, for as long as the session lives.

        Raises:
            CannotOpenError: Somebody has the database to himself, or, for `alone`, a hub runs.
            StorageError: The database does not answer.
        """
        async with self._lock:
            try:
                if alone:
                    self._session = await self._link.connection()
                    await take_alone(self._session)
                else:
                    await self._joined()
            except FAILURES as exc:
                raise meaning(exc) from exc

    async def try_lead(self, name: str) -> bool:
        """Say whether this hub leads `name`, taking the lead if nobody has it. False without a database."""
        async with self._lock:
            try:
                async with asyncio.timeout(_ASK_WITHIN_S):
                    session = await self._joined()
                    if name in self._leads:
                        # Led for as long as the session lives: does it?
                        await session.execute("SELECT 1")
                        return True
                    taken = await session.fetchval(
                        "SELECT pg_try_advisory_lock($1::integer, $2::integer)", _LEADS, _number(name)
                    )
            except (*FAILURES, StorageError):
                self._forget()
                return False
            if taken:
                self._leads.add(name)
            return bool(taken)

    async def close(self) -> None:
        """Leave. Idempotent."""
        async with self._lock:
            self._leads.clear()
            self._session = None
            await self._link.close()

    async def _joined(self) -> Connection:
        session = await self._link.connection()
        if session is self._session:
            return session
        self._leads.clear()
        if not await session.fetchval(f"SELECT pg_try_advisory_lock_shared({_OURS}, {_RUNNING})"):
            self._link.drop()
            raise CannotOpenError("the database is being restored, filled or changed from the console")
        await session.execute(f"SELECT pg_advisory_lock_shared({_VERSIONS}, {self._version:d})")
        self._session = session
        return session

    def _forget(self) -> None:
        self._session = None
        self._leads.clear()
        with suppress(*FAILURES):
            self._link.drop()


async def take_alone(connection: Connection) -> None:
    """Keep every hub from the database for as long as the connection lives.

    Raises:
        CannotOpenError: One runs.
    """
    if not await connection.fetchval(f"SELECT pg_try_advisory_lock({_OURS}, {_RUNNING})"):
        raise CannotOpenError("a hub is using the database: stop it first")


async def oldest_running(connection: Connection) -> int | None:
    """Return the lowest schema version that a running hub knows; None: none runs."""
    version = await connection.fetchval(
        "SELECT min(objid::bigint) FROM pg_locks WHERE locktype = 'advisory' AND classid = $1::bigint::oid"
        " AND objsubid = 2 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        _VERSIONS,
    )
    return None if version is None else int(version)


def _number(name: str) -> int:
    """Return a name as the second half of a key; the same on every hub."""
    number = zlib.crc32(name.encode())
    return number - 2**32 if number >= 2**31 else number
