"""Python's cycle collector, told that a hub's objects stay."""

import gc
from typing import Final

# Each agent brings some three hundred objects that live as long as its connection. By the usual (700, 10, 10)
# all of them were looked at again and again while a fleet came back: half of the CPU of a connection, and
# pauses of a second with ten thousand. By these, everything is looked at after two million new ones.
_THRESHOLDS: Final = (10_000, 20, 10)


def settle() -> None:
    """Take what was made at the start out of the collector's sight, and let it look less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
