"""What there is to carry over: the same tables on both engines, and how their values differ."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from chatops_server.storage.postgres.statements import Connection

# Of SQLite's own, and the one the engines keep differently.
_NOT_CARRIED: Final = ("sqlite_",)
_HOT: Final = "hot_"
_HOT_LIST: Final = "hot_table"
# What PostgreSQL's text cannot hold.
_NUL: Final = "\x00"

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One table and the columns both sides have."""

    name: str
    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    """Of each column, as PostgreSQL calls it."""

    @property
    def listed(self) -> str:
        """The columns, comma-separated."""
        return ", ".join(self.columns)


def sqlite_tables(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the tables of a SQLite database, each after those it refers to."""
    names = [
        name
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        if not name.startswith(_NOT_CARRIED)
    ]
    parents = {
        name: {row[2] for row in connection.execute(f"PRAGMA foreign_key_list({name})")} - {name}
        for name in names
    }
    ordered: list[str] = []
    while parents:
        ready = sorted(name for name, needed in parents.items() if not needed & parents.keys())
        ordered += ready
        for name in ready:
            del parents[name]
    return ordered


def is_hourly(name: str) -> bool:
    """Whether this is a table of one hour's samples, which is made on demand."""
    return name.startswith(_HOT) and name != _HOT_LIST


def sqlite_columns(connection: sqlite3.Connection, name: str) -> list[tuple[str, str]]:
    """Return name and type of a table's columns."""
    return [(row[1], row[2]) for row in connection.execute(f"PRAGMA table_info({name})")]


async def postgres_columns(connection: Connection, name: str) -> dict[str, str]:
    """Return the types of a table's columns by their names; empty: there is no such table."""
    rows = await connection.fetch(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position",
        name,
    )
    return {row[0]: row[1] for row in rows}


def shared(name: str, ours: Sequence[tuple[str, str]], theirs: dict[str, str]) -> Table:
    """Return a table with the columns of both sides, in SQLite's order."""
    columns = tuple(column for column, _ in ours if column in theirs)
    return Table(name, columns, tuple(theirs[column] for column in columns))


def converter(table: Table) -> Callable[[Row], Row]:
    """Return what makes a row of SQLite's, whose columns may hold anything, one of PostgreSQL's."""
    conversions = tuple(_CONVERSIONS.get(kind, _as_it_is) for kind in table.kinds)

    def convert(row: Row) -> Row:
        return tuple(
            None if value is None else conversion(value)
            for value, conversion in zip(row, conversions, strict=True)
        )

    return convert


def batches(rows: Iterator[Row], most_rows: int, most_bytes: int) -> Iterator[list[Row]]:
    """Yield rows in pieces of at most so many, or as soon as they are so large."""
    batch: list[Row] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(len(value) for value in row if isinstance(value, bytes | str))
        if len(batch) >= most_rows or size >= most_bytes:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _text(value: Any) -> str:  # noqa: ANN401 - whatever SQLite held
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.replace(_NUL, "\ufffd") if _NUL in text else text


def _bytes(value: Any) -> bytes:  # noqa: ANN401 - likewise
    return value.encode() if isinstance(value, str) else bytes(value)


def _as_it_is(value: Any) -> Any:  # noqa: ANN401 - likewise
    return value


_CONVERSIONS: Final[dict[str, Callable[[Any], Any]]] = {
    "text": _text,
    "bytea": _bytes,
    "bigint": int,
    "integer": int,
    "double precision": float,
}
