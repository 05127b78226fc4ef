"""Grants: what users other than the owner may do on one server."""

from dataclasses import dataclass

from chatops_server.storage.base import Script, execute, fetch, fetch_one
from chatops_wire.rest import GrantRole


@dataclass(frozen=True, slots=True)
class GrantRow:
    """One user's right on one server."""

    server_id: str
    user_id: str
    role: GrantRole
    created_ms: int


def all_grants() -> Script[list[GrantRow]]:
    """Return every grant of every server."""
    rows = yield from fetch(
        "SELECT s.id, g.user_id, g.role, g.created_ms FROM grants g JOIN servers s ON s.num = g.server_num"
    )
    return [GrantRow(*row) for row in rows]


def grants_on(server_num: int) -> Script[list[GrantRow]]:
    """Return every grant of one server."""
    rows = yield from fetch(
        "SELECT s.id, g.user_id, g.role, g.created_ms FROM grants g JOIN servers s ON s.num = g.server_num"
        " WHERE g.server_num = $1",
        server_num,
    )
    return [GrantRow(*row) for row in rows]


def grants_of(server_num: int, after_user: str, limit: int) -> Script[list[GrantRow]]:
    """Return a server's grants by user id, at most `limit`, from those after `after_user`."""
    rows = yield from fetch(
        "SELECT s.id, g.user_id, g.role, g.created_ms FROM grants g JOIN servers s ON s.num = g.server_num"
        " WHERE g.server_num = $1 AND g.user_id > $2 ORDER BY g.user_id LIMIT $3",
        server_num,
        after_user,
        limit,
    )
    return [GrantRow(*row) for row in rows]


def grant(server_num: int, user_id: str) -> Script[GrantRow | None]:
    """Return one user's grant on a server."""
    row = yield from fetch_one(
        "SELECT s.id, g.user_id, g.role, g.created_ms FROM grants g JOIN servers s ON s.num = g.server_num"
        " WHERE g.server_num = $1 AND g.user_id = $2",
        server_num,
        user_id,
    )
    return GrantRow(*row) if row else None


def put_grant(server_num: int, user_id: str, role: GrantRole, now_ms: int) -> Script[None]:
    """Give a right, or replace the one that is there; its time stays. Nothing for a server that is gone."""
    yield from execute(
        "INSERT INTO grants (server_num, user_id, role, created_ms)"
        " SELECT s.num, u.id, $3, $4 FROM servers s, users u WHERE s.num = $1 AND u.id = $2"
        " ON CONFLICT (server_num, user_id) DO UPDATE SET role = excluded.role",
        server_num,
        user_id,
        role,
        now_ms,
    )


def drop_grant(server_num: int, user_id: str) -> Script[bool]:
    """Take a right away; return whether there was one."""
    changed = yield from execute(
        "DELETE FROM grants WHERE server_num = $1 AND user_id = $2", server_num, user_id
    )
    return changed == 1
