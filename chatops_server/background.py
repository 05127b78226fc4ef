"""The hub's background loops, and their end."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from chatops_server.services.supervision import supervised


class Background:
    """Runs loops until it is stopped; a loop that fails begins again."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, loops: Mapping[str, Callable[[], Awaitable[None]]]) -> None:
        """Start a task for each loop, named as its key."""
        for name, loop in loops.items():
            self._tasks.append(asyncio.create_task(supervised(name, loop), name=name))

    async def stop(self) -> None:
        """Cancel the loops and wait until they have ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
