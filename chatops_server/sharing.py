"""How Python shares a hub's time: its cycle collector, and its lock between the loop and the writer."""

import gc
import sys
from typing import Final

# Each agent brings some hundred objects that live as long as its connection. By the usual (700, 10, 10) all
# of them are looked at again and again while a fleet comes back; by these, after two million new ones.
_THRESHOLDS: Final = (10_000, 20, 10)
# A busy event loop keeps the lock this long before it lets the writer have it, and a commit asks for it with
# each statement; the usual is 5 ms.
_LOCK_FOR_S: Final = 0.0005


def settle() -> None:
    """Set both; what was made at the start is out of the collector's sight from now on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    sys.setswitchinterval(_LOCK_FOR_S)
