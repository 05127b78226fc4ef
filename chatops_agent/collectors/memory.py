"""Main memory and swap."""

import psutil

from chatops_wire.samples import Memory


class MemoryCollector:
    """Sizes as the system tells them now."""

    def collect(self, now: float) -> Memory:
        """Return bytes; `used` is what cannot be given up, so caches do not look like a shortage."""
        del now
        main = psutil.virtual_memory()
        swap = psutil.swap_memory()
        # A container's view may show more available than there is in total.
        used = max(0, main.total - main.available)
        return Memory(
            total=main.total,
            used=used,
            available=main.available,
            cached=getattr(main, "cached", None),
            percent=share(used, main.total),
            swap_total=swap.total,
            swap_used=swap.used,
            swap_percent=share(swap.used, swap.total),
        )


def share(part: float, whole: float) -> float:
    """Return percent, 0-100; 0 of nothing is 0, as a machine without swap uses none."""
    return round(min(100.0, 100.0 * part / whole), 2) if whole > 0 else 0.0
