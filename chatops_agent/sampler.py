"""Takes a sample whenever one is due."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import NoReturn

from chatops_agent.collectors.sampling import Sampling
from chatops_agent.schedule import Schedule
from chatops_wire.samples import SampleParts

log = logging.getLogger(__name__)


class Sampler:
    """Follows a schedule, which the hub may change at any time."""

    def __init__(self, sampling: Sampling, schedule: Schedule) -> None:
        self._sampling = sampling
        self._schedule = schedule
        self._changed = asyncio.Event()

    def configure(self, interval_s: float | None) -> None:
        """Sample this often from now on; None: as often as the agent's own setting says."""
        before = self._schedule
        self._schedule = before.configured(interval_s)
        if self._schedule != before:
            log.debug("sampling interval changed", extra={"interval_s": self._schedule.interval_s})
            self._changed.set()

    async def run(self, deliver: Callable[[SampleParts], Awaitable[None]]) -> NoReturn:
        """Sample until cancelled, and hand each sample on; what delays that delays the next sample."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        # Rates need a reading before; this one is not sent.
        await self._sampling.sample(started)
        await self._wait(partial(Schedule.first_due, started=started))
        while True:
            taken = loop.time()
            sample = await self._sampling.sample(taken)
            if sample is not None:
                await deliver(sample)
            await self._wait(partial(Schedule.next_due, last=taken))

    async def _wait(self, due: Callable[[Schedule], float]) -> None:
        """Wait until the time that `due` reads off the schedule, read again after each change of it."""
        loop = asyncio.get_running_loop()
        self._changed.clear()
        while (moment := due(self._schedule)) > loop.time():
            with suppress(TimeoutError):
                async with asyncio.timeout_at(moment):
                    await self._changed.wait()
            self._changed.clear()
