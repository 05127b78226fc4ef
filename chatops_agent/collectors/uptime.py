"""How long the machine has been up."""

import time
from typing import Final

import psutil

# Linux's clock since boot counts suspended time too, and no step of the wall clock moves it.
_BOOT_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", None)


class UptimeCollector:
    """Seconds since boot."""

    def collect(self, now: float) -> float:
        """Return seconds, never negative."""
        del now
        if _BOOT_CLOCK is not None:
            return round(time.clock_gettime(_BOOT_CLOCK), 1)
        booted: float = psutil.boot_time()
        return max(0.0, round(time.time() - booted, 1))
