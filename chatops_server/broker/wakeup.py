"""A wish to be woken: asyncio.Event for one task, without what that costs ten thousand times over."""

import asyncio


class Wakeup:
    """Set, cleared and waited for like asyncio.Event, but by one task at a time.

    An Event asks for the running loop at each wait, on Python 3.11 a system call, and keeps a queue of 600
    bytes; here both would be paid for every sample and every agent.
    """

    __slots__ = ("_is_set", "_waiter")

    def __init__(self) -> None:
        self._is_set = False
        self._waiter: asyncio.Future[None] | None = None

    def set(self) -> None:
        """Wake whoever waits, or will."""
        self._is_set = True
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def clear(self) -> None:
        """Let the next one wait again."""
        self._is_set = False

    async def wait(self) -> None:
        """Return once it is set. Cancelling is safe."""
        while not self._is_set:
            loop = asyncio.get_running_loop() if self._waiter is None else self._waiter.get_loop()
            self._waiter = loop.create_future()
            await self._waiter
