"""Hubs that share a PostgreSQL database: who of them runs, and what one that is gone leaves behind.

For PostgreSQL alone, and by its clock: hubs' own clocks are never compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chatops_server.storage.base import Script, execute, fetch
from chatops_server.storage.sql.commands import CommandRow, running_commands_of

_NOW_MS: Final = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
_RUNNING: Final = "SELECT id FROM hub_nodes"


@dataclass(frozen=True, slots=True)
class Beat:
    """What a hub learns when it says that it runs."""

    was_known: bool
    """False: the others had given it up, or it is its first time."""
    nodes: frozenset[str]
    """All hubs that run."""
    freed: Sequence[str]
    """Servers whose agents a hub that is gone held."""
    adopted: Sequence[CommandRow]
    """Commands of hubs that are gone; from now on this one sees to them."""


def arrive(node_id: str, before: str | None, reason: str) -> Script[Beat]:
    """Say for the first time that a hub runs; `before` is gone: its predecessor in the same folder.

    Takes up commands nobody ever owned as well: of a program that knew of no other hub.
    """
    if before is not None:
        yield from execute("DELETE FROM hub_nodes WHERE id = $1", before)
    yield from execute("UPDATE commands SET node_id = '' WHERE status = 'running' AND node_id IS NULL")
    yield from execute("UPDATE terminals SET node_id = '' WHERE closed_ms IS NULL AND node_id IS NULL")
    return (yield from beat(node_id, None, reason))


def beat(node_id: str, dead_after_ms: int | None, reason: str) -> Script[Beat]:
    """Say that a hub runs, and take over what others have left.

    Args:
        node_id: The hub.
        dead_after_ms: Others that have been silent for longer are gone; None takes nobody for gone.
        reason: Why terminals that a hub left open are closed.
    """
    was_known = yield from execute(f"UPDATE hub_nodes SET seen_ms = {_NOW_MS} WHERE id = $1", node_id)  # noqa: S608 - words of ours
    if not was_known:
        yield from execute(f"INSERT INTO hub_nodes (id, seen_ms) VALUES ($1, {_NOW_MS})", node_id)  # noqa: S608 - likewise
    if dead_after_ms is not None:
        yield from execute(f"DELETE FROM hub_nodes WHERE seen_ms < {_NOW_MS} - $1", dead_after_ms)  # noqa: S608 - likewise
    nodes = yield from fetch(_RUNNING)
    freed = yield from _freed()
    yield from execute(
        f"UPDATE terminals SET closed_ms = {_NOW_MS}, reason = $1"  # noqa: S608 - likewise
        f" WHERE closed_ms IS NULL AND node_id NOT IN ({_RUNNING})",
        reason,
    )
    adopted = yield from fetch(
        "UPDATE commands SET node_id = $1"  # noqa: S608 - likewise
        f" WHERE status = 'running' AND node_id NOT IN ({_RUNNING}) RETURNING num",
        node_id,
    )
    rows = yield from running_commands_of(node_id) if adopted else _no_commands()
    taken = {int(row[0]) for row in adopted}
    return Beat(
        was_known=was_known == 1,
        nodes=frozenset(str(row[0]) for row in nodes),
        freed=freed,
        adopted=[row for row in rows if row.num in taken],
    )


def leave(node_id: str) -> Script[None]:
    """Say that a hub ends: what it leaves is free at once."""
    yield from execute("DELETE FROM hub_nodes WHERE id = $1", node_id)
    yield from _freed()


def _freed() -> Script[list[str]]:
    rows = yield from fetch(
        "UPDATE agent_leases l SET node_id = NULL, epoch = nextval('agent_epoch') FROM servers s"  # noqa: S608 - likewise
        f" WHERE s.num = l.server_num AND l.node_id NOT IN ({_RUNNING}) RETURNING s.id"
    )
    return [str(row[0]) for row in rows]


def _no_commands() -> Script[list[CommandRow]]:
    yield from ()
    return []
