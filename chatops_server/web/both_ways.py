"""The two directions of one connection: a reading and a writing task that end together."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from chatops_server.broker.closing import ConnectionEnded


async def both_ways(name: str, read: Coroutine[Any, Any, None], write: Coroutine[Any, Any, None]) -> None:
    """Read and write until the connection is to end; the writer's task is called `name`.

    Raises:
        ConnectionEnded: Always, from one of the two; it says how.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(write, name=name)
            await read
    except* ConnectionEnded as ended:
        raise _first_of(ended) from None


def _first_of(group: BaseExceptionGroup[ConnectionEnded]) -> ConnectionEnded:
    """Return the first reason of a group; both tasks may have found one in the same moment."""
    found = group.exceptions[0]
    return found if isinstance(found, ConnectionEnded) else _first_of(found)
