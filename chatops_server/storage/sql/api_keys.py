"""Agents' API keys: only a hash of the secret is here."""

from collections.abc import Mapping
from dataclasses import dataclass

from chatops_server.storage.base import Row, Script, execute, fetch, fetch_one


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key; `id` is the id part of the key's text."""

    id: str
    server_num: int
    server_id: str
    name: str
    prefix: str
    secret_hash: str
    """SHA-256 of the secret part, hex: 256 random bits need no slow hash."""
    created_ms: int
    last_used_ms: int | None = None
    revoked_ms: int | None = None


def key(key_id: str) -> Script[KeyRow | None]:
    """Return one key, revoked ones included."""
    row = yield from fetch_one(
        "SELECT k.id, k.server_num, s.id, k.name, k.prefix, k.secret_hash, k.created_ms, k.last_used_ms,"
        " k.revoked_ms FROM api_keys k JOIN servers s ON s.num = k.server_num WHERE k.id = $1",
        key_id,
    )
    return _key(row) if row else None


def keys_managed_by(
    user_id: str, *, is_admin: bool, after: tuple[int, str], limit: int
) -> Script[list[KeyRow]]:
    """Return keys of the servers a user owns (an admin: of all), oldest first, after `after`."""
    rows = yield from fetch(
        "SELECT k.id, k.server_num, s.id, k.name, k.prefix, k.secret_hash, k.created_ms, k.last_used_ms,"
        " k.revoked_ms FROM api_keys k JOIN servers s ON s.num = k.server_num"
        " WHERE ($2 = 1 OR s.owner_id = $1)"
        " AND (k.created_ms > $3 OR (k.created_ms = $3 AND k.id > $4))"
        " ORDER BY k.created_ms, k.id LIMIT $5",
        user_id,
        int(is_admin),
        *after,
        limit,
    )
    return [_key(row) for row in rows]


def keys_of(server_num: int, after: tuple[int, str], limit: int) -> Script[list[KeyRow]]:
    """Return one server's keys, revoked ones included, oldest first, after `after`."""
    rows = yield from fetch(
        "SELECT k.id, k.server_num, s.id, k.name, k.prefix, k.secret_hash, k.created_ms, k.last_used_ms,"
        " k.revoked_ms FROM api_keys k JOIN servers s ON s.num = k.server_num"
        " WHERE k.server_num = $1"
        " AND (k.created_ms > $2 OR (k.created_ms = $2 AND k.id > $3))"
        " ORDER BY k.created_ms, k.id LIMIT $4",
        server_num,
        *after,
        limit,
    )
    return [_key(row) for row in rows]


def add_key(row: KeyRow) -> Script[bool]:
    """Insert a key; return False where the server is gone."""
    added = yield from execute(
        "INSERT INTO api_keys (id, server_num, name, secret_hash, prefix, created_ms)"
        " SELECT $1, num, $3, $4, $5, $6 FROM servers WHERE num = $2",
        row.id,
        row.server_num,
        row.name,
        row.secret_hash,
        row.prefix,
        row.created_ms,
    )
    return added == 1


def revoke_key(key_id: str, now_ms: int) -> Script[bool]:
    """Mark a key as dead; return whether it was alive. The row stays, so that its id is never reused."""
    changed = yield from execute(
        "UPDATE api_keys SET revoked_ms = $2 WHERE id = $1 AND revoked_ms IS NULL", key_id, now_ms
    )
    return changed == 1


def used(last_used: Mapping[str, int]) -> Script[None]:
    """Store when keys were last used, Unix ms by key id."""
    for key_id, at_ms in last_used.items():
        yield from execute("UPDATE api_keys SET last_used_ms = $2 WHERE id = $1", key_id, at_ms)


def _key(row: Row) -> KeyRow:
    return KeyRow(*row)
