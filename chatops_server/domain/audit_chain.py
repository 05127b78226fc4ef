"""The chain that shows whether the audit log was altered: each entry's hash covers the one before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import msgspec

FIRST: Final = "0" * 64
"""`prev_hash` of the first entry."""

_encoder: Final = msgspec.json.Encoder(order="sorted")


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to what, with which result, from where and when."""

    ts: str
    """RFC 3339, as it is shown."""
    action: str
    result: str
    user_id: str | None = None
    target: str | None = None
    server_id: str | None = None
    address: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def entry_hash(prev_hash: str, entry: AuditEntry) -> str:
    """Return SHA-256, hex, of `prev_hash` followed by the entry as JSON with sorted keys and no spaces.

    Anybody who reads `/audit` can compute it again: the names are those of the fields shown.
    """
    return sha256(prev_hash.encode() + _encoder.encode(entry)).hexdigest()
