"""Everything in which PostgreSQL reads a script of storage/sql differently, and what its errors mean."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import asyncpg

from chatops_server.errors import StorageError
from chatops_server.storage.base import ReferenceViolationError, UniqueViolationError, Value

# All statements of the hub, and those of the hourly tables of a week.
_KNOWN_STATEMENTS: Final = 2048
# What PostgreSQL's text cannot hold; shown as what decoders put for what cannot be read.
_NUL: Final = "\x00"
_INSTEAD_OF_NUL: Final = "\ufffd"
# Errors that concern the server and not the statement: resources, shutdown, I/O, damage, lost connections.
_OF_THE_SERVER: Final = frozenset({"08", "25", "40", "53", "55", "57", "58", "XX"})
_STATE_CLASS: Final = 2


class CopyTarget(NamedTuple):
    """Where COPY puts the rows of a plain INSERT."""

    table: str
    columns: tuple[str, ...]


@lru_cache(maxsize=_KNOWN_STATEMENTS)
def in_postgres(sql: str) -> str:
    """Return a statement of ours as PostgreSQL reads it."""
    # A parameter that is only compared with NULL has no type of its own. Of ours all such are texts.
    typed = re.sub(r"\$(\d+) IS NULL", r"CAST($\1 AS TEXT) IS NULL", sql)
    if typed.startswith("CREATE TABLE"):
        typed = re.sub(r"\bBLOB\b", "BYTEA", typed)
    return typed


@lru_cache(maxsize=_KNOWN_STATEMENTS)
def gives_rows(sql: str) -> bool:
    """Whether the statement gives rows back."""
    return re.match(r"(SELECT|WITH)\b", sql) is not None or re.search(r"\bRETURNING\b", sql) is not None


@lru_cache(maxsize=_KNOWN_STATEMENTS)
def copied(sql: str) -> CopyTarget | None:
    """Return where COPY can put what this INSERT would; None: it does more than to append."""
    found = re.fullmatch(r"INSERT INTO (hot_\w+) \(([\w, ]+)\) VALUES \([$\d, ]+\)", sql)
    return CopyTarget(found[1], tuple(re.split(r", ?", found[2]))) if found else None


def storable(values: Sequence[Value]) -> Sequence[Any]:
    """Return parameters as PostgreSQL takes them: its texts hold no NUL."""
    if any(isinstance(value, str) and _NUL in value for value in values):
        return [value.replace(_NUL, _INSTEAD_OF_NUL) if isinstance(value, str) else value for value in values]
    return values


def integer(text: str) -> int | float:
    """Return a `numeric`, which is what sums of integers come as."""
    return float(text) if "." in text else int(text)


def changed(status: str) -> int:
    """Return how many rows a command tag says were changed: `UPDATE 3`, `INSERT 0 3`."""
    last = status.rpartition(" ")[2]
    return int(last) if last.isdigit() else 0


def is_of_the_statement(error: Exception) -> bool:
    """Whether the error concerns one statement only, and not the connection or the server."""
    state = getattr(error, "sqlstate", None)
    if isinstance(error, asyncpg.PostgresError):
        return isinstance(state, str) and state[:_STATE_CLASS] not in _OF_THE_SERVER
    # A value that does not fit its parameter never left this process.
    return isinstance(error, asyncpg.DataError | asyncpg.InterfaceError) and not isinstance(error, OSError)


def meaning(error: BaseException) -> Exception:
    """Return what an error of PostgreSQL or of the way there is to the caller of a script."""
    if isinstance(error, asyncpg.UniqueViolationError):
        return UniqueViolationError(str(error))
    if isinstance(error, asyncpg.ForeignKeyViolationError):
        return ReferenceViolationError(str(error))
    if isinstance(error, TimeoutError):
        return StorageError("PostgreSQL does not answer in time")
    return StorageError(_line(error))


# What a driver's call may raise that is no defect of ours.
FAILURES: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, EOFError, TimeoutError)


def _line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]
