"""Which hub holds which server's agent, with a number that only grows: the newest session wins.

For PostgreSQL alone. A lease is good for as long as its hub says that it runs (storage.sql.hub_nodes), so
that thousands of agents cost no writing while they stay where they are.
"""

from collections.abc import Iterable
from typing import NamedTuple

from chatops_server.storage.base import Script, execute, fetch


class Lease(NamedTuple):
    """Who holds a server's agent."""

    node_id: str | None
    """None: no hub."""
    epoch: int


def take_lease(server_num: int, node_id: str) -> Script[int]:
    """Take a server's agent, whoever held it, and return the new epoch.

    A server that was deleted is a ReferenceViolationError.
    """
    [(epoch,)] = yield from fetch(
        "INSERT INTO agent_leases (server_num, node_id, epoch) VALUES ($1, $2, nextval('agent_epoch'))"
        " ON CONFLICT (server_num) DO UPDATE SET node_id = excluded.node_id, epoch = excluded.epoch"
        " RETURNING epoch",
        server_num,
        node_id,
    )
    return int(epoch)


def release_leases(held: Iterable[tuple[int, int]]) -> Script[None]:
    """Give agents up, by their servers' numbers and epochs; what was taken since stays."""
    for server_num, epoch in held:
        yield from execute(
            "UPDATE agent_leases SET node_id = NULL, epoch = nextval('agent_epoch')"
            " WHERE server_num = $1 AND epoch = $2",
            server_num,
            epoch,
        )


def leases_after(epoch: int) -> Script[list[tuple[str, Lease]]]:
    """Return what has changed since an epoch, oldest first, by the server's id."""
    rows = yield from fetch(
        "SELECT s.id, l.node_id, l.epoch FROM agent_leases l JOIN servers s ON s.num = l.server_num"
        " WHERE l.epoch > $1 ORDER BY l.epoch",
        epoch,
    )
    return [(str(row[0]), Lease(row[1], int(row[2]))) for row in rows]
