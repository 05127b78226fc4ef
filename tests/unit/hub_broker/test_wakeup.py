"""A wakeup beside what asyncio.Event promises to one task."""

import asyncio

import pytest

from chatops_server.broker.wakeup import Wakeup
from tests.deadlines import DEADLINE_S


async def _settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_what_is_set_does_not_wait() -> None:
    wakeup = Wakeup()
    wakeup.set()
    wakeup.set()
    await asyncio.wait_for(wakeup.wait(), DEADLINE_S)
    await asyncio.wait_for(wakeup.wait(), DEADLINE_S)


async def test_a_waiter_is_woken_each_time() -> None:
    wakeup = Wakeup()
    for _ in range(3):
        waiting = asyncio.create_task(wakeup.wait())
        await _settle()
        assert not waiting.done()
        wakeup.set()
        await asyncio.wait_for(waiting, DEADLINE_S)
        wakeup.clear()


async def test_who_is_woken_and_finds_it_cleared_waits_on() -> None:
    wakeup = Wakeup()
    waiting = asyncio.create_task(wakeup.wait())
    await _settle()
    wakeup.set()
    wakeup.clear()
    await _settle()
    assert not waiting.done()
    wakeup.set()
    await asyncio.wait_for(waiting, DEADLINE_S)


async def test_after_a_cancelled_wait_the_next_one_is_woken() -> None:
    wakeup = Wakeup()
    first = asyncio.create_task(wakeup.wait())
    await _settle()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    second = asyncio.create_task(wakeup.wait())
    await _settle()
    wakeup.set()
    await asyncio.wait_for(second, DEADLINE_S)
