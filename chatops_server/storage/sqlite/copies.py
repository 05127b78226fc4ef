"""Copies of a database file, made while a hub may be writing to it; and whether a file is sound."""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final
from urllib.parse import quote

from chatops_server.errors import StorageError
from chatops_server.storage.damaged import complaint
from chatops_server.storage.sql.audit import ChainCheck, Head, check_chain, missing_head
from chatops_server.storage.sqlite.connections import BUSY_TIMEOUT_MS, connect_writer
from chatops_server.storage.sqlite.schema import known_migrations, migrate
from chatops_server.storage.sqlite.statements import run

# More findings say no more: the file is to be replaced.
_FINDINGS: Final = 5
_SOUND: Final = "ok"


def copy_database(source: Path, target: Path) -> None:
    """Make `target` a sound, compact copy of `source`, on disk when this returns; whoever writes goes on.

    `target` is not there until it is whole, and a file of that name stays as it is until then. Not
    `Connection.backup`, which begins again with each commit and on a busy hub never ends.

    Raises:
        StorageError: It cannot be made; `reason` is one line that says why. Nothing is left behind.
    """
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    with _explained(f"cannot copy {source} to {target}"):
        try:
            # VACUUM INTO takes an empty file; made here, so that only its owner may read it.
            os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            with closing(_connect(source)) as connection:
                connection.execute("VACUUM INTO ?", (str(partial),))
            _check(partial)
            _sync(partial)
            partial.replace(target)
        except BaseException:
            with suppress(OSError):
                partial.unlink()
            raise
        _sync(target.parent)


def integrity(path: Path, *, quick: bool = False) -> list[str]:
    """Return what is wrong with the file, at most a few lines; empty if it is sound.

    Args:
        path: A database; it may be in use.
        quick: Do without comparing indexes with their tables, which takes several times as long.

    Raises:
        StorageError: It cannot be read at all, or is no database.
    """
    pragma = "quick_check" if quick else "integrity_check"
    with _explained(f"cannot read {path}"), closing(_connect(path)) as connection:
        try:
            rows = connection.execute(f"PRAGMA {pragma}({_FINDINGS})").fetchall()
            orphans = connection.execute("PRAGMA foreign_key_check").fetchmany(_FINDINGS)
        except sqlite3.DatabaseError as exc:
            if exc.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
                raise
            return [str(exc)]
    findings = [line for (text,) in rows if text != _SOUND for line in str(text).splitlines()]
    return findings + [f"{table}: row {row} names a missing {parent}" for table, row, parent, _ in orphans]


def audit_chain(path: Path, noted: Iterable[Head] = ()) -> ChainCheck:
    """Follow the audit log of a file, which may be in use, on one snapshot.

    Args:
        path: The file.
        noted: Entries that were noted elsewhere and have to be there.

    Raises:
        StorageError: It cannot be read.
    """
    with _explained(f"cannot read {path}"), closing(_connect(path)) as connection:
        connection.execute("BEGIN")
        checked = run(connection, check_chain())
        missing = [wrong for head in noted if (wrong := run(connection, missing_head(head)))]
        # What was cut off at the end leaves a chain that holds together, and the number it had come to.
        given = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'audit'").fetchone()
    if checked.broken is None and given is not None and given[0] != checked.last_id:
        return replace(checked, broken=f"the entries after {checked.last_id} up to {given[0]} are gone")
    if checked.broken is None and missing:
        return replace(checked, broken=missing[0])
    return checked


def damaged_chunks(path: Path) -> list[str]:
    """Return which sealed hours cannot be unpacked, at most a few lines; each is read once.

    Pages that are in order may still hold other bytes than were written: what is compressed can tell.

    Raises:
        StorageError: The file cannot be read.
    """
    with _explained(f"cannot read {path}"), closing(_connect(path)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'chunk'").fetchall():
            return []  # a copy from before hours were sealed
        rows = connection.execute("SELECT server_num, tier, t0, body FROM chunk ORDER BY id")
        wrong = (complaint(*row) for row in rows)
        return list(islice(filter(None, wrong), _FINDINGS))


def schema_version(path: Path) -> int:
    """Return the version of a hub's database.

    Raises:
        StorageError: It is none, or one of a newer program.
    """
    with _explained(f"cannot read {path}"), closing(_connect(path)) as connection:
        [(version,)] = connection.execute("PRAGMA user_version").fetchall()
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master").fetchall()}
    if not {"audit", "servers", "hot_table"} <= tables:
        raise StorageError(f"{path} is no database of a hub")
    newest = known_migrations()[-1].number
    if version > newest:
        raise StorageError(
            f"{path} has schema version {version}, this program knows versions up to {newest}:"
            " it needs the newer program"
        )
    return int(version)


def bring_up_to_date(path: Path) -> None:
    """Take the steps of the schema that are missing; nobody else may have the file open.

    Raises:
        StorageError: It cannot be done.
    """
    with _explained(f"cannot change {path}"), closing(connect_writer(path)) as connection:
        migrate(connection, known_migrations())


def put_in_place(new: Path, path: Path, aside: Path) -> None:
    """Make `new` the database `path`; what was there goes to `aside`. The hub must be stopped.

    Cut off in the middle, the database is missing: the next attempt puts it there.

    Raises:
        StorageError: The file system does not let us.
    """
    with _explained(f"cannot replace {path}"):
        # The log belongs to the file: beside another one it would damage it. So the file goes first.
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                path.with_name(path.name + suffix).replace(aside.with_name(aside.name + suffix))
        _sync(path.parent)
        new.replace(path)
        _sync(path.parent)


def _check(copy: Path) -> None:
    findings = integrity(copy, quick=True)
    if findings:
        raise StorageError(f"the copy is damaged: {findings[0]}")


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    return connection


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as exc:
        reason = exc.strerror or str(exc) if isinstance(exc, OSError) else str(exc)
        raise StorageError(f"{what}: {reason}") from exc
