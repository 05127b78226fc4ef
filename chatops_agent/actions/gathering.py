"""Holds output back for a moment, so that what follows goes with it."""

import asyncio
from collections.abc import Callable

from chatops_agent.actions.pacing import Pacer


class Gathering:
    """The moment after each frame of one source in which small output waits for more."""

    def __init__(self, over: Callable[[], None]) -> None:
        """Begin with nothing held back.

        Args:
            over: Called when what was held back may go.
        """
        self._over = over
        self._pacer = Pacer()
        self._timer: asyncio.TimerHandle | None = None

    def holds(self, waiting: int) -> bool:
        """Say whether so many bytes should wait; then `over` is called soon."""
        loop = asyncio.get_running_loop()
        delay_s = self._pacer.delay_s(waiting, loop.time())
        if delay_s > 0 and self._timer is None:
            self._timer = loop.call_later(delay_s, self._end)
        return delay_s > 0

    def sent(self) -> None:
        """Note that a frame goes out."""
        self._pacer.sent(asyncio.get_running_loop().time())

    def stop(self) -> None:
        """Hold nothing back any more, and do not call."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        self._timer = None
        self._over()
