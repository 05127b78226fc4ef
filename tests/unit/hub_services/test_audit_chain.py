"""The chain of the audit log."""

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from chatops_server.domain.audit_chain import FIRST, AuditEntry, entry_hash

ENTRY = AuditEntry(
    ts="2026-01-31T12:00:00.000Z", action="login", result="ok", user_id="usr_1", data={"b": 1, "a": "ä"}
)


def test_anybody_can_compute_it_from_what_is_shown() -> None:
    shown = {name: getattr(ENTRY, name) for name in AuditEntry.__slots__}
    text = json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert entry_hash(FIRST, ENTRY) == sha256((FIRST + text).encode()).hexdigest()


@pytest.mark.parametrize("field", AuditEntry.__slots__)
def test_it_covers_every_field_and_the_entry_before(field: str) -> None:
    other: Any = {"x": 1} if field == "data" else "changed"
    changed = replace(ENTRY, **{field: other})
    assert entry_hash(FIRST, changed) != entry_hash(FIRST, ENTRY)
    assert entry_hash("1" * 64, ENTRY) != entry_hash(FIRST, ENTRY)
