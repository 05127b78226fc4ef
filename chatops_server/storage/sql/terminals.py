"""Terminals that were opened: one row each."""

from dataclasses import dataclass
from typing import Final

from chatops_server.storage.base import Script, execute, fetch, fetch_one

NEWEST: Final = 2**63 - 1
"""A cursor before which every terminal stands."""
_COLUMNS: Final = "t.num, t.id, s.id, t.user_id, t.opened_ms, t.closed_ms, t.reason, t.recorded_bytes"


@dataclass(frozen=True, slots=True)
class TerminalRow:
    """A stored terminal."""

    num: int
    id: str
    server_id: str
    user_id: str | None
    opened_ms: int
    closed_ms: int | None
    reason: str
    recorded_bytes: int | None


@dataclass(frozen=True, slots=True)
class NewTerminal:
    """A terminal about to be stored."""

    id: str
    server_num: int
    user_id: str | None
    opened_ms: int
    node_id: str | None = None
    """The hub that relays it; None: there is but one."""


@dataclass(frozen=True, slots=True)
class TerminalEnd:
    """How a terminal ended."""

    closed_ms: int
    reason: str
    recorded_bytes: int | None = None
    node_id: str | None = None
    """The hub that says so; that of one another hub relays it cannot. None: there is but one."""


def add_terminal(new: NewTerminal) -> Script[None]:
    """Insert a terminal that is about to be opened."""
    yield from execute(
        "INSERT INTO terminals (id, server_num, user_id, opened_ms, node_id) VALUES ($1, $2, $3, $4, $5)",
        new.id,
        new.server_num,
        new.user_id,
        new.opened_ms,
        new.node_id,
    )


def close_terminal(terminal_id: str, end: TerminalEnd) -> Script[None]:
    """Store that and why a terminal was closed."""
    yield from execute(
        "UPDATE terminals SET closed_ms = $2, reason = $3, recorded_bytes = $4"
        " WHERE id = $1 AND ($5 IS NULL OR node_id = $5)",
        terminal_id,
        end.closed_ms,
        end.reason,
        end.recorded_bytes,
        end.node_id,
    )


def reopen_terminal(terminal_id: str, node_id: str | None) -> Script[int | None]:
    """Store that a terminal runs after all, relayed by this hub; return when it was opened, None: unknown."""
    row = yield from fetch_one(
        "UPDATE terminals SET closed_ms = NULL, reason = '', node_id = $2 WHERE id = $1 RETURNING opened_ms",
        terminal_id,
        node_id,
    )
    return int(row[0]) if row else None


def close_left_terminals(closed_ms: int, reason: str) -> Script[int]:
    """Close what an earlier hub has left open; return how many."""
    return (
        yield from execute(
            "UPDATE terminals SET closed_ms = $1, reason = $2 WHERE closed_ms IS NULL", closed_ms, reason
        )
    )


def terminal(terminal_id: str) -> Script[TerminalRow | None]:
    """Return one terminal."""
    row = yield from fetch_one(
        f"SELECT {_COLUMNS} FROM terminals t JOIN servers s ON s.num = t.server_num WHERE t.id = $1",  # noqa: S608 - columns of ours
        terminal_id,
    )
    return TerminalRow(*row) if row else None


def terminal_owners(server_id: str) -> Script[dict[str, str | None]]:
    """Return who opened the terminals of a server, by the terminal's id; the newest thousand."""
    rows = yield from fetch(
        "SELECT t.id, t.user_id FROM terminals t JOIN servers s ON s.num = t.server_num"
        " WHERE s.id = $1 ORDER BY t.num DESC LIMIT 1000",
        server_id,
    )
    return {str(row[0]): row[1] for row in rows}


def terminals_of(
    user_id: str | None, server_id: str | None, before: int, limit: int
) -> Script[list[TerminalRow]]:
    """Return terminals, newest first; `user_id` None: whoever opened them."""
    rows = yield from fetch(
        f"SELECT {_COLUMNS} FROM terminals t JOIN servers s ON s.num = t.server_num"  # noqa: S608 - likewise
        " WHERE t.num < $1 AND ($2 IS NULL OR s.id = $2) AND ($3 IS NULL OR t.user_id = $3)"
        " ORDER BY t.num DESC LIMIT $4",
        before,
        server_id,
        user_id,
        limit,
    )
    return [TerminalRow(*row) for row in rows]


def drop_terminals_before(ms: int, limit: int) -> Script[list[str]]:
    """Delete at most `limit` closed terminals opened before then; return their ids."""
    rows = yield from fetch(
        "DELETE FROM terminals WHERE num IN (SELECT num FROM terminals"
        " WHERE opened_ms < $1 AND closed_ms IS NOT NULL ORDER BY opened_ms LIMIT $2) RETURNING id",
        ms,
        limit,
    )
    return [str(row[0]) for row in rows]
