"""How Python shares a hub's time: its cycle collector, and its lock between the loop and the writer."""

import gc
import sys
from collections.abc import Mapping
from typing import Any, Final

# Each agent brings some hundred objects that live as long as its connection. By the usual (700, 10, 10) all
# of them are looked at again and again while a fleet comes back. By these a whole look comes after 400,000
# new ones, some tenth of a second of work, and what is alive then is not looked at a second time.
_THRESHOLDS: Final = (10_000, 10, 4)
# A busy event loop keeps the lock this long before it lets the writer have it, and a commit asks for it with
# each statement; the usual is 5 ms.
_LOCK_FOR_S: Final = 0.0005
# What aiohttp keeps of a connection is a circle of about 20 KB: so much of it may lie out of sight.
_MAY_LIE: Final = 1000
_ended = 0


def settle() -> None:
    """Set both; what was made at the start is out of the collector's sight from now on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    gc.callbacks.append(_looked)
    sys.setswitchinterval(_LOCK_FOR_S)


def connection_ended(live: int) -> None:
    """Count a connection that has ended; `live` are left. Its remains may lie out of the collector's sight.

    Once there are as many of them as live ones the collector gets to see everything again.
    """
    global _ended  # noqa: PLW0603 - the collector is the process's own, like its settings
    _ended += 1
    if _ended >= max(_MAY_LIE, live):
        _ended = 0
        gc.unfreeze()


def end() -> None:
    """Collect nothing more: the process ends, and takes everything with it."""
    gc.disable()
    # The interpreter's own last look would be as long as any.
    gc.freeze()


def _looked(phase: str, about: Mapping[str, Any]) -> None:
    if phase == "stop" and about["generation"] == 2:  # noqa: PLR2004 - the oldest of three: a whole look
        gc.freeze()
