"""Runs scripts on one connection of PostgreSQL."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

import asyncpg

from chatops_server.storage.base import Bulk, Outcome, Script, Statement
from chatops_server.storage.postgres.dialect import changed, copied, gives_rows, in_postgres, storable

T = TypeVar("T")

Connection: TypeAlias = asyncpg.Connection
Step = Callable[[Script[Any], Outcome | None], Awaitable[Statement | Bulk]]
"""Sends a script the outcome of its last statement (None: none yet) and returns the next one."""


async def run(connection: Connection, script: Script[T], step: Step | None = None) -> T:
    """Run a script to its end; begins and ends no transaction.

    Args:
        connection: Nobody else uses it meanwhile.
        script: What is run.
        step: How the script is gone on with; None: here and now.

    Raises:
        asyncpg.PostgresError, asyncpg.InterfaceError, OSError: As they came; `dialect.meaning` translates.
        Exception: The script's own.
    """
    advance = step or _at_once
    try:
        wanted = await advance(script, None)
        while True:
            wanted = await advance(script, await _outcome(connection, wanted))
    except EndOfScript as end:
        result: T = end.result
        return result
    finally:
        script.close()


class EndOfScript(Exception):  # noqa: N818 - no error: a StopIteration that can pass through a coroutine
    """A script has come to its end."""

    def __init__(self, result: Any) -> None:  # noqa: ANN401 - of whatever type the script's is
        super().__init__()
        self.result = result


def advanced(script: Script[Any], outcome: Outcome | None) -> Statement | Bulk:
    """Go on with a script; raises EndOfScript at its end, or what the script raises."""
    try:
        return next(script) if outcome is None else script.send(outcome)
    except StopIteration as stop:
        raise EndOfScript(stop.value) from None


async def _at_once(script: Script[Any], outcome: Outcome | None) -> Statement | Bulk:
    return advanced(script, outcome)


async def _outcome(connection: Connection, wanted: Statement | Bulk) -> Outcome:
    if isinstance(wanted, Bulk):
        return await _bulk(connection, wanted)
    sql = in_postgres(wanted.sql)
    params = storable(wanted.params)
    if gives_rows(sql):
        rows = [tuple(row) for row in await connection.fetch(sql, *params)]
        return Outcome(rows, len(rows))
    return Outcome((), changed(await connection.execute(sql, *params)))


async def _bulk(connection: Connection, wanted: Bulk) -> Outcome:
    target = copied(wanted.sql)
    if target is None:
        await connection.executemany(in_postgres(wanted.sql), [storable(row) for row in wanted.rows])
        return Outcome((), len(wanted.rows))
    await connection.copy_records_to_table(target.table, records=wanted.rows, columns=target.columns)
    return Outcome((), len(wanted.rows))
