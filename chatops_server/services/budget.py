"""A bounded amount of something that many tasks share: small wishes first, then first come, first served."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final

# A live sample does not wait behind the backlogs of two hundred agents that come back together.
SMALL: Final = 4


class Budget:
    """So much may be out at once. Who asks for more than is left waits; nothing is refused.

    Whoever wants no more than SMALL goes ahead of those that want more.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._left = limit
        self._small: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._large: deque[tuple[int, asyncio.Future[None]]] = deque()

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
        waiting = self._small if amount <= SMALL else self._large
        is_first = not self._small and (amount <= SMALL or not self._large)
        if is_first and amount <= self._left:
            self._left -= amount
            return
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiter = (amount, granted)
        waiting.append(waiter)
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self.give(amount)
            else:
                with suppress(ValueError):  # _grant came across it already
                    waiting.remove(waiter)
                # Whoever stood behind may want less.
                self._grant()
            raise

    def give(self, amount: int) -> None:
        """Give back what was taken, or a part of it."""
        self._left += amount
        self._grant()

    def _grant(self) -> None:
        while (waiting := self._small or self._large) and waiting[0][0] <= self._left:
            wanted, granted = waiting.popleft()
            if granted.cancelled():
                continue
            self._left -= wanted
            granted.set_result(None)
