"""Brings the schema up to date: numbered files, `user_version`, one transaction each."""

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from chatops_server.storage.base import CannotOpenError


@dataclass(frozen=True, slots=True)
class Migration:
    """One step; `number` is the schema version it leads to, counted from 1."""

    number: int
    name: str
    sql: str


def known_migrations() -> list[Migration]:
    """Return the migrations that came with this program, in order."""
    folder = resources.files("chatops_server.storage") / "migrations"
    found = []
    for file in folder.iterdir():
        matched = re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name)
        if matched:
            found.append(Migration(int(matched[1]), matched[2], file.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.number)


def version_of(connection: sqlite3.Connection) -> int:
    """Return the schema's version; 0 for an empty file."""
    [(version,)] = connection.execute("PRAGMA user_version").fetchall()
    return int(version)


def migrate(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> int:
    """Apply what is missing and return how many steps that took.

    A step that fails or is cut off (power, kill -9) leaves the version before it.

    Raises:
        CannotOpenError: The schema is newer than this program.
        sqlite3.Error: A step failed.
    """
    version = version_of(connection)
    newest = migrations[-1].number if migrations else 0
    if version > newest:
        raise CannotOpenError(
            f"the database has schema version {version}, this program knows versions up to {newest}:"
            " start the newer program, or restore an older backup"
        )
    missing = [migration for migration in migrations if migration.number > version]
    for migration in missing:
        _apply(connection, migration)
    return len(missing)


def _apply(connection: sqlite3.Connection, migration: Migration) -> None:
    # user_version lives in the file's first page, so it is part of the transaction.
    script = f"BEGIN IMMEDIATE;\n{migration.sql}\n;PRAGMA user_version = {migration.number:d};\nCOMMIT;"
    try:
        connection.executescript(script)
    except sqlite3.Error:
        connection.rollback()
        raise
