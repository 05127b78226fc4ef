"""Samples of many agents on the event loop, until they are worth a commit together."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chatops_server.storage.jobs import RowsJob
from chatops_server.storage.sqlite.pacing import Pacing


@dataclass(frozen=True, slots=True)
class Together:
    """What is committed in one transaction."""

    jobs: Sequence[RowsJob]


class Gathering:
    """Keeps appends for a moment (storage.sqlite.pacing says how long), then puts them as one job.

    For the event loop's thread. The writer bounds how many appends there are, here and in its queue.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, put: Callable[[Together], None]) -> None:
        """Prepare; `put` is given what is to be committed together."""
        self._loop = loop
        self._put = put
        self._pacing = Pacing()
        self._jobs: list[RowsJob] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, job: RowsJob) -> None:
        """Take the rows of one agent."""
        now = self._loop.time()
        self._jobs.append(job)
        self._pacing.arrived(job.rows[0].server_num, len(job.rows), now)
        wait_s = self._pacing.wait_s(now)
        if wait_s <= 0.0:
            self.flush()
        elif self._timer is None:
            self._timer = self._loop.call_later(wait_s, self.flush)

    def flush(self) -> None:
        """Put what there is now: there is a commit anyway, or the writer is to end."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._jobs:
            self._pacing.committed(self._loop.time())
            jobs, self._jobs = self._jobs, []
            self._put(Together(jobs))
