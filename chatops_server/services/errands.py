"""Tasks that outlive the request that began them, all with one owner that ends them."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger(__name__)


class Errands:
    """Runs tasks until they end or are stopped. A defect in one is logged and costs that one only."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, errand: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None] | None:
        """Begin a task and return it; once stopped, nothing is begun any more."""
        if self._is_stopping:
            errand.close()
            return None
        task = asyncio.create_task(_watched(errand, name), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # Cancelled before its first step it would be told of as never awaited.
        task.add_done_callback(lambda _task: errand.close())
        return task

    async def finish(self) -> None:
        """Wait until everything that runs now has ended. Cancelling ends nothing."""
        if self._tasks:
            await asyncio.wait(tuple(self._tasks))

    async def stop(self) -> None:
        """Cancel what still runs and wait until it has ended."""
        self._is_stopping = True
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _watched(errand: Coroutine[Any, Any, None], name: str) -> None:
    try:
        await errand
    except Exception:
        log.exception("a task failed", extra={"task": name})
