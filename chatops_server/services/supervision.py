"""Keeps a background loop running: a defect in it costs a moment, not the hub."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

log = logging.getLogger(__name__)

# Long enough that a loop failing at once does not fill the log, short beside what people notice.
RESTART_AFTER_S: Final = 1.0


async def supervised(name: str, loop: Callable[[], Awaitable[None]]) -> None:
    """Run `loop` until it returns; begin it again after an exception, which is logged with its traceback."""
    while True:
        try:
            await loop()
        except Exception:
            log.exception("background loop failed and begins again", extra={"loop": name})
            await asyncio.sleep(RESTART_AFTER_S)
        else:
            return
