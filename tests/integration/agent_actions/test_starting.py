"""Processes that start late, or whose start hangs: nobody waits long, and none is left behind."""

import asyncio
import os
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pytest

from chatops_agent.actions.processes.family import Family
from chatops_agent.actions.processes.lane_pool import LanePool
from chatops_agent.actions.processes.spawning import Launch, Spawner, Started
from chatops_agent.lanes import LaneBusyError
from tests.deadlines import eventually
from tests.integration.agent_actions.processes import gone, is_alive

T = TypeVar("T")


def _launch(tmp_path: Path) -> Launch:
    return Launch(
        argv=(
            "/bin/sh",
            "-c",
            f"echo $$ > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid; exec sleep 1000",
        ),
        env={"PATH": os.defpath},
        cwd="/",
        cookie="c",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


async def _pid(tmp_path: Path) -> int:
    await eventually((tmp_path / "pid").exists)
    return int((tmp_path / "pid").read_text())


class HungLanes(LanePool):
    """Jobs are done at once, or when the test does them; whoever waits never hears of it."""

    def __init__(self, *, at_once: bool) -> None:
        super().__init__("hung")
        self._at_once = at_once
        self.jobs: list[Callable[[], object]] = []

    async def run(self, job: Callable[[], T]) -> T:
        if self._at_once:
            await asyncio.to_thread(job)
        self.jobs.append(job)
        never: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        return await never


async def test_a_start_that_was_given_up_too_late_is_undone(tmp_path: Path) -> None:
    lanes, family = HungLanes(at_once=True), Family()
    start = asyncio.create_task(Spawner(lanes, family, None).start(_launch(tmp_path)), name="start")
    pid = await _pid(tmp_path)
    await _cancelled(start)
    await gone(pid)
    await eventually(lambda: not family.own)
    lanes.close()


async def test_a_start_that_comes_too_late_is_undone(tmp_path: Path) -> None:
    lanes, family = HungLanes(at_once=False), Family()
    start = asyncio.create_task(Spawner(lanes, family, None).start(_launch(tmp_path)), name="start")
    await eventually(lambda: lanes.jobs)
    await _cancelled(start)
    # Returns once the process has been ended and reaped.
    await asyncio.to_thread(lanes.jobs[0])
    assert not (tmp_path / "pid").exists() or not is_alive(await _pid(tmp_path))
    lanes.close()


async def _cancelled(task: "asyncio.Task[Started]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_when_every_lane_hangs_the_next_job_is_refused() -> None:
    lanes = LanePool("test")
    release = threading.Event()
    stuck = [asyncio.create_task(lanes.run(release.wait), name=f"stuck-{number}") for number in range(8)]
    await asyncio.sleep(0)
    late = asyncio.create_task(lanes.run(lambda: 1), name="late")
    await eventually(lambda: not late.done())
    for task in stuck:
        task.cancel()
    await asyncio.gather(*stuck, return_exceptions=True)
    with pytest.raises(LaneBusyError):
        await late
    release.set()
    await eventually(lambda: _works(lanes))
    lanes.close()


async def _works(lanes: LanePool) -> bool:
    with suppress(LaneBusyError):
        return await lanes.run(lambda: True)
    return False
