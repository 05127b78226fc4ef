"""A bounded amount of something that many tasks share, first come, first served."""

import asyncio
from collections import deque
from contextlib import suppress


class Budget:
    """So much may be out at once. Who asks for more than is left waits; nothing is refused."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._left = limit
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def taken(self) -> int:
        """How much is out."""
        return self._limit - self._left

    async def take(self, amount: int) -> None:
        """Wait until `amount` is left and take it. Cancelling takes nothing.

        Raises:
            ValueError: It is more than there will ever be.
        """
        if amount > self._limit:
            raise ValueError(f"{amount} of at most {self._limit}")
        if not self._waiting and amount <= self._left:
            self._left -= amount
            return
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiter = (amount, granted)
        self._waiting.append(waiter)
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self.give(amount)
            else:
                with suppress(ValueError):  # _grant came across it already
                    self._waiting.remove(waiter)
                # Whoever stood behind may want less.
                self._grant()
            raise

    def give(self, amount: int) -> None:
        """Give back what was taken, or a part of it."""
        self._left += amount
        self._grant()

    def _grant(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._left:
            wanted, granted = self._waiting.popleft()
            if granted.cancelled():
                continue
            self._left -= wanted
            granted.set_result(None)
