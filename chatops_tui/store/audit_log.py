"""The audit log as it is read: what may be typed to narrow it, and whether its entries hold together."""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

import msgspec
from msgspec.structs import replace

from chatops_tui.audit_requests import AuditWish
from chatops_wire.rest import AuditView
from chatops_wire.times import format_ms

KEYS: Final = ("user", "action", "server", "result", "since")

PLACEHOLDER: Final = "user:ann action:command server:web-1 result:failed since:24h"
_AGO: Final = re.compile(r"(\d{1,6})([mhdw])", re.ASCII)
_UNIT_MS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_COVERED: Final = ("ts", "action", "result", "user_id", "target", "server_id", "address", "data")
_encoder: Final = msgspec.json.Encoder(order="sorted")


def wish_of(text: str, server_ids: Mapping[str, str], now_ms: int) -> tuple[AuditWish, tuple[str, ...]]:
    """Return what was typed, as the hub narrows it, and the other words, which are looked for here.

    Args:
        text: Words; `user:`, `action:`, `server:`, `result:` and `since:` are the hub's.
        server_ids: Ids by name, in lower case.
        now_ms: What `since:24h` counts from.
    """
    wish, words = AuditWish(), []
    for word in text.split():
        key, colon, value = word.partition(":")
        if not colon or key not in KEYS:
            words.append(word.casefold())
        elif value and key == "server":
            wish = replace(wish, server_id=server_ids.get(value.casefold(), value))
        elif value and key == "since":
            wish = replace(wish, start=_start(value, now_ms))
        elif value:
            wish = replace(wish, **{key: value})
    return wish, tuple(words)


def matches(words: Sequence[str], texts: Sequence[str]) -> bool:
    """Say whether every word is in one of the texts; upper and lower case are the same."""
    whole = "\n".join(texts).casefold()
    return all(word in whole for word in words)


def computed_hash(entry: AuditView) -> str:
    """Return the hash an entry has to have: SHA-256 of the one before and the entry's own fields."""
    fields = {name: getattr(entry, name) for name in _COVERED}
    return sha256(entry.prev_hash.encode() + _encoder.encode(fields)).hexdigest()


def broken_at(entries: Sequence[AuditView], *, adjoining: bool) -> str | None:
    """Return the id of the newest entry that was altered, or that does not follow the one before it.

    Args:
        entries: The newest first.
        adjoining: Whether nothing was left out between them.
    """
    for at, entry in enumerate(entries):
        if computed_hash(entry) != entry.hash:
            return entry.id
        before = entries[at + 1] if adjoining and at + 1 < len(entries) else None
        if before is not None and before.hash != entry.prev_hash:
            return entry.id
    return None


def _start(value: str, now_ms: int) -> str:
    ago = _AGO.fullmatch(value)
    return format_ms(max(0, now_ms - int(ago[1]) * _UNIT_MS[ago[2]])) if ago else value
