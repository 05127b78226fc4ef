"""Runs scripts on one sqlite3 connection, and says what an error of SQLite means to their callers."""

import re
import sqlite3
from functools import lru_cache
from itertools import chain
from typing import Final, TypeVar

from chatops_server.errors import StorageError
from chatops_server.storage.base import (
    Bulk,
    Outcome,
    ReferenceViolationError,
    Script,
    Statement,
    UniqueViolationError,
    Value,
)

T = TypeVar("T")

# Errors that concern one statement. All others (disk full, locked, I/O, damaged …) concern the database,
# and with it the whole transaction.
_OF_THE_STATEMENT: Final = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_MISUSE,
        sqlite3.SQLITE_RANGE,
    }
)
_UNIQUE: Final = frozenset(
    {
        sqlite3.SQLITE_CONSTRAINT_UNIQUE,
        sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
        sqlite3.SQLITE_CONSTRAINT_ROWID,
    }
)
# All statements of the hub, and those of the hourly tables of a week: two an hour, a few queries each.
_KNOWN_STATEMENTS: Final = 2048
# Python gives its lock away with each step of a statement, and may have it back only after its switch
# interval (sharing.py): several rows a step ask for it less often.
_ROWS_A_STATEMENT: Final = (100, 10)


@lru_cache(maxsize=_KNOWN_STATEMENTS)
def in_sqlite(sql: str) -> tuple[str, tuple[int, ...] | None]:
    """Return the statement with `?` for `$n`, and which parameter each `?` takes; None: as they come.

    Not `?n`: Python 3.12.0-3.12.3 take that for a named placeholder and warn.
    """
    order = tuple(int(number) - 1 for number in re.findall(r"\$(\d+)", sql))
    rewritten = re.sub(r"\$\d+", "?", sql)
    return rewritten, None if order == tuple(range(len(order))) else order


def bound(statement: Statement) -> tuple[str, tuple[Value, ...]]:
    """Return SQL and parameters as sqlite3 takes them.

    Raises:
        IndexError: A placeholder has no parameter.
    """
    sql, order = in_sqlite(statement.sql)
    return sql, statement.params if order is None else tuple(statement.params[at] for at in order)


def run(connection: sqlite3.Connection, script: Script[T]) -> T:
    """Run a script to its end; begins and ends no transaction.

    Raises:
        sqlite3.Error: As it came; `meaning` translates it.
        Exception: The script's own.
    """
    try:
        wanted = next(script)
        while True:
            wanted = script.send(_outcome(connection, wanted))
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        script.close()


def is_of_the_statement(error: sqlite3.Error) -> bool:
    """Whether the error concerns one statement only, so that the transaction may go on without it."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    # The low byte is the primary code of an extended one.
    return code & 0xFF in _OF_THE_STATEMENT


def meaning(error: sqlite3.Error) -> Exception:
    """Return what an error of SQLite is to the caller of a script."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    if code in _UNIQUE:
        return UniqueViolationError(str(error))
    if code == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
        return ReferenceViolationError(str(error))
    return StorageError(str(error))


def _outcome(connection: sqlite3.Connection, wanted: Statement | Bulk) -> Outcome:
    if isinstance(wanted, Bulk):
        return Outcome((), _changed_by(connection, wanted))
    cursor = connection.execute(*bound(wanted))
    rows = cursor.fetchall()
    return Outcome(rows, max(cursor.rowcount, 0))


def _changed_by(connection: sqlite3.Connection, wanted: Bulk) -> int:
    rows, done, changed = wanted.rows, 0, 0
    for count in _ROWS_A_STATEMENT:
        several = _with_rows(wanted.sql, count) if len(rows) - done >= count else None
        while several is not None and len(rows) - done >= count:
            values = tuple(chain.from_iterable(rows[done : done + count]))
            changed += max(connection.execute(several, values).rowcount, 0)
            done += count
    if done < len(rows):
        changed += max(connection.executemany(in_sqlite(wanted.sql)[0], rows[done:]).rowcount, 0)
    return changed


@lru_cache(maxsize=_KNOWN_STATEMENTS)
def _with_rows(sql: str, count: int) -> str | None:
    """Return an INSERT of so many rows; None where the statement is no INSERT of values."""
    before, word, values = in_sqlite(sql)[0].partition(" VALUES (")
    if not word:
        return None
    row, _, after = values.partition(")")
    return f"{before} VALUES {', '.join([f'({row})'] * count)}{after}"
