"""What is kept of commands' output, piece by piece."""

from dataclasses import dataclass

from chatops_server.storage.base import Script, execute, fetch, fetch_one


@dataclass(frozen=True, slots=True)
class PartRow:
    """One piece without its body."""

    part: int
    first_seq: int
    last_seq: int
    raw_bytes: int


@dataclass(frozen=True, slots=True)
class StoredOutput:
    """The output of one command, and what it takes."""

    command_num: int
    stored_bytes: int


def add_part(command_num: int, row: PartRow, body: bytes) -> Script[None]:
    """Insert a piece, in place of one with the same number."""
    yield from execute(
        "INSERT INTO command_output (command_num, part, first_seq, last_seq, raw_bytes, body)"
        " VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (command_num, part) DO UPDATE SET first_seq = $3, last_seq = $4, raw_bytes = $5,"
        " body = $6",
        command_num,
        row.part,
        row.first_seq,
        row.last_seq,
        row.raw_bytes,
        body,
    )


def drop_part(command_num: int, part: int) -> Script[None]:
    """Delete a piece."""
    yield from execute("DELETE FROM command_output WHERE command_num = $1 AND part = $2", command_num, part)


def parts(command_num: int) -> Script[list[PartRow]]:
    """Return the pieces of a command's output, in order."""
    rows = yield from fetch(
        "SELECT part, first_seq, last_seq, raw_bytes FROM command_output"
        " WHERE command_num = $1 ORDER BY first_seq, part",
        command_num,
    )
    return [PartRow(*row) for row in rows]


def part_body(command_num: int, part: int) -> Script[bytes | None]:
    """Return a piece's body, None when it is gone."""
    row = yield from fetch_one(
        "SELECT body FROM command_output WHERE command_num = $1 AND part = $2", command_num, part
    )
    return None if row is None else bytes(row[0])


def output_bytes() -> Script[int]:
    """Return what all stored output takes, compressed."""
    [(total,)] = yield from fetch("SELECT coalesce(sum(length(body)), 0) FROM command_output")
    return int(total)


def oldest_outputs(limit: int) -> Script[list[StoredOutput]]:
    """Return the oldest ended commands that have output."""
    rows = yield from fetch(
        "SELECT o.command_num, sum(length(o.body)) FROM command_output o"
        " JOIN commands c ON c.num = o.command_num WHERE c.status <> 'running'"
        " GROUP BY o.command_num ORDER BY o.command_num LIMIT $1",
        limit,
    )
    return [StoredOutput(int(num), int(size)) for num, size in rows]


def drop_output(command_num: int) -> Script[None]:
    """Delete a command's output; the command itself stays."""
    yield from execute("DELETE FROM command_output WHERE command_num = $1", command_num)
    yield from execute("UPDATE commands SET truncated = 1 WHERE num = $1", command_num)
