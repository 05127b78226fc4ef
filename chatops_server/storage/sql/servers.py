"""Servers: the monitored machines, and when their agents were last seen."""

from dataclasses import dataclass

import msgspec

from chatops_server.domain.narrowing import Narrowing
from chatops_server.storage.base import Row, Script, execute, fetch, fetch_one
from chatops_wire.agent import AgentInfo
from chatops_wire.policy import MachinePolicy


@dataclass(frozen=True, slots=True)
class ServerRow:
    """One server as it stands in the database."""

    num: int
    """Internal key of the hot tables; never shown."""
    id: str
    name: str
    tags: tuple[str, ...]
    owner_id: str
    created_ms: int
    last_seen_ms: int | None = None
    host: AgentInfo | None = None
    capabilities: tuple[str, ...] = ()
    policy: MachinePolicy | None = None
    """What its agent told of it when it connected last."""
    narrowing: Narrowing | None = None
    """What the hub does without; None: nothing of it."""


def all_servers() -> Script[list[ServerRow]]:
    """Return every server, oldest first."""
    rows = yield from fetch(
        "SELECT num, id, name, tags, owner_id, created_ms, last_seen_ms, host, capabilities,"
        " policy, narrowing FROM servers ORDER BY num"
    )
    return [_server(row) for row in rows]


def server(server_id: str) -> Script[ServerRow | None]:
    """Return one server."""
    row = yield from fetch_one(
        "SELECT num, id, name, tags, owner_id, created_ms, last_seen_ms, host, capabilities,"
        " policy, narrowing FROM servers WHERE id = $1",
        server_id,
    )
    return _server(row) if row else None


def add_server(row: ServerRow) -> Script[int]:
    """Insert a new server (`row.num` is not used) and return its number.

    A name that is taken is a UniqueViolationError.
    """
    [(num,)] = yield from fetch(
        "INSERT INTO servers (id, name, tags, owner_id, created_ms, capabilities)"
        " VALUES ($1, $2, $3, $4, $5, '[]') RETURNING num",
        row.id,
        row.name,
        _json(row.tags),
        row.owner_id,
        row.created_ms,
    )
    return int(num)


def change_server(server_id: str, name: str, tags: tuple[str, ...]) -> Script[bool]:
    """Store name and tags; return whether the server was there. UniqueViolationError as above."""
    changed = yield from execute(
        "UPDATE servers SET name = $2, tags = $3 WHERE id = $1", server_id, name, _json(tags)
    )
    return changed == 1


def narrow_server(server_id: str, narrowing: Narrowing | None) -> Script[None]:
    """Store to what a server is narrowed."""
    stored = None if narrowing is None else _json(narrowing)
    yield from execute("UPDATE servers SET narrowing = $2 WHERE id = $1", server_id, stored)


def pass_servers(owner_id: str, heir: str) -> Script[None]:
    """Make `heir` the owner of everything `owner_id` owns."""
    yield from execute("UPDATE servers SET owner_id = $2 WHERE owner_id = $1", owner_id, heir)


def delete_server(server_id: str) -> Script[bool]:
    """Delete a server with its keys, grants, cursors and latest sample; return whether it was there."""
    changed = yield from execute("DELETE FROM servers WHERE id = $1", server_id)
    return changed == 1


def seen(server_num: int, at_ms: int) -> Script[None]:
    """Store when the server's agent was last heard."""
    yield from execute("UPDATE servers SET last_seen_ms = $2 WHERE num = $1", server_num, at_ms)


def registered(
    server_num: int,
    host: AgentInfo,
    capabilities: tuple[str, ...],
    policy: MachinePolicy | None,
    at_ms: int,
) -> Script[None]:
    """Store what an agent said about its machine when it connected."""
    yield from execute(
        "UPDATE servers SET last_seen_ms = $2, host = $3, capabilities = $4, policy = $5 WHERE num = $1",
        server_num,
        at_ms,
        _json(host),
        _json(capabilities),
        None if policy is None else _json(policy),
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _server(row: Row) -> ServerRow:
    num, server_id, name, tags, owner_id, created_ms, last_seen_ms, host, capabilities, policy, narrowing = (
        row
    )
    return ServerRow(
        num,
        server_id,
        name,
        msgspec.json.decode(tags, type=tuple[str, ...]),
        owner_id,
        created_ms,
        last_seen_ms,
        msgspec.json.decode(host, type=AgentInfo) if host else None,
        msgspec.json.decode(capabilities, type=tuple[str, ...]),
        msgspec.json.decode(policy, type=MachinePolicy) if policy else None,
        msgspec.json.decode(narrowing, type=Narrowing) if narrowing else None,
    )
