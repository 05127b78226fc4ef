"""Brings the schema up to date, while hubs of the version before may still be running.

A migration has a step that older programs do not mind (`0009_name.sql`: new tables, new columns with
defaults) and may have one that they would (`0009_name.post.sql`: what is dropped or tightened). The first is
taken by the first hub that knows it. The second waits until no hub runs that does not know the migration;
then it is taken, and with it the migration is finished: from then on older programs refuse the database.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from chatops_server.storage.base import CannotOpenError
from chatops_server.storage.postgres.locks import SCHEMA, oldest_running
from chatops_server.storage.postgres.statements import Connection

_VERSIONS = (
    "CREATE TABLE IF NOT EXISTS schema_version ("
    " number BIGINT PRIMARY KEY NOT NULL, name TEXT NOT NULL,"
    " taken_at TIMESTAMPTZ NOT NULL DEFAULT now(), finished_at TIMESTAMPTZ)"
)


@dataclass(frozen=True, slots=True)
class Migration:
    """One step; `number` is the schema version it leads to, counted from 1."""

    number: int
    name: str
    sql: str
    post_sql: str = ""
    """What older programs do not survive."""


def known_migrations() -> list[Migration]:
    """Return the migrations that came with this program, in order."""
    folder = resources.files("chatops_server.storage.postgres") / "migrations"
    texts = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}
    found = []
    for name, text in texts.items():
        matched = re.fullmatch(r"(\d{4})_(\w+)\.sql", name)
        if matched:
            post = texts.get(f"{matched[1]}_{matched[2]}.post.sql", "")
            found.append(Migration(int(matched[1]), matched[2], text, post))
    return sorted(found, key=lambda migration: migration.number)


async def migrate(connection: Connection, migrations: Sequence[Migration]) -> int:
    """Take the steps that are missing, one hub at a time, and return how many first steps that took.

    All in one transaction: what fails or is cut off leaves the schema as it was.

    Raises:
        CannotOpenError: The schema is finished for newer programs only.
        asyncpg.PostgresError: A step failed.
    """
    async with connection.transaction():
        await connection.execute(SCHEMA)
        await connection.execute(_VERSIONS)
        taken = dict(await _taken(connection))
        newest = migrations[-1].number if migrations else 0
        finished = max((number for number, is_finished in taken.items() if is_finished), default=0)
        if finished > newest:
            raise CannotOpenError(
                f"the database has schema version {finished}, this program knows versions up to {newest}:"
                " start the newer program, or restore an older backup"
            )
        missing = [migration for migration in migrations if migration.number not in taken]
        for migration in missing:
            await connection.execute(migration.sql)
            await connection.execute(
                "INSERT INTO schema_version (number, name) VALUES ($1, $2)", migration.number, migration.name
            )
        await _finish(connection, migrations)
    return len(missing)


async def finish(connection: Connection, migrations: Sequence[Migration]) -> bool:
    """Take the second steps that wait for no running hub; return whether none is left."""
    async with connection.transaction():
        await connection.execute(SCHEMA)
        return await _finish(connection, migrations)


async def _finish(connection: Connection, migrations: Sequence[Migration]) -> bool:
    waiting = {number for number, is_finished in await _taken(connection) if not is_finished}
    if not waiting:
        return True
    oldest = await oldest_running(connection)
    for migration in migrations:
        if migration.number not in waiting:
            continue
        if oldest is not None and oldest < migration.number:
            return False
        if migration.post_sql:
            await connection.execute(migration.post_sql)
        await connection.execute(
            "UPDATE schema_version SET finished_at = now() WHERE number = $1", migration.number
        )
    return True


async def _taken(connection: Connection) -> list[tuple[int, bool]]:
    rows = await connection.fetch(
        "SELECT number, finished_at IS NOT NULL FROM schema_version ORDER BY number"
    )
    return [(row[0], row[1]) for row in rows]
