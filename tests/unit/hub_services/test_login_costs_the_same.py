"""A login is refused with the same work, whoever it was for: counted, as time on a shared machine is none."""

import asyncio
from collections import Counter
from pathlib import Path

import bcrypt
import pytest

from tests.integration.hub_rest.conftest import opened


async def test_unknown_wrong_and_inactive_cost_one_hash_each_and_say_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work: Counter[bytes] = Counter()
    check = bcrypt.checkpw

    def counted(password: bytes, hashed: bytes) -> bool:
        work[hashed[:7]] += 1  # algorithm and cost
        return check(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", counted)
    async with opened(tmp_path) as asker:
        sleepy, _ = await asker.user("sleepy", "viewer")
        await asker.patch(f"/users/{sleepy}", {"active": False})
        told = []
        for name in ("nobody", "admin", "sleepy", "x" * 60):
            work.clear()
            answer = await asker.post("/auth/login", {"username": name, "password": "wrong"}, token=None)
            told.append((answer.status, str(answer.body), dict(work)))
        await asyncio.sleep(0)
    assert told == told[:1] * 4
    assert sum(told[0][2].values()) == 1
