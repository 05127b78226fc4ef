"""Users and their refresh tokens."""

from dataclasses import dataclass

from chatops_server.storage.base import Row, Script, execute, fetch, fetch_one
from chatops_wire.rest import Role


@dataclass(frozen=True, slots=True)
class UserRow:
    """One user without the password hash."""

    id: str
    username: str
    role: Role
    active: bool
    token_version: int
    created_ms: int


@dataclass(frozen=True, slots=True)
class RefreshRow:
    """One refresh token; `id` is the SHA-256 of its text."""

    id: str
    family: str
    user_id: str
    created_ms: int
    expires_ms: int
    family_ends_ms: int
    """No successor outlives this, however often the family is refreshed."""
    used_ms: int | None = None


def all_users() -> Script[list[UserRow]]:
    """Return every user, oldest first."""
    rows = yield from fetch(
        "SELECT id, username, role, active, token_version, created_ms FROM users ORDER BY created_ms, id"
    )
    return [_user(row) for row in rows]


def user(user_id: str) -> Script[UserRow | None]:
    """Return one user."""
    row = yield from fetch_one(
        "SELECT id, username, role, active, token_version, created_ms FROM users WHERE id = $1", user_id
    )
    return _user(row) if row else None


def password_hash(user_id: str) -> Script[str | None]:
    """Return the stored hash; None for an unknown user."""
    row = yield from fetch_one("SELECT password_hash FROM users WHERE id = $1", user_id)
    return str(row[0]) if row else None


def add_user(row: UserRow, hashed: str) -> Script[None]:
    """Insert a user. A name that is taken is a UniqueViolationError."""
    yield from execute(
        "INSERT INTO users (id, username, password_hash, role, active, token_version, created_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        row.id,
        row.username,
        hashed,
        row.role,
        int(row.active),
        row.token_version,
        row.created_ms,
    )


def change_user(row: UserRow) -> Script[None]:
    """Store name, role, activity and token version. A name that is taken is a UniqueViolationError."""
    yield from execute(
        "UPDATE users SET username = $5, role = $2, active = $3, token_version = $4 WHERE id = $1",
        row.id,
        row.role,
        int(row.active),
        row.token_version,
        row.username,
    )


def set_password(user_id: str, hashed: str) -> Script[None]:
    """Store a new password hash."""
    yield from execute("UPDATE users SET password_hash = $2 WHERE id = $1", user_id, hashed)


def delete_user(user_id: str) -> Script[None]:
    """Delete a user with their refresh tokens and grants."""
    yield from execute("DELETE FROM users WHERE id = $1", user_id)


def active_admins_besides(user_id: str) -> Script[int]:
    """Return how many other active admins there are."""
    row = yield from fetch_one(
        "SELECT count(*) FROM users WHERE role = 'admin' AND active = 1 AND id <> $1", user_id
    )
    return int(row[0]) if row else 0


def add_refresh_token(row: RefreshRow) -> Script[None]:
    """Insert a refresh token."""
    yield from execute(
        "INSERT INTO refresh_tokens (id, family, user_id, created_ms, expires_ms, family_ends_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        row.id,
        row.family,
        row.user_id,
        row.created_ms,
        row.expires_ms,
        row.family_ends_ms,
    )


def refresh_token(token_id: str) -> Script[RefreshRow | None]:
    """Return one refresh token, used ones included."""
    row = yield from fetch_one(
        "SELECT id, family, user_id, created_ms, expires_ms, family_ends_ms, used_ms"
        " FROM refresh_tokens WHERE id = $1",
        token_id,
    )
    return RefreshRow(*row) if row else None


def use_refresh_token(token_id: str, successor: str, now_ms: int) -> Script[None]:
    """Mark a token as spent, and what for."""
    yield from execute(
        "UPDATE refresh_tokens SET used_ms = $2, successor = $3 WHERE id = $1", token_id, now_ms, successor
    )


def end_sessions(user_id: str) -> Script[None]:
    """Delete every refresh token of a user."""
    yield from execute("DELETE FROM refresh_tokens WHERE user_id = $1", user_id)


def drop_expired_tokens(now_ms: int) -> Script[int]:
    """Delete refresh tokens whose time is over; return how many."""
    return (yield from execute("DELETE FROM refresh_tokens WHERE expires_ms <= $1", now_ms))


def _user(row: Row) -> UserRow:
    user_id, username, role, active, token_version, created_ms = row
    return UserRow(user_id, username, role, bool(active), token_version, created_ms)
