"""`chatops-server backup`, `restore` and `verify`: copies of the database, and whether one is sound."""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chatops_server.config import Config
from chatops_server.domain.audit_chain import AuditEntry
from chatops_server.errors import StorageError
from chatops_server.head_file import HeadFile, parsed, shown
from chatops_server.opening import Database, open_storage
from chatops_server.storage.folder_lock import LOCK_FILE, locked
from chatops_server.storage.postgres.address import PostgresUrl
from chatops_server.storage.sql.audit import ChainCheck, Head, add_audit, audit_head
from chatops_server.storage.sqlite.copies import (
    audit_chain,
    bring_up_to_date,
    copy_database,
    damaged_chunks,
    integrity,
    put_in_place,
    schema_version,
)
from chatops_wire.settings import SettingError
from chatops_wire.times import format_ms

if TYPE_CHECKING:
    from chatops_server.transfer.into_postgres import Moved

# What the database before a restore is called, beside the one that took its place.
_ASIDE: Final = ".before-restore"

Progress = Callable[[int, int, str], None]
"""Told how many rows of how many are there, and of which table the last ones were."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found."""

    path: Database
    damage: list[str] = field(default_factory=list)
    chain: ChainCheck | None = None
    """None where the file is too damaged to be followed."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.damage and self.chain is not None and self.chain.broken is None


def backup(config: Config, file: str, keep: int) -> Path:
    """Copy the database, of which a hub may be running, and return where the copy is.

    Args:
        config: Names the database.
        file: Where to; a copy that is there is replaced in one step, once the new one is whole.
        keep: How many copies before it stay, as FILE.1 (the newest), FILE.2 …

    Raises:
        SettingError: That place cannot be used.
        StorageError: The copy cannot be made.
    """
    target = _target(config, file)
    fresh = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        _copy(config.database, fresh)
        _shift(target, keep)
        fresh.replace(target)
    except OSError as exc:
        raise StorageError(f"cannot write {target}: {exc.strerror or exc}") from exc
    finally:
        with suppress(OSError):
            fresh.unlink()
    return target


def restore(
    config: Config, file: str, progress: Progress = lambda _done, _total, _table: None
) -> tuple[Path | str | None, ChainCheck]:
    """Put a copy in the database's place, bring it up to date and write that down in its audit log.

    Returns where the database before it went, None if there was none; and what is to be said of the copy's
    audit chain, which does not keep a database from being restored. Into PostgreSQL it is copied row by row,
    which `progress` is told of; cut off, the same call again goes on.

    Raises:
        SettingError: There is no such copy.
        StorageError: The hub runs, the copy is damaged or of a newer program, or there is no room.
    """
    source = Path(file).expanduser().absolute()
    if not source.is_file():
        raise SettingError(f"restore: {str(source)!r} is no file")
    path = config.database
    if isinstance(path, PostgresUrl):
        return _restored_into(path, config, source, progress)
    if path.exists() and path.samefile(source):
        raise SettingError(f"restore: {str(source)!r} is the database itself")
    before = path.with_name(path.name + _ASIDE) if path.exists() else None
    with locked(path):
        # A sealed hour that cannot be unpacked is a gap in some charts, and no reason to have nothing.
        damage = integrity(source)
        if damage:
            raise StorageError(f"{source} is damaged: {damage[0]}")
        schema_version(source)
        chain = audit_chain(source)
        fresh = path.with_name(f".{path.name}.{os.getpid()}.restored")
        copy_database(source, fresh)
        put_in_place(fresh, path, path.with_name(path.name + _ASIDE))
    asyncio.run(_brought_up_to_date(config, source))
    return before, chain


def migrate_to(config: Config, target: PostgresUrl, progress: Progress) -> "Moved":
    """Copy everything from SQLite to PostgreSQL; the file stays as it is. Cut off, the same call goes on.

    Raises:
        SettingError: The database named by the settings is no file.
        StorageError: A hub runs on either, the target holds another hub's data, or something failed.
    """
    from chatops_server.transfer.into_postgres import fill  # noqa: PLC0415 - only there is the driver

    path = config.database
    if not isinstance(path, Path):
        raise SettingError("--database: migrate-to moves a hub that is on SQLite")
    if not path.is_file():
        raise StorageError(f"there is no database {path}")
    with locked(path):
        schema_version(path)
        bring_up_to_date(path)
        return asyncio.run(fill(path, target, progress))


def verify(config: Config, file: str | None, heads: Sequence[str] = ()) -> Verdict:
    """Check a copy, or the database itself, of which a hub may be running.

    Args:
        config: Names the database.
        file: A copy; None checks the database, and by what was noted beside it.
        heads: Audit entries as `ID:HASH`, noted elsewhere, that have to be there.

    Raises:
        SettingError: There is no such file.
        StorageError: It cannot be read, or is no database of a hub.
    """
    path = Path(file).expanduser().absolute() if file else config.database
    noted = [parsed(head) for head in heads]
    beside = None if file else HeadFile(config.data_dir).noted()
    noted += [beside] if beside else []
    if isinstance(path, PostgresUrl):
        return _verdict_of(path, noted)
    if not path.is_file():
        raise SettingError(f"verify: {str(path)!r} is no file")
    damage = _damage(path)
    try:
        return Verdict(path, damage, audit_chain(path, noted))
    except StorageError:
        if not damage:
            raise
        return Verdict(path, damage)


def _damage(path: Path) -> list[str]:
    damage = integrity(path)
    if damage:
        return damage
    schema_version(path)
    return damaged_chunks(path)


def _target(config: Config, file: str) -> Path:
    target = Path(file).expanduser().absolute()
    if target.is_dir():
        raise SettingError(f"backup: {str(target)!r} is a folder")
    if not target.parent.is_dir():
        raise SettingError(f"backup: there is no folder {str(target.parent)!r}")
    database = config.database
    if isinstance(database, Path) and target.exists() and database.exists() and target.samefile(database):
        raise SettingError(f"backup: {str(target)!r} is the database itself")
    return target


def _copy(database: Database, target: Path) -> None:
    if isinstance(database, PostgresUrl):
        from chatops_server.transfer.into_sqlite import copy_out  # noqa: PLC0415 - only there is the driver

        asyncio.run(copy_out(database, target))
        damage = integrity(target, quick=True)
        if damage:
            raise StorageError(f"the copy is damaged: {damage[0]}")
        return
    if not database.is_file():
        raise StorageError(f"there is no database {database}")
    schema_version(database)
    copy_database(database, target)


def _restored_into(
    database: PostgresUrl, config: Config, source: Path, progress: Progress
) -> tuple[str | None, ChainCheck]:
    from chatops_server.transfer.into_postgres import ASIDE, fill  # noqa: PLC0415 - only there is the driver

    damage = integrity(source)
    if damage:
        raise StorageError(f"{source} is damaged: {damage[0]}")
    schema_version(source)
    chain = audit_chain(source)
    with (
        locked(config.data_dir / LOCK_FILE),
        tempfile.TemporaryDirectory(dir=config.data_dir, prefix=".restoring-") as folder,
    ):
        copied = Path(folder) / "copy.db"
        copy_database(source, copied)
        bring_up_to_date(copied)
        asyncio.run(fill(copied, database, progress, replacing=True))
    asyncio.run(_brought_up_to_date(config, source))
    return f"the schema {ASIDE}", chain


def _verdict_of(database: PostgresUrl, noted: Sequence[Head]) -> Verdict:
    from chatops_server.storage.postgres.soundness import inspected  # noqa: PLC0415 - only there is the driver

    damage, chain = asyncio.run(inspected(database, noted))
    return Verdict(database, damage, chain)


def _shift(target: Path, keep: int) -> None:
    """Rename FILE to FILE.1, FILE.1 to FILE.2 …; the last of them is overwritten."""
    for number in range(keep, 0, -1):
        older = target if number == 1 else target.with_name(f"{target.name}.{number - 1}")
        with suppress(FileNotFoundError):
            older.replace(target.with_name(f"{target.name}.{number}"))


async def _brought_up_to_date(config: Config, source: Path) -> None:
    # Entries newer than the copy went with the database before it: what was noted of them stays in the log.
    file = HeadFile(config.data_dir)
    before = file.noted()
    storage = await open_storage(config.database, config.data_dir, alone=True)
    try:
        entry = AuditEntry(
            ts=format_ms(time.time_ns() // 1_000_000),
            action="database.restore",
            result="ok",
            target=str(source),
            address="console",
            data={"head_before": shown(before)} if before else {},
        )
        await storage.write(add_audit(entry))
        head = await storage.read(audit_head())
        if head is not None:
            file.note(head)
    except OSError as exc:
        raise StorageError(f"cannot note the newest audit entry: {exc.strerror or exc}") from exc
    finally:
        await storage.close()
