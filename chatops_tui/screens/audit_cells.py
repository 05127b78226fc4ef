"""Entries of the audit log as rows of a table, and one of them in full."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

import msgspec

from chatops_tui.render import numbers
from chatops_tui.render.columns import Column
from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_tui.store.audit_log import computed_hash
from chatops_wire.rest import AuditView
from chatops_wire.times import parse_ms

COLUMNS: Final = (
    Column("when", "WHEN", 12, sortable=False),
    Column("user", "USER", 8, flex=1, max_width=20),
    Column("action", "ACTION", 16, flex=1, max_width=24),
    Column("result", "RESULT", 12),
    Column("server", "SERVER", 8, flex=1, max_width=20, priority=1),
    Column("target", "TARGET", 8, flex=3, priority=2),
    Column("from", "FROM", 15, priority=3),
)
WELL: Final = frozenset({"ok", "success", "succeeded", "allowed", "sent", "begun", "asked"})
_LABEL: Final = 10


@dataclass(frozen=True, slots=True)
class AuditLook:
    """What cells depend on besides the entry."""

    zone: tzinfo
    users: Mapping[str, str]
    servers: Mapping[str, str]

    def user(self, entry: AuditView) -> str:
        """Return who did it, clean."""
        return clean(self.users.get(entry.user_id or "", entry.user_id or "nobody"))

    def server(self, entry: AuditView) -> str:
        """Return where, clean; empty where it is no server's."""
        return clean(self.servers.get(entry.server_id or "", entry.server_id or ""))


def cells(entry: AuditView, look: AuditLook) -> list[Cell]:
    """Return the cells of one entry, a cell for each of COLUMNS."""
    return [
        [(_when(entry.ts, look.zone, "%d %b %H:%M"), "muted")],
        [(look.user(entry), "strong")],
        [(clean(entry.action), "text")],
        [(clean(entry.result), "ok" if entry.result in WELL else "warn")],
        [(look.server(entry), "text")],
        [(clean(entry.target or ""), "text")],
        [(clean(entry.address or ""), "muted")],
    ]


def facts(entry: AuditView, look: AuditLook, columns: int) -> list[Cell]:
    """Return one entry in full, its data and the chain included, for a width of `columns` cells."""
    holds = computed_hash(entry) == entry.hash
    told = (
        ("when", f"{_when(entry.ts, look.zone, '%Y-%m-%d %H:%M:%S')}  ({clean(entry.ts)})"),
        ("user", f"{look.user(entry)}  {clean(entry.user_id or '')}"),
        ("result", clean(entry.result)),
        ("target", clean(entry.target or "")),
        ("server", f"{look.server(entry)}  {clean(entry.server_id or '')}" if entry.server_id else ""),
        ("from", clean(entry.address or "")),
        ("entry", clean(entry.id)),
        ("before", clean(entry.prev_hash)),
        ("hash", clean(entry.hash)),
    )
    lines: list[Cell] = [[(clean(entry.action), "strong")], []]
    for label, text in told:
        lines += _wrapped(label, text or numbers.MISSING, columns)
    state: Cell = (
        [("● ", "ok"), ("The hash is that of what is shown.", "text")]
        if holds
        else [
            ("✖ ", "crit"),
            ("The hash is another than that of what is shown: the entry was altered.", "crit"),
        ]
    )
    lines += [state, []]
    data = (
        msgspec.json.format(msgspec.json.encode(entry.data), indent=2).decode() if entry.data else "no data"
    )
    for line in data.splitlines():
        lines += _wrapped("", clean(line), columns, indent=0)
    return lines


def _wrapped(label: str, text: str, columns: int, *, indent: int = _LABEL) -> list[Cell]:
    room = max(8, columns - indent)
    pieces = [text[at : at + room] for at in range(0, len(text), room)] or [""]
    return [
        [((label if at == 0 else "").ljust(indent), "muted"), (piece, "text")]
        for at, piece in enumerate(pieces)
    ]


def _when(text: str, zone: tzinfo, form: str) -> str:
    try:
        return datetime.fromtimestamp(parse_ms(text) / 1000, zone).strftime(form)
    except ValueError:
        return clean(text)
