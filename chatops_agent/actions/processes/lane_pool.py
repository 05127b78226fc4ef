"""A few threads for calls that may hang, shared by many callers."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from chatops_agent.lanes import Lane, LaneBusyError

T = TypeVar("T")

# Calls take a millisecond; only hung ones take a thread for long.
_LANES: Final = 8


class LanePool:
    """Runs as many jobs at once as there are lanes; more wait, until all lanes hang."""

    def __init__(self, name: str, lanes: int = _LANES, on_end: Callable[[], None] | None = None) -> None:
        """Prepare; each thread starts with its first job.

        Args:
            name: Of the threads.
            lanes: How many jobs run at once.
            on_end: Called in each thread when it ends.
        """
        self._lanes = [Lane(f"{name}-{number}", on_end) for number in range(lanes)]
        self._turns = asyncio.Semaphore(lanes)

    async def run(self, job: Callable[[], T]) -> T:
        """Return what the job returns, or raise what it raises.

        Cancelling (a deadline) gives up waiting, not the job.

        Raises:
            LaneBusyError: Every lane is taken by a job that somebody gave up.
        """
        async with self._turns:
            for lane in self._lanes:
                try:
                    return await lane.run(job)
                except LaneBusyError:
                    continue
            raise LaneBusyError

    def close(self) -> None:
        """Let the threads end; one that hangs is left behind."""
        for lane in self._lanes:
            lane.close()
