"""The audit log: appended to, never changed."""

from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from chatops_server.domain.audit_chain import FIRST, AuditEntry, entry_hash
from chatops_server.storage.base import Row, Script, execute, fetch, fetch_one
from chatops_wire.times import format_ms, parse_ms

NEWEST: Final = 2**63 - 1
"""A cursor before which every entry stands."""
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
    if entry.target and "\x00" in entry.target:
        # Not every engine can store it, and the hash is of what is stored.
        entry = replace(entry, target=entry.target.replace("\x00", "\ufffd"))
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


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries: None means any; `before` is the id of the last one already had."""

    user_id: str | None = None
    action: str | None = None
    """How the action begins: `command` finds `command.run` and `command.cancel`."""
    server_id: str | None = None
    result: str | None = None
    start_ms: int | None = None
    """Not before this."""
    end_ms: int | None = None
    """Before this."""
    before: int = NEWEST
    limit: int = 100


def audit_matching(wanted: AuditFilter) -> Script[list[AuditRow]]:
    """Return the entries that match, newest first."""
    rows = yield from fetch(
        "SELECT id, ts_ms, user_id, action, target, server_id, result, address, data, prev_hash, hash"
        " FROM audit WHERE id < $1"
        " AND (CAST($2 AS TEXT) IS NULL OR user_id = $2)"
        " AND (CAST($3 AS TEXT) IS NULL OR substr(action, 1, length($3)) = $3)"
        " AND (CAST($4 AS TEXT) IS NULL OR server_id = $4)"
        " AND (CAST($5 AS TEXT) IS NULL OR result = $5)"
        " AND (CAST($6 AS BIGINT) IS NULL OR ts_ms >= $6)"
        " AND (CAST($7 AS BIGINT) IS NULL OR ts_ms < $7)"
        " ORDER BY id DESC LIMIT $8",
        wanted.before,
        wanted.user_id,
        wanted.action,
        wanted.server_id,
        wanted.result,
        wanted.start_ms,
        wanted.end_ms,
        wanted.limit,
    )
    return [_row(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry: noted where the database is not, it shows whether the end was cut off."""

    id: int
    hash: str


def audit_head() -> Script[Head | None]:
    """Return the newest entry's number and hash; None of an empty log."""
    last = yield from fetch_one("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")
    return Head(int(last[0]), str(last[1])) if last else None


def missing_head(noted: Head) -> Script[str | None]:
    """Return in one line what is wrong with the entry that was noted; None if it is there as it was."""
    found = yield from fetch_one("SELECT hash FROM audit WHERE id = $1", noted.id)
    if found is None:
        return f"entry {noted.id}, which was noted outside the database, is gone"
    if str(found[0]) != noted.hash:
        return f"entry {noted.id} is another than was noted outside the database"
    return None


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
