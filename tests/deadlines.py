"""Waiting for a condition instead of sleeping, under deadlines that scale with the machine.

TEST_TIMEOUT_SCALE=3 makes every deadline three times as long, for a slow or busy machine. A deadline is
how long a test may hang before it fails, never what it measures: choose it generously.
"""

import asyncio
import inspect
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar, overload

T = TypeVar("T")

MS: Final = 0.001 * float(os.environ.get("TEST_TIMEOUT_SCALE", "1"))
# Two busy cores have held a ready callback back for seconds; a failure is worth ten to be sure of.
DEADLINE_S: Final = 10_000 * MS
# Short beside any deadline, long enough not to be a busy loop.
_LOOK_EVERY_S: Final = 0.005


@overload
async def eventually(
    condition: Callable[[], Awaitable[T]], *, deadline_s: float = ..., what: str = ...
) -> T: ...
@overload
async def eventually(condition: Callable[[], T], *, deadline_s: float = ..., what: str = ...) -> T: ...
async def eventually(condition: Callable[[], Any], *, deadline_s: float = DEADLINE_S, what: str = "") -> Any:
    """Return the first true value of `condition`, asked every few milliseconds.

    Raises:
        AssertionError: It was still false at the deadline; `what` says what was waited for.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline_s
    while True:
        value = condition()
        found = await value if inspect.isawaitable(value) else value
        if found:
            return found
        if loop.time() > end:
            raise AssertionError(_missed(condition, deadline_s, what))
        await asyncio.sleep(_LOOK_EVERY_S)


def eventually_sync(condition: Callable[[], T], *, deadline_s: float = DEADLINE_S, what: str = "") -> T:
    """Do what `eventually` does where no event loop runs: tests of whole programs and of threads."""
    end = time.monotonic() + deadline_s
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(_missed(condition, deadline_s, what))
        time.sleep(_LOOK_EVERY_S)


def _missed(condition: Callable[[], object], deadline_s: float, what: str) -> str:
    return f"not within {deadline_s:g} s: {what or getattr(condition, '__name__', condition)}"
