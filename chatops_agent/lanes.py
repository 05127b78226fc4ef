"""A thread for calls that may hang: nobody waits longer than they want to, not even at exit."""

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


class LaneBusyError(Exception):
    """The job before this one has not come back yet."""


class Lane:
    """Runs one job at a time in a daemon thread of its own.

    Not an executor: the interpreter joins an executor's threads at exit, and a thread inside a call on a
    dead NFS mount never ends. There is no queue of jobs: while one hangs, the next is refused.
    """

    def __init__(self, name: str, on_end: Callable[[], None] | None = None) -> None:
        """Prepare; the thread starts with the first job.

        Args:
            name: Of the thread.
            on_end: Called in the thread, last of all, for what its jobs have left in it.
        """
        self._name = name
        self._on_end = on_end
        # At most one job and the order to end wait here, as `run` refuses a second job.
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._busy = False

    async def run(self, job: Callable[[], T]) -> T:
        """Return what the job returns, or raise what it raises.

        Cancelling (a deadline) gives up waiting, not the job: the lane stays busy until it comes back.

        Raises:
            LaneBusyError: An earlier job still runs.
        """
        if self._busy:
            raise LaneBusyError(self._name)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._busy = True
        self._start()
        self._jobs.put(lambda: self._do(job, answer, loop))
        return await answer

    def close(self) -> None:
        """Let the thread end once it is idle; nobody waits for it, and one that hangs is left behind."""
        self._jobs.put(None)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=f"lane-{self._name}", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
        if self._on_end is not None:
            self._on_end()

    def _do(self, job: Callable[[], T], answer: "asyncio.Future[T]", loop: asyncio.AbstractEventLoop) -> None:
        outcome: T | BaseException
        try:
            outcome = job()
        except BaseException as exc:  # noqa: BLE001 - handed to whoever awaits the job, as an executor does
            outcome = exc
        # The loop is closed when a job outlasts the program's end: nobody is waiting any more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._answer, answer, outcome)

    def _answer(self, answer: "asyncio.Future[T]", outcome: T | BaseException) -> None:
        self._busy = False
        if answer.cancelled():
            return
        if isinstance(outcome, BaseException):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)
