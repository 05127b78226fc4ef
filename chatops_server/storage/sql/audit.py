"""The audit log: appended to, never changed."""

from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from chatops_server.domain.audit_chain import FIRST, AuditEntry, entry_hash
from chatops_server.storage.base import Row, Script, execute, fetch, fetch_one
from chatops_wire.times import format_ms, parse_ms

# A log of years fits into memory in pieces.
_CHECKED_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A stored entry and its place in the chain."""

    id: int
    entry: AuditEntry
    prev_hash: str
    hash: str


def add_audit(entry: AuditEntry) -> Script[None]:
    """Append an entry to the chain. Safe because write scripts run one after the other."""
    last = yield from fetch_one("SELECT hash FROM audit ORDER BY id DESC LIMIT 1")
    prev_hash = str(last[0]) if last else FIRST
    yield from execute(
        "INSERT INTO audit"
        " (ts_ms, user_id, action, target, server_id, result, address, data, prev_hash, hash)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        parse_ms(entry.ts),
        entry.user_id,
        entry.action,
        entry.target,
        entry.server_id,
        entry.result,
        entry.address,
        msgspec.json.encode(entry.data, order="sorted").decode(),
        prev_hash,
        entry_hash(prev_hash, entry),
    )


def audit_before(before: int, limit: int) -> Script[list[AuditRow]]:
    """Return entries with an id less than `before`, newest first."""
    rows = yield from fetch(
        "SELECT id, ts_ms, user_id, action, target, server_id, result, address, data, prev_hash, hash"
        " FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2",
        before,
        limit,
    )
    return [_row(row) for row in rows]


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """What following the chain from its first entry found."""

    entries: int
    """How many entries hold together."""
    last_id: int
    """The number of the last of them, 0 if none."""
    head: str
    """Its hash: whoever noted an earlier one elsewhere can look for it."""
    broken: str | None
    """What is wrong with the entry after them, in one line; None if there is nothing."""


def check_chain() -> Script[ChainCheck]:
    """Compute every entry's hash again, oldest first, up to the first that does not fit."""
    checked = ChainCheck(0, 0, FIRST, None)
    while True:
        rows = yield from fetch(
            "SELECT id, ts_ms, user_id, action, target, server_id, result, address, data, prev_hash, hash"
            " FROM audit WHERE id > $1 ORDER BY id LIMIT $2",
            checked.last_id,
            _CHECKED_AT_ONCE,
        )
        if not rows:
            return checked
        for values in rows:
            broken = _broken(values, checked)
            if broken:
                return replace(checked, broken=broken)
            checked = ChainCheck(checked.entries + 1, int(values[0]), str(values[-1]), None)


def _broken(values: Row, before: ChainCheck) -> str | None:
    try:
        row = _row(values)
        computed = entry_hash(row.prev_hash, row.entry)
    except (msgspec.DecodeError, ValueError, TypeError, OverflowError):
        return f"entry {values[0]} cannot be read"
    if row.hash != computed:
        return f"entry {row.id} was changed"
    if row.prev_hash != before.head:
        return f"entry {row.id} does not follow entry {before.last_id}: what stood between is gone"
    return None


def _row(row: Row) -> AuditRow:
    audit_id, ts_ms, user_id, action, target, server_id, result, address, data, prev_hash, hash_ = row
    entry = AuditEntry(
        ts=format_ms(ts_ms),
        action=action,
        result=result,
        user_id=user_id,
        target=target,
        server_id=server_id,
        address=address,
        data=msgspec.json.decode(data, type=dict[str, Any]),
    )
    return AuditRow(audit_id, entry, prev_hash, hash_)
