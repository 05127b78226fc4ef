"""Commands that were run: one row each."""

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from chatops_server.storage.base import Row, Script, execute, fetch, fetch_one
from chatops_wire.commands import CommandStatus, FinalStatus

NEWEST: Final = 2**63 - 1
"""A cursor before which every command stands."""
_COLUMNS: Final = (
    "c.num, c.id, s.num, s.id, c.user_id, c.batch_id, c.command, c.argv, c.cwd, c.timeout_s, c.status,"
    " c.exit_code, c.signal, c.code, c.message, c.output_bytes, c.truncated, c.duration_ms, c.created_ms,"
    " c.started_ms, c.finished_ms, c.preview, c.output_sha256, c.node_id"
)


@dataclass(frozen=True, slots=True)
class NewCommand:
    """A command about to be stored."""

    id: str
    server_num: int
    user_id: str | None
    command: str
    argv: tuple[str, ...]
    cwd: str | None
    timeout_s: float
    batch_id: str | None = None
    node_id: str | None = None
    """The hub that sees to it; None: there is but one."""


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A stored command."""

    num: int
    id: str
    server_num: int
    server_id: str
    user_id: str | None
    batch_id: str | None
    command: str
    argv: tuple[str, ...]
    cwd: str | None
    timeout_s: float
    status: CommandStatus
    exit_code: int | None
    signal: int | None
    code: str | None
    message: str
    output_bytes: int
    truncated: bool
    duration_ms: int | None
    created_ms: int
    started_ms: int | None
    finished_ms: int | None
    preview: str
    output_sha256: str | None
    node_id: str | None
    """The hub that sees to it, or did; None: there was but one."""


@dataclass(frozen=True, slots=True)
class CommandEnd:
    """How a command ended."""

    status: FinalStatus
    finished_ms: int
    exit_code: int | None = None
    signal: int | None = None
    code: str | None = None
    message: str = ""
    output_bytes: int = 0
    truncated: bool = False
    duration_ms: int | None = None
    preview: str = ""
    output_sha256: str | None = None
    node_id: str | None = None
    """The hub that says so; that of another's command it cannot. None: there is but one."""


@dataclass(frozen=True, slots=True)
class CommandFilter:
    """Which commands: None means any; `before` is the number of the last one already had."""

    server_id: str | None = None
    batch_id: str | None = None
    status: str | None = None
    containing: str | None = None
    """Text within the command, in any case."""
    before: int = NEWEST
    limit: int = 100


def add_command(new: NewCommand, created_ms: int) -> Script[int]:
    """Insert a command that is not yet begun and return its number."""
    [(num,)] = yield from fetch(
        "INSERT INTO commands"
        " (id, server_num, user_id, batch_id, command, argv, cwd, timeout_s, status, created_ms,"
        " node_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'running', $9, $10) RETURNING num",
        new.id,
        new.server_num,
        new.user_id,
        new.batch_id,
        new.command,
        msgspec.json.encode(new.argv).decode(),
        new.cwd,
        new.timeout_s,
        created_ms,
        new.node_id,
    )
    return int(num)


def begin_command(num: int, started_ms: int) -> Script[None]:
    """Store that a command is being sent."""
    yield from execute("UPDATE commands SET started_ms = $2 WHERE num = $1", num, started_ms)


def end_command(num: int, end: CommandEnd) -> Script[bool]:
    """Store how a command ended; return whether it is still there, and not taken over by another hub."""
    changed = yield from execute(
        "UPDATE commands SET status = $2, finished_ms = $3, exit_code = $4, signal = $5, code = $6,"
        " message = $7, output_bytes = $8, truncated = $9, duration_ms = $10, preview = $11,"
        " output_sha256 = $12 WHERE num = $1 AND ($13 IS NULL OR node_id = $13)",
        num,
        end.status,
        end.finished_ms,
        end.exit_code,
        end.signal,
        end.code,
        end.message,
        end.output_bytes,
        int(end.truncated),
        end.duration_ms,
        end.preview,
        end.output_sha256,
        end.node_id,
    )
    return changed == 1


def command(command_id: str) -> Script[CommandRow | None]:
    """Return one command."""
    row = yield from fetch_one(
        f"SELECT {_COLUMNS} FROM commands c JOIN servers s ON s.num = c.server_num WHERE c.id = $1",  # noqa: S608 - columns of ours
        command_id,
    )
    return _row(row) if row else None


def running_commands() -> Script[list[CommandRow]]:
    """Return every command that has not ended, oldest first."""
    rows = yield from fetch(
        f"SELECT {_COLUMNS} FROM commands c JOIN servers s ON s.num = c.server_num"  # noqa: S608 - likewise
        " WHERE c.status = 'running' ORDER BY c.num"
    )
    return [_row(row) for row in rows]


def running_commands_of(node_id: str) -> Script[list[CommandRow]]:
    """Return every command that a hub sees to and that has not ended, oldest first."""
    rows = yield from fetch(
        f"SELECT {_COLUMNS} FROM commands c JOIN servers s ON s.num = c.server_num"  # noqa: S608 - likewise
        " WHERE c.status = 'running' AND c.node_id = $1 ORDER BY c.num",
        node_id,
    )
    return [_row(row) for row in rows]


def commands_visible_to(user_id: str | None, wanted: CommandFilter) -> Script[list[CommandRow]]:
    """Return commands on servers a user owns or has a grant on, newest first; None: on every server."""
    rows = yield from fetch(
        f"SELECT {_COLUMNS} FROM commands c JOIN servers s ON s.num = c.server_num"  # noqa: S608 - likewise
        " LEFT JOIN grants g ON g.server_num = s.num AND g.user_id = $7"
        " WHERE c.num < $1 AND ($2 IS NULL OR s.id = $2) AND ($3 IS NULL OR c.batch_id = $3)"
        " AND ($4 IS NULL OR c.status = $4)"
        " AND ($5 IS NULL OR lower(c.command) LIKE $5 ESCAPE '\\')"
        " AND ($7 IS NULL OR s.owner_id = $7 OR g.user_id = $7)"
        " ORDER BY c.num DESC LIMIT $6",
        wanted.before,
        wanted.server_id,
        wanted.batch_id,
        wanted.status,
        None if wanted.containing is None else f"%{_escaped(wanted.containing.lower())}%",
        wanted.limit,
        user_id,
    )
    return [_row(row) for row in rows]


def drop_commands_before(ms: int, limit: int) -> Script[int]:
    """Delete at most `limit` ended commands made before then, with their output; return how many."""
    return (
        yield from execute(
            "DELETE FROM commands WHERE num IN (SELECT num FROM commands"
            " WHERE created_ms < $1 AND status <> 'running' ORDER BY created_ms LIMIT $2)",
            ms,
            limit,
        )
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _row(row: Row) -> CommandRow:
    values: list[Any] = list(row)
    values[7] = tuple(msgspec.json.decode(values[7], type=list[str]))
    values[16] = bool(values[16])
    return CommandRow(*values)
