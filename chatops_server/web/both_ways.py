"""The two directions of one connection: a reading and a writing task that end together."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

from chatops_server.broker.closing import Closing, ConnectionEnded


async def both_ways(name: str, read: Coroutine[Any, Any, None], write: Coroutine[Any, Any, None]) -> None:
    """Read and write until the connection is to end; the writer's task is called `name`.

    Raises:
        ConnectionEnded: Always, from one of the two; it says how.
    """
    found: Closing | None = None
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(write, name=name)
            await read
    except BaseExceptionGroup as group:
        found = _unwound(group)
        if found is None:
            raise
    if found is not None:
        raise ConnectionEnded(found)


def _unwound(group: BaseExceptionGroup[BaseException]) -> Closing | None:
    """Return the first reason of a group, None where anything else is among them.

    An error holds the frames it passed, with the session and all that is in it, and our frame the group of
    errors: a circle. Only the cycle collector ends one, and it seldom looks at what has lived for long.
    """
    ended, defects = group.split(ConnectionEnded)
    if ended is None or defects is not None:
        return None
    # Both tasks may have found a reason in the same moment.
    reasons = tuple(_each(ended))
    for error in (group, *reasons):
        error.__traceback__ = None
    return reasons[0].closing


def _each(group: BaseExceptionGroup[ConnectionEnded]) -> Iterator[ConnectionEnded]:
    for found in group.exceptions:
        if isinstance(found, ConnectionEnded):
            yield found
        else:
            yield from _each(found)
