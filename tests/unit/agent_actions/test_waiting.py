import asyncio
from contextlib import suppress

from chatops_agent.actions.waiting import Wait, after_cancellation
from tests.deadlines import DEADLINE_S


async def test_a_wait_ends_with_its_time_in_silence() -> None:
    async with Wait().within(0):
        await asyncio.Event().wait()


async def test_a_wait_can_be_cut_short() -> None:
    wait = Wait()

    async def waiting() -> str:
        async with wait.within(None):
            await asyncio.Event().wait()
        return "over"

    task = asyncio.create_task(waiting(), name="waiting")
    await asyncio.sleep(0)
    wait.end()
    wait.end()
    async with asyncio.timeout(DEADLINE_S):
        assert await task == "over"
    wait.end()


async def test_what_is_cut_short_before_it_begins_begins_all_the_same() -> None:
    wait = Wait()
    wait.end()
    reached = False
    async with wait.within(DEADLINE_S):
        reached = True
    assert reached


async def test_a_cancellation_passes_through() -> None:
    async def waiting() -> None:
        async with Wait().within(DEADLINE_S):
            await asyncio.Event().wait()

    task = asyncio.create_task(waiting(), name="waiting")
    await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_a_cancelled_task_can_wait_for_a_deadline() -> None:
    """As it cannot on early 3.11 without."""
    steps = []

    async def working() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            after_cancellation()
            for step in range(2):
                with suppress(TimeoutError):
                    async with asyncio.timeout(0):
                        await asyncio.Event().wait()
                steps.append(step)

    task = asyncio.create_task(working(), name="working")
    await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert steps == [0, 1]
    assert task.cancelled()
