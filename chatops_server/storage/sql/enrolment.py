"""Tokens by which machines enrol, and which machine became which server. Only hashes of secrets are here."""

from dataclasses import dataclass, replace

import msgspec

from chatops_server.storage.base import Row, Script, execute, fetch, fetch_one


@dataclass(frozen=True, slots=True)
class EnrollTokenRow:
    """One token; `id` is the id part of its text."""

    id: str
    owner_id: str
    name: str
    tags: tuple[str, ...]
    secret_hash: str
    prefix: str
    created_ms: int
    expires_ms: int
    revoked_ms: int | None
    max_uses: int
    uses: int
    key_lifetime_ms: int | None
    key_auto_rotate: bool


@dataclass(frozen=True, slots=True)
class EnrolmentRow:
    """A machine that came, the server it became, and the key it was given last."""

    server_num: int
    server_id: str
    server_name: str
    key_id: str


def enroll_token(token_id: str) -> Script[EnrollTokenRow | None]:
    """Return one token, dead ones included."""
    row = yield from fetch_one(
        "SELECT id, owner_id, name, tags, secret_hash, prefix, created_ms, expires_ms, revoked_ms, max_uses,"
        " uses, key_lifetime_ms, key_auto_rotate FROM enroll_tokens WHERE id = $1",
        token_id,
    )
    return _token(row) if row else None


def enroll_tokens(
    owner_id: str, *, is_admin: bool, after: tuple[int, str], limit: int
) -> Script[list[EnrollTokenRow]]:
    """Return a user's tokens (an admin: all), oldest first, after `after`."""
    rows = yield from fetch(
        "SELECT id, owner_id, name, tags, secret_hash, prefix, created_ms, expires_ms, revoked_ms, max_uses,"
        " uses, key_lifetime_ms, key_auto_rotate FROM enroll_tokens WHERE ($2 = 1 OR owner_id = $1)"
        " AND (created_ms > $3 OR (created_ms = $3 AND id > $4)) ORDER BY created_ms, id LIMIT $5",
        owner_id,
        int(is_admin),
        *after,
        limit,
    )
    return [_token(row) for row in rows]


def servers_of(token_id: str) -> Script[tuple[str, ...]]:
    """Return the ids of the servers made with a token."""
    rows = yield from fetch(
        "SELECT s.id FROM enrolments e JOIN servers s ON s.num = e.server_num WHERE e.token_id = $1"
        " ORDER BY s.num",
        token_id,
    )
    return tuple(str(row[0]) for row in rows)


def add_enroll_token(row: EnrollTokenRow) -> Script[None]:
    """Insert a token."""
    yield from execute(
        "INSERT INTO enroll_tokens (id, owner_id, name, tags, secret_hash, prefix, created_ms, expires_ms,"
        " max_uses, key_lifetime_ms, key_auto_rotate) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        row.id,
        row.owner_id,
        row.name,
        msgspec.json.encode(row.tags).decode(),
        row.secret_hash,
        row.prefix,
        row.created_ms,
        row.expires_ms,
        row.max_uses,
        row.key_lifetime_ms,
        int(row.key_auto_rotate),
    )


def revoke_enroll_token(token_id: str, now_ms: int) -> Script[bool]:
    """Mark a token as dead; return whether it was not yet."""
    changed = yield from execute(
        "UPDATE enroll_tokens SET revoked_ms = $2 WHERE id = $1 AND revoked_ms IS NULL", token_id, now_ms
    )
    return changed == 1


def use_enroll_token(token_id: str, now_ms: int) -> Script[bool]:
    """Count one use; False where the token is dead, over or used up: no two machines share the last use."""
    changed = yield from execute(
        "UPDATE enroll_tokens SET uses = uses + 1"
        " WHERE id = $1 AND revoked_ms IS NULL AND expires_ms > $2 AND uses < max_uses",
        token_id,
        now_ms,
    )
    return changed == 1


def enrolment(token_id: str, machine: str) -> Script[EnrolmentRow | None]:
    """Return what became of a machine that came with this token before; None for a new one."""
    row = yield from fetch_one(
        "SELECT e.server_num, s.id, s.name, e.key_id FROM enrolments e JOIN servers s ON s.num = e.server_num"
        " WHERE e.token_id = $1 AND e.machine = $2",
        token_id,
        machine,
    )
    return EnrolmentRow(*row) if row else None


def note_enrolment(token_id: str, machine: str, server_num: int, key_id: str, now_ms: int) -> Script[None]:
    """Store which server a machine became, and its newest key."""
    yield from execute(
        "INSERT INTO enrolments (token_id, machine, server_num, key_id, created_ms)"
        " VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (token_id, machine) DO UPDATE SET server_num = $3, key_id = $4, created_ms = $5",
        token_id,
        machine,
        server_num,
        key_id,
        now_ms,
    )


def names_like(stem: str) -> Script[frozenset[str]]:
    """Return the names of servers that begin like this."""
    rows = yield from fetch(
        "SELECT name FROM servers WHERE substr(name, 1, length(CAST($1 AS TEXT))) = $1", stem
    )
    return frozenset(str(row[0]) for row in rows)


def _token(row: Row) -> EnrollTokenRow:
    token = EnrollTokenRow(*row)
    tags = msgspec.json.decode(row[3], type=tuple[str, ...])
    return replace(token, tags=tags, key_auto_rotate=bool(token.key_auto_rotate))
