"""Samples of several agents share a commit, and nobody waits for what never comes."""

import asyncio

import pytest

from chatops_server.storage.jobs import RowsJob
from chatops_server.storage.sqlite.gathering import Gathering, Together
from chatops_server.storage.sqlite.pacing import ENOUGH_ROWS
from tests.deadlines import eventually
from tests.hub_rows import NOON_MS, row


@pytest.fixture
async def put() -> list[Together]:
    return []


@pytest.fixture
async def gathering(put: list[Together]) -> Gathering:
    """One that was busy, so that what comes waits."""
    made = Gathering(asyncio.get_running_loop(), put.append)
    for number in range(ENOUGH_ROWS):
        made.add(_job(number))
    for number in range(20):
        made.add(_job(number))
        made.flush()
    put.clear()
    return made


async def test_who_waits_goes_with_the_next_commit_whatever_it_is_for(
    gathering: Gathering, put: list[Together]
) -> None:
    jobs = [_job(1), _job(2)]
    for job in jobs:
        gathering.add(job)
    waited = not put
    gathering.flush()

    assert waited
    assert [jobs] == [list(together.jobs) for together in put]


async def test_enough_samples_are_put_at_once_and_together(gathering: Gathering, put: list[Together]) -> None:
    for number in range(ENOUGH_ROWS):
        gathering.add(_job(number))

    assert [len(together.jobs) for together in put] == [ENOUGH_ROWS]


async def test_a_sample_without_company_is_put_by_the_clock(
    gathering: Gathering, put: list[Together]
) -> None:
    gathering.add(_job(1))

    await eventually(lambda: put)
    assert len(put[0].jobs) == 1


async def test_with_nothing_to_put_nothing_is_put(gathering: Gathering, put: list[Together]) -> None:
    gathering.flush()

    assert put == []


def _job(number: int) -> RowsJob:
    return RowsJob(asyncio.get_running_loop().create_future(), [row(1, NOON_MS, server_num=number)])
