"""Public keys of users, for the UI over ssh."""

from dataclasses import dataclass

from chatops_server.storage.base import Row, Script, execute, fetch, fetch_one

_FIELDS = "id, user_id, name, line, fingerprint, created_ms, last_used_ms"


@dataclass(frozen=True, slots=True)
class SshKeyRow:
    """One key; `line` is its algorithm and itself, as in authorized_keys."""

    id: str
    user_id: str
    name: str
    line: str
    fingerprint: str
    created_ms: int
    last_used_ms: int | None = None


def ssh_keys_of(user_id: str) -> Script[list[SshKeyRow]]:
    """Return a user's keys, oldest first."""
    rows = yield from fetch(
        f"SELECT {_FIELDS} FROM ssh_keys WHERE user_id = $1 ORDER BY created_ms, id",  # noqa: S608 - names of ours
        user_id,
    )
    return [_key(row) for row in rows]


def ssh_key(user_id: str, fingerprint: str) -> Script[SshKeyRow | None]:
    """Return the user's key of this fingerprint."""
    row = yield from fetch_one(
        f"SELECT {_FIELDS} FROM ssh_keys WHERE user_id = $1 AND fingerprint = $2",  # noqa: S608 - likewise
        user_id,
        fingerprint,
    )
    return _key(row) if row else None


def add_ssh_key(row: SshKeyRow) -> Script[None]:
    """Insert a key; UniqueViolationError where the user has it already."""
    yield from execute(
        "INSERT INTO ssh_keys (id, user_id, name, line, fingerprint, created_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        row.id,
        row.user_id,
        row.name,
        row.line,
        row.fingerprint,
        row.created_ms,
    )


def remove_ssh_key(user_id: str, key_id: str) -> Script[bool]:
    """Delete a user's key; say whether there was one."""
    return (yield from execute("DELETE FROM ssh_keys WHERE id = $1 AND user_id = $2", key_id, user_id)) == 1


def ssh_key_used(key_id: str, ms: int) -> Script[None]:
    """Note that somebody came in by it."""
    yield from execute("UPDATE ssh_keys SET last_used_ms = $2 WHERE id = $1", key_id, ms)


def _key(row: Row) -> SshKeyRow:
    return SshKeyRow(*row)
