"""A slow taker of events gets each once and in order, whether it waited in memory or on disk."""

import asyncio
import errno
import os
import tempfile
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.client.backlog import Backlog, Weights
from tests.deadlines import DEADLINE_S

Event = tuple[int, bytes]
OF_EVENTS: Weights[Event] = Weights(
    lambda event: 1 + len(event[1]), lambda event: event[1], lambda event, data: (event[0], data)
)


@pytest.fixture
async def backlog() -> AsyncIterator[Backlog[Event]]:
    backlog = Backlog(OF_EVENTS, held=100, spilled=2_000)
    yield backlog
    await backlog.close()


async def put(backlog: Backlog[Event], number: int, size: int = 30) -> None:
    backlog.put((number, bytes([number % 256]) * size))
    async with asyncio.timeout(DEADLINE_S):
        await backlog.room()


async def test_what_fits_stays_in_memory(backlog: Backlog[Event]) -> None:
    for number in range(3):
        await put(backlog, number)
    assert (backlog.held, backlog.spilled) == (93, 0)
    assert [(await backlog.get())[0] for _ in range(3)] == [0, 1, 2]


async def test_what_does_not_fit_waits_on_disk_and_comes_in_order(backlog: Backlog[Event]) -> None:
    for number in range(50):
        await put(backlog, number)
    assert backlog.held <= 100
    assert backlog.spilled > 1_000
    for number in range(50):
        assert await backlog.get() == (number, bytes([number]) * 30)


async def test_events_without_a_payload_keep_their_place(backlog: Backlog[Event]) -> None:
    sizes = [30, 0, 90, 0, 0, 60, 30, 0, 200, 0]
    for number, size in enumerate(sizes):
        await put(backlog, number, size)
    assert [len((await backlog.get())[1]) for _ in sizes] == sizes


async def test_a_full_disk_share_holds_the_reader_until_something_is_taken(backlog: Backlog[Event]) -> None:
    for number in range(60):
        await put(backlog, number)
    while True:
        backlog.put((60, b"x" * 90))
        waiting = asyncio.create_task(backlog.room())
        done, _ = await asyncio.wait([waiting], timeout=0.05)
        if not done:
            break
    assert not waiting.done()
    taken = 0
    while not waiting.done():
        await backlog.get()
        taken += 1
        await asyncio.sleep(0)
    assert taken


async def test_a_file_that_was_read_is_used_again(backlog: Backlog[Event]) -> None:
    for _ in range(5):
        for number in range(40):
            await put(backlog, number)
        for number in range(40):
            assert (await backlog.get())[0] == number
    assert backlog.spilled < 2_000


async def test_a_disk_that_takes_nothing_costs_nothing(
    backlog: Backlog[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_given: Any) -> int:  # noqa: ANN401 - as os.pwrite
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    for number in range(3):
        backlog.put((number, b"x" * 60))
    waiting = asyncio.create_task(backlog.room())
    assert [(await backlog.get())[0] for _ in range(3)] == [0, 1, 2]
    async with asyncio.timeout(DEADLINE_S):
        await waiting


@given(st.lists(st.one_of(st.integers(0, 150), st.none()), max_size=80))
def test_whatever_is_put_and_taken_comes_once_and_in_order(steps: list[int | None]) -> None:
    """A number puts an event of that size, None takes one if there is one."""

    async def run() -> None:
        backlog = Backlog(OF_EVENTS, held=100, spilled=100_000)
        put_in: list[int] = []
        taken: list[Event] = []
        for step in steps:
            if step is not None:
                await put(backlog, len(put_in), step)
                put_in.append(step)
            elif len(taken) < len(put_in):
                taken.append(await backlog.get())
        while len(taken) < len(put_in):
            taken.append(await backlog.get())
        await backlog.close()
        assert taken == [(number, bytes([number]) * size) for number, size in enumerate(put_in)]

    asyncio.run(run())
