"""Reads a database beside the hub, script by script, without an event loop of one's own."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any, Protocol, TypeVar

from chatops_server.errors import StorageError
from chatops_server.opening import Database
from chatops_server.storage.base import Script
from chatops_server.storage.postgres.address import PostgresUrl
from chatops_server.storage.sqlite.connections import connect_thread_reader
from chatops_server.storage.sqlite.statements import run as run_on_sqlite

T = TypeVar("T")


class Reading(Protocol):
    """An open database that is only read."""

    def run(self, script: Script[T]) -> T:
        """Run a script of SELECTs."""

    def snapshot(self) -> AbstractContextManager[None]:
        """See one state of the database until the end."""


@contextmanager
def reading(database: Database) -> Iterator[Reading]:
    """Open a database, of which hubs may be running.

    Raises:
        StorageError: It is not there, or cannot be read; also out of what is done with it.
    """
    if isinstance(database, PostgresUrl):
        with _of_postgres(database) as found:
            yield found
        return
    if not database.is_file():
        raise StorageError(f"there is no database {database}")
    try:
        with closing(connect_thread_reader(database)) as connection:
            yield _Sqlite(connection)
    except sqlite3.Error as exc:
        raise StorageError(f"cannot read {database}: {exc}") from exc


class _Sqlite:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, script: Script[T]) -> T:
        return run_on_sqlite(self._connection, script)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.rollback()


@contextmanager
def _of_postgres(address: PostgresUrl) -> Iterator[Reading]:
    # Only whoever uses it needs the driver.
    from chatops_server.storage.postgres.connections import connect, hang_up  # noqa: PLC0415
    from chatops_server.storage.postgres.dialect import FAILURES, meaning  # noqa: PLC0415

    with asyncio.Runner() as runner:
        connection = runner.run(connect(address))
        try:
            yield _Postgres(runner, connection)
        except FAILURES as exc:
            raise meaning(exc) from exc
        finally:
            runner.run(hang_up(connection))


class _Postgres:
    def __init__(self, runner: asyncio.Runner, connection: Any) -> None:  # noqa: ANN401 - the driver has no types
        self._runner = runner
        self._connection = connection

    def run(self, script: Script[T]) -> T:
        from chatops_server.storage.postgres.statements import run  # noqa: PLC0415 - as above

        return self._runner.run(run(self._connection, script))

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        self._runner.run(self._connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        try:
            yield
        finally:
            self._runner.run(self._connection.execute("ROLLBACK"))
