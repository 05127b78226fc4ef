"""Silences: one row each."""

from dataclasses import dataclass

import msgspec

from chatops_server.storage.base import Script, execute, fetch
from chatops_wire.rest_alerts import SilenceCreate


@dataclass(frozen=True, slots=True)
class SilenceRow:
    """A stored silence; `body.server_id` is the server's id."""

    id: str
    owner_id: str | None
    starts_ms: int
    ends_ms: int
    body: SilenceCreate
    created_ms: int


def all_silences() -> Script[list[SilenceRow]]:
    """Return every silence, oldest first."""
    rows = yield from fetch(
        "SELECT id, owner_id, starts_ms, ends_ms, body, created_ms FROM silences ORDER BY num"
    )
    return [
        SilenceRow(row[0], row[1], row[2], row[3], msgspec.json.decode(row[4], type=SilenceCreate), row[5])
        for row in rows
    ]


def add_silence(row: SilenceRow) -> Script[None]:
    """Insert a silence."""
    yield from execute(
        "INSERT INTO silences (id, owner_id, server_num, starts_ms, ends_ms, body, created_ms)"
        " VALUES ($1, $2, (SELECT num FROM servers WHERE id = $3), $4, $5, $6, $7)",
        row.id,
        row.owner_id,
        row.body.server_id,
        row.starts_ms,
        row.ends_ms,
        msgspec.json.encode(row.body).decode(),
        row.created_ms,
    )


def delete_silence(silence_id: str) -> Script[bool]:
    """Delete a silence; return whether it was there."""
    return (yield from execute("DELETE FROM silences WHERE id = $1", silence_id)) == 1


def drop_silences_before(ms: int) -> Script[int]:
    """Delete the silences that ended before then; return how many."""
    return (yield from execute("DELETE FROM silences WHERE ends_ms < $1", ms))
