"""A shared, bounded amount: who waits, and who goes first."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_server.services.budget import Budget
from tests.deadlines import DEADLINE_S


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_asks_for_more_than_is_left_waits() -> None:
    budget = Budget(10)
    await budget.take(8)
    waiting = asyncio.create_task(budget.take(3))
    await settle()
    assert not waiting.done()
    budget.give(1)
    await waiting
    assert budget.taken == 10


async def test_of_two_large_wishes_the_smaller_does_not_overtake() -> None:
    budget = Budget(10)
    await budget.take(8)
    large, small = asyncio.create_task(budget.take(10)), asyncio.create_task(budget.take(5))
    await settle()
    assert not small.done()
    budget.give(8)
    await large
    await settle()
    assert not small.done()
    budget.give(10)
    await small


async def test_who_is_cancelled_takes_nothing_and_lets_the_next_one_in() -> None:
    budget = Budget(10)
    await budget.take(8)
    large, small = asyncio.create_task(budget.take(10)), asyncio.create_task(budget.take(2))
    await settle()
    large.cancel()
    await asyncio.wait({large})
    await small
    assert budget.taken == 10


async def test_cancelled_in_the_moment_of_the_grant_it_gives_back() -> None:
    budget = Budget(1)
    await budget.take(1)
    waiting = asyncio.create_task(budget.take(1))
    await settle()
    budget.give(1)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert waiting.cancelled()
    assert budget.taken == 0


async def test_more_than_there_will_ever_be_is_refused() -> None:
    with pytest.raises(ValueError, match="11 of at most 10"):
        await Budget(10).take(11)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=20))
def test_all_is_there_again_when_everybody_has_gone(wishes: Sequence[tuple[int, bool]]) -> None:
    asyncio.run(_everybody(wishes))


async def _everybody(wishes: Sequence[tuple[int, bool]]) -> None:
    budget = Budget(5)

    async def one(amount: int) -> None:
        await budget.take(amount)
        try:
            await asyncio.sleep(0)
        finally:
            budget.give(amount)

    tasks = [(asyncio.create_task(one(amount)), stays) for amount, stays in wishes]
    for task, stays in tasks:
        await asyncio.sleep(0)
        assert 0 <= budget.taken <= 5
        if not stays:
            task.cancel()
    async with asyncio.timeout(DEADLINE_S):
        await asyncio.gather(*(task for task, _ in tasks), return_exceptions=True)
    assert budget.taken == 0


async def test_a_small_wish_goes_ahead_of_large_ones() -> None:
    budget, order = Budget(10), list[str]()

    async def take(amount: int, name: str) -> None:
        await budget.take(amount)
        order.append(name)

    await budget.take(10)
    async with asyncio.TaskGroup() as tasks:
        for amount, name in ((9, "first batch"), (9, "second batch"), (1, "live")):
            tasks.create_task(take(amount, name))
            await asyncio.sleep(0)
        budget.give(1)
        await asyncio.sleep(0)
        ahead = list(order)
        budget.give(10)
        await asyncio.sleep(0)
        budget.give(9)
    assert (ahead, order) == (["live"], ["live", "first batch", "second batch"])
