"""Tasks that outlive the request that began them."""

import asyncio
import logging

import pytest

from chatops_server.services.errands import Errands


async def test_stopping_cancels_what_runs_and_begins_nothing_new() -> None:
    errands = Errands()
    ran: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ran.append("cancelled")

    assert errands.start(forever(), "forever") is not None
    await asyncio.sleep(0)
    await errands.stop()
    assert errands.start(forever(), "late") is None
    assert (ran, len(errands)) == (["cancelled"], 0)


async def test_finishing_waits_for_what_runs() -> None:
    errands = Errands()
    gate, ran = asyncio.Event(), []

    async def errand() -> None:
        await gate.wait()
        ran.append(1)

    await errands.finish()
    errands.start(errand(), "one")
    waiting = asyncio.create_task(errands.finish())
    await asyncio.sleep(0)
    gate.set()
    await waiting
    assert ran == [1]
    await errands.stop()


async def test_a_defect_costs_its_errand_only(caplog: pytest.LogCaptureFixture) -> None:
    errands = Errands()

    async def fails() -> None:
        raise RuntimeError("a defect")

    with caplog.at_level(logging.ERROR):
        errands.start(fails(), "unlucky")
        await errands.finish()
    [record] = caplog.records
    assert (record.message, record.task) == ("a task failed", "unlucky")  # type: ignore[attr-defined]
    await errands.stop()
