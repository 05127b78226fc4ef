"""What waits to be committed, and telling those who wait what became of it; the same on every engine."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chatops_server.storage.base import GapRow, SampleRow, Script

Outcomes = Sequence[tuple[asyncio.Future[Any], Any]]
"""Who waits, and the result; an exception where the job failed."""


@dataclass(frozen=True, slots=True)
class ScriptJob:
    """A script and who waits for its result."""

    future: asyncio.Future[Any]
    script: Script[Any]


@dataclass(frozen=True, slots=True)
class RowsJob:
    """Rows of one agent and who waits until they are on disk."""

    future: asyncio.Future[None]
    rows: Sequence[SampleRow | GapRow]


Job = ScriptJob | RowsJob


def tell(outcomes: Outcomes, release: Callable[[], None]) -> None:
    """Give everybody who still waits the result, and each one's place in the queue back by `release`."""
    for future, result in outcomes:
        release()
        if future.done():  # its caller was cancelled
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
