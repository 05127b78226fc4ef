"""Whether the hub can do its work: what a load balancer and a person ask."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from chatops_server.bus.base import Bus
from chatops_wire.rest import Readiness

Check = Callable[[], Awaitable[str]]
"""Returns `ok`, or one line that says what is wrong."""

# A write-ahead log may grow to 64 MiB before it is folded in; below that the next commits may fail.
MIN_FREE_BYTES: Final = 64 * 1024 * 1024
# A probe is asked every few seconds and gives up after about as long.
_CHECK_TIMEOUT_S: Final = 3.0


class ReadinessChecks:
    """Asks every part. Those in `optional` only degrade the hub, the others make it unavailable."""

    def __init__(self, needed: dict[str, Check], optional: dict[str, Check] | None = None) -> None:
        self._needed = needed
        self._optional = optional or {}

    async def ask(self) -> Readiness:
        """Return every check's answer; one that takes too long has failed."""
        checks = {**self._needed, **self._optional}
        answers = await asyncio.gather(*(_within(check) for check in checks.values()))
        said = dict(zip(checks, answers, strict=True))
        if any(said[name] != "ok" for name in self._needed):
            return Readiness(status="unavailable", checks=said)
        if any(said[name] != "ok" for name in self._optional):
            return Readiness(status="degraded", checks=said)
        return Readiness(status="ok", checks=said)


def disk_check(folder: Path, min_free_bytes: int = MIN_FREE_BYTES) -> Check:
    """Return a check of the free space where `folder` stands."""

    async def check() -> str:
        try:
            free = (await asyncio.to_thread(shutil.disk_usage, folder)).free
        except OSError as exc:
            return f"the database's folder cannot be read: {exc.strerror}"
        if free < min_free_bytes:
            return f"only {free // 1024**2} MiB free for the database"
        return "ok"

    return check


def storing_check(what: str, why_not: Callable[[], str | None]) -> Check:
    """Return a check of whether something is stored; `why_not` says why the last of it was not."""

    async def check() -> str:
        reason = why_not()
        return "ok" if reason is None else f"{what} are not stored: {reason}"

    return check


def bus_check(bus: Bus) -> Check:
    """Return a check of whether other hubs are heard."""

    async def check() -> str:
        return "ok" if bus.is_connected else f"the live view is of this hub alone: {bus.trouble}"

    return check


async def _within(check: Check) -> str:
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT_S):
            return await check()
    except TimeoutError:
        return f"no answer within {_CHECK_TIMEOUT_S:g} s"
