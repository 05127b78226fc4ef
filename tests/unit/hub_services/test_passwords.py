"""Password hashes and the bounded work on them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from chatops_server.errors import TooManyRequestsError
from chatops_server.services.passwords import PasswordHasher

CHEAP = 4


@pytest.fixture
async def hasher() -> AsyncIterator[PasswordHasher]:
    hasher = PasswordHasher(CHEAP, max_waiting=4)
    yield hasher
    await asyncio.to_thread(hasher.close)


@pytest.mark.parametrize("password", ["short", "x" * 500, "with\0nul", "pässwörd ✓", ""])
async def test_any_password_matches_itself_and_nothing_else(hasher: PasswordHasher, password: str) -> None:
    stored = await hasher.hash(password)
    assert await hasher.verify(password, stored)
    assert not await hasher.verify(password + "x", stored)
    assert not await hasher.verify(password, None)
    assert not await hasher.verify(password, "unknown scheme")


async def test_the_same_password_is_stored_differently_each_time(hasher: PasswordHasher) -> None:
    assert await hasher.hash("password") != await hasher.hash("password")


async def test_more_than_may_wait_are_refused(hasher: PasswordHasher) -> None:
    calls = await asyncio.gather(*(hasher.hash("password") for _ in range(10)), return_exceptions=True)
    refused = [call for call in calls if isinstance(call, TooManyRequestsError)]
    assert len(refused) == 6
    assert refused[0].retry_after_s > 0
    assert await hasher.hash("password")
