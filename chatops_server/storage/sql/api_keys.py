"""Agents' API keys: only a hash of the secret is here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

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
    expires_ms: int | None = None
    auto_rotate: bool = False
    rotate_ms: int | None = None
    """When a next key was asked for; None once that is in use."""
    replaces: str | None = None
    confirmed_ms: int | None = None
    """Of one that replaces another: when it was first used."""

    @property
    def is_next(self) -> bool:
        """Whether it is to follow another key and was not used yet."""
        return self.replaces is not None and self.confirmed_ms is None

    @property
    def lifetime_ms(self) -> int | None:
        """How long it was made for; None: without end."""
        return None if self.expires_ms is None else self.expires_ms - self.created_ms

    def is_alive(self, now_ms: int) -> bool:
        """Return whether an agent that comes with it is let in."""
        return self.revoked_ms is None and (self.expires_ms is None or now_ms < self.expires_ms)


def key(key_id: str) -> Script[KeyRow | None]:
    """Return one key, dead ones included."""
    row = yield from fetch_one(
        "SELECT k.id, k.server_num, s.id, k.name, k.prefix, k.secret_hash, k.created_ms, k.last_used_ms,"
        " k.revoked_ms, k.expires_ms, k.auto_rotate, k.rotate_ms, k.replaces, k.confirmed_ms"
        " FROM api_keys k JOIN servers s ON s.num = k.server_num WHERE k.id = $1",
        key_id,
    )
    return _key(row) if row else None


def keys_managed_by(
    user_id: str, *, is_admin: bool, after: tuple[int, str], limit: int
) -> Script[list[KeyRow]]:
    """Return keys of the servers a user owns (an admin: of all), oldest first, after `after`."""
    rows = yield from fetch(
        "SELECT k.id, k.server_num, s.id, k.name, k.prefix, k.secret_hash, k.created_ms, k.last_used_ms,"
        " k.revoked_ms, k.expires_ms, k.auto_rotate, k.rotate_ms, k.replaces, k.confirmed_ms"
        " FROM api_keys k JOIN servers s ON s.num = k.server_num"
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
    """Return one server's keys, dead ones included, oldest first, after `after`."""
    rows = yield from fetch(
        "SELECT k.id, k.server_num, s.id, k.name, k.prefix, k.secret_hash, k.created_ms, k.last_used_ms,"
        " k.revoked_ms, k.expires_ms, k.auto_rotate, k.rotate_ms, k.replaces, k.confirmed_ms"
        " FROM api_keys k JOIN servers s ON s.num = k.server_num"
        " WHERE k.server_num = $1"
        " AND (k.created_ms > $2 OR (k.created_ms = $2 AND k.id > $3))"
        " ORDER BY k.created_ms, k.id LIMIT $4",
        server_num,
        *after,
        limit,
    )
    return [_key(row) for row in rows]


def keys_to_rotate(now_ms: int) -> Script[list[KeyRow]]:
    """Return the keys in the last quarter of their life that are to be followed by others by themselves."""
    rows = yield from fetch(
        "SELECT k.id, k.server_num, s.id, k.name, k.prefix, k.secret_hash, k.created_ms, k.last_used_ms,"
        " k.revoked_ms, k.expires_ms, k.auto_rotate, k.rotate_ms, k.replaces, k.confirmed_ms"
        " FROM api_keys k JOIN servers s ON s.num = k.server_num"
        " WHERE k.auto_rotate = 1 AND k.revoked_ms IS NULL AND k.rotate_ms IS NULL"
        " AND (k.replaces IS NULL OR k.confirmed_ms IS NOT NULL)"
        " AND k.expires_ms > $1 AND (k.expires_ms - $1) * 4 <= k.expires_ms - k.created_ms",
        now_ms,
    )
    return [_key(row) for row in rows]


def add_key(row: KeyRow) -> Script[bool]:
    """Insert a key; return False where the server is gone."""
    added = yield from execute(
        "INSERT INTO api_keys (id, server_num, name, secret_hash, prefix, created_ms, expires_ms,"
        " auto_rotate, replaces) SELECT $1, num, $3, $4, $5,"
        " CAST($6 AS BIGINT), CAST($7 AS BIGINT), CAST($8 AS INTEGER), $9 FROM servers WHERE num = $2",
        row.id,
        row.server_num,
        row.name,
        row.secret_hash,
        row.prefix,
        row.created_ms,
        row.expires_ms,
        int(row.auto_rotate),
        row.replaces,
    )
    return added == 1


def revoke_key(key_id: str, now_ms: int) -> Script[bool]:
    """Mark a key as dead, with the one that was to follow it; return whether it was alive.

    The row stays, so that its id is never reused.
    """
    yield from revoke_next(key_id, now_ms)
    changed = yield from execute(
        "UPDATE api_keys SET revoked_ms = $2, rotate_ms = NULL WHERE id = $1 AND revoked_ms IS NULL",
        key_id,
        now_ms,
    )
    return changed == 1


def revoke_next(key_id: str, now_ms: int) -> Script[None]:
    """Mark what was to follow a key, and was never used, as dead."""
    yield from execute(
        "UPDATE api_keys SET revoked_ms = $2"
        " WHERE replaces = $1 AND confirmed_ms IS NULL AND revoked_ms IS NULL",
        key_id,
        now_ms,
    )


def ask_rotation(key_id: str, now_ms: int | None) -> Script[bool]:
    """Note that a key is to be followed by another, with None that it is not; return whether it is alive."""
    changed = yield from execute(
        "UPDATE api_keys SET rotate_ms = $2 WHERE id = $1 AND revoked_ms IS NULL", key_id, now_ms
    )
    return changed == 1


def confirm_key(key_id: str, now_ms: int) -> Script[bool]:
    """Note that a key which replaces another is in use, and end that one; False where it is dead itself."""
    row = yield from key(key_id)
    if row is None or not row.is_alive(now_ms):
        return False
    if row.is_next:
        yield from execute("UPDATE api_keys SET confirmed_ms = $2 WHERE id = $1", key_id, now_ms)
        # Any other that was to follow the same one too.
        yield from revoke_key(row.replaces or "", now_ms)
    return True


def used(last_used: Mapping[str, int]) -> Script[None]:
    """Store when keys were last used, Unix ms by key id."""
    for key_id, at_ms in last_used.items():
        yield from execute("UPDATE api_keys SET last_used_ms = $2 WHERE id = $1", key_id, at_ms)


def _key(row: Row) -> KeyRow:
    return replace(KeyRow(*row), auto_rotate=bool(row[10]))
