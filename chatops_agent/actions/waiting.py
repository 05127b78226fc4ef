"""Waits that somebody may cut short, and waits after a cancellation."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Wait:
    """One wait at a time, with an end that may be brought forward."""

    def __init__(self) -> None:
        self._timeout: asyncio.Timeout | None = None

    @asynccontextmanager
    async def within(self, seconds: float | None) -> AsyncIterator[None]:
        """Give up what is awaited in here after so long (None: never) or at `end`; in silence."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds) as timeout:
                self._timeout = timeout
                try:
                    yield
                finally:
                    self._timeout = None

    def end(self) -> None:
        """End the wait now, if there is one."""
        if self._timeout is not None:
            # It may just be ending.
            with suppress(RuntimeError):
                self._timeout.reschedule(asyncio.get_running_loop().time())


def after_cancellation() -> None:
    """Let deadlines work in what a cancelled task still has to do before it ends.

    Early Python 3.11 (seen in 3.11.2, not in 3.11.7) lets an expired asyncio.timeout in a cancelled task
    raise CancelledError instead of TimeoutError: a clean-up would stop at its first deadline.
    """
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()
