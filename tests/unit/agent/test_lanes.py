import asyncio
import threading

import pytest

from chatops_agent.lanes import Lane, LaneBusyError
from tests.deadlines import eventually


async def test_a_job_runs_in_a_thread_of_the_lane() -> None:
    lane = Lane("x")
    name = await lane.run(lambda: threading.current_thread().name)
    same = await lane.run(lambda: threading.current_thread().name)
    lane.close()
    assert name == same == "lane-x"


async def test_what_jobs_have_left_in_the_thread_is_cleared_away_in_it() -> None:
    names: list[str] = []
    lane = Lane("x", lambda: names.append(threading.current_thread().name))
    await lane.run(lambda: None)
    assert not names
    lane.close()
    await eventually(lambda: names == ["lane-x"])


async def test_what_a_job_raises_reaches_its_caller_and_the_lane_goes_on() -> None:
    lane = Lane("x")
    with pytest.raises(ZeroDivisionError):
        await lane.run(lambda: 1 // 0)
    assert await lane.run(lambda: 7) == 7
    lane.close()


async def test_while_a_job_hangs_the_next_is_refused_and_nobody_waits() -> None:
    lane, released = Lane("x"), threading.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await lane.run(released.wait)
    with pytest.raises(LaneBusyError):
        await lane.run(lambda: None)
    released.set()

    async def runs_again() -> bool:
        try:
            return await lane.run(lambda: True)
        except LaneBusyError:
            return False

    assert await eventually(runs_again)
    lane.close()


async def test_closing_does_not_wait_for_a_hanging_job() -> None:
    lane, released = Lane("x"), threading.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await lane.run(released.wait)
    lane.close()
    released.set()


def test_a_job_that_outlasts_the_loop_ends_quietly() -> None:
    lane, released = Lane("x"), threading.Event()

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await lane.run(released.wait)

    asyncio.run(give_up())
    released.set()
    lane.close()


def test_a_lane_that_never_ran_closes() -> None:
    Lane("x").close()
