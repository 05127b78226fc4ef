"""Thresholds: one row each, and the mark that a hub has made its first ones."""

from dataclasses import dataclass

import msgspec

from chatops_server.storage.base import Script, execute, fetch
from chatops_wire.rest_alerts import ThresholdCreate

_DEFAULTS_MADE = "default thresholds"


@dataclass(frozen=True, slots=True)
class ThresholdRow:
    """A stored threshold; `body.server_id` is the server's id."""

    id: str
    owner_id: str | None
    body: ThresholdCreate
    created_ms: int
    updated_ms: int


def all_thresholds() -> Script[list[ThresholdRow]]:
    """Return every threshold, oldest first."""
    rows = yield from fetch("SELECT id, owner_id, body, created_ms, updated_ms FROM thresholds ORDER BY num")
    return [
        ThresholdRow(row[0], row[1], msgspec.json.decode(row[2], type=ThresholdCreate), row[3], row[4])
        for row in rows
    ]


def add_threshold(row: ThresholdRow) -> Script[None]:
    """Insert a threshold. A server that is gone is a threshold of none: see the caller."""
    yield from execute(
        "INSERT INTO thresholds (id, owner_id, server_num, body, created_ms, updated_ms)"
        " VALUES ($1, $2, (SELECT num FROM servers WHERE id = $3), $4, $5, $6)",
        row.id,
        row.owner_id,
        row.body.server_id,
        msgspec.json.encode(row.body).decode(),
        row.created_ms,
        row.updated_ms,
    )


def change_threshold(row: ThresholdRow) -> Script[bool]:
    """Store what a threshold asks for now; return whether it is still there."""
    changed = yield from execute(
        "UPDATE thresholds SET server_num = (SELECT num FROM servers WHERE id = $2), body = $3,"
        " updated_ms = $4, owner_id = $5 WHERE id = $1",
        row.id,
        row.body.server_id,
        msgspec.json.encode(row.body).decode(),
        row.updated_ms,
        row.owner_id,
    )
    return changed == 1


def delete_threshold(threshold_id: str) -> Script[bool]:
    """Delete a threshold; return whether it was there."""
    return (yield from execute("DELETE FROM thresholds WHERE id = $1", threshold_id)) == 1


def mark_defaults_made() -> Script[bool]:
    """Note that this hub has its first thresholds; return whether that is new."""
    changed = yield from execute(
        "INSERT INTO hub_marks (name) VALUES ($1) ON CONFLICT (name) DO NOTHING", _DEFAULTS_MADE
    )
    return changed == 1
