"""Logins and what followed from them: one row for each family of refresh tokens."""

from dataclasses import dataclass

from chatops_server.storage.base import Script, execute, fetch


@dataclass(frozen=True, slots=True)
class LoginSessionRow:
    """One session; `id` is the family of its refresh tokens."""

    id: str
    user_id: str
    begun_ms: int
    used_ms: int
    """When it was last refreshed."""
    ends_ms: int
    """When it ends if it is refreshed until then."""
    address: str | None
    """Where it was begun or last refreshed from."""
    program: str
    """What asked, in its own words (User-Agent)."""


def begin_login_session(row: LoginSessionRow) -> Script[None]:
    """Insert a session."""
    yield from execute(
        "INSERT INTO login_sessions (id, user_id, begun_ms, used_ms, ends_ms, address, program)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        row.id,
        row.user_id,
        row.begun_ms,
        row.used_ms,
        row.ends_ms,
        row.address,
        row.program,
    )


def use_login_session(session_id: str, now_ms: int, address: str | None) -> Script[None]:
    """Write down that a session was refreshed, and from where."""
    yield from execute(
        "UPDATE login_sessions SET used_ms = $2, address = $3 WHERE id = $1", session_id, now_ms, address
    )


def end_login_session(session_id: str, now_ms: int) -> Script[bool]:
    """End a session with all its refresh tokens; False if it was over or never there."""
    ended = yield from execute(
        "UPDATE login_sessions SET ended_ms = $2 WHERE id = $1 AND ended_ms IS NULL", session_id, now_ms
    )
    yield from execute("DELETE FROM refresh_tokens WHERE family = $1", session_id)
    return ended == 1


def end_login_sessions(user_id: str, now_ms: int) -> Script[list[str]]:
    """End every session of a user; return which."""
    rows = yield from fetch(
        "SELECT id FROM login_sessions WHERE user_id = $1 AND ended_ms IS NULL ORDER BY id", user_id
    )
    yield from execute(
        "UPDATE login_sessions SET ended_ms = $2 WHERE user_id = $1 AND ended_ms IS NULL", user_id, now_ms
    )
    yield from execute("DELETE FROM refresh_tokens WHERE user_id = $1", user_id)
    return [str(row[0]) for row in rows]


def open_login_sessions(user_id: str, now_ms: int) -> Script[list[LoginSessionRow]]:
    """Return the sessions of a user that can still be refreshed, the last used first."""
    rows = yield from fetch(
        "SELECT s.id, s.user_id, s.begun_ms, s.used_ms, s.ends_ms, s.address, s.program FROM login_sessions s"
        " WHERE s.user_id = $1 AND s.ended_ms IS NULL AND EXISTS (SELECT 1 FROM refresh_tokens r"
        " WHERE r.family = s.id AND r.used_ms IS NULL AND r.expires_ms > $2)"
        " ORDER BY s.used_ms DESC, s.id",
        user_id,
        now_ms,
    )
    return [LoginSessionRow(*row) for row in rows]


def ended_login_sessions(since_ms: int) -> Script[list[tuple[str, int]]]:
    """Return the sessions that were ended since then, with the time."""
    rows = yield from fetch("SELECT id, ended_ms FROM login_sessions WHERE ended_ms >= $1", since_ms)
    return [(str(row[0]), int(row[1])) for row in rows]


def drop_login_sessions(ended_before_ms: int, now_ms: int) -> Script[int]:
    """Delete sessions that were ended before a time, and those that can be refreshed no more."""
    return (
        yield from execute(
            "DELETE FROM login_sessions WHERE ended_ms < $1 OR (ended_ms IS NULL AND id NOT IN"
            " (SELECT family FROM refresh_tokens WHERE expires_ms > $2))",
            ended_before_ms,
            now_ms,
        )
    )
