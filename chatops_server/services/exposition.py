"""The metrics as the text Prometheus reads, made at most once a second for all who may see the same."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from chatops_server.domain.permissions import Principal
from chatops_server.services.hub_metrics import AnyFamily

# Whoever asks more often gets no news; the text of 10,000 servers is half a second of work.
KEEP_S: Final = 1.0
# What exposition_text writes.
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_EVERYTHING: Final = ""


class Exposition:
    """Makes the texts off the event loop, one after the other, and keeps each for KEEP_S."""

    def __init__(
        self, families: Callable[[Principal | None], Sequence[AnyFamily]], now: Callable[[], float]
    ) -> None:
        """Take what collects the metrics a user may see, and a monotonic clock in seconds."""
        self._families = families
        self._now = now
        self._kept: dict[str, tuple[float, bytes]] = {}
        self._making = asyncio.Lock()

    async def text(self, principal: Principal | None) -> bytes:
        """Return the text for a user; None: of everything, as for admins. Cancelling is safe."""
        who = None if principal is None or principal.role == "admin" else principal
        key = _EVERYTHING if who is None else who.user_id
        async with self._making:
            now = self._now()
            self._kept = {name: kept for name, kept in self._kept.items() if now - kept[0] < KEEP_S}
            if key not in self._kept:
                self._kept[key] = (now, await asyncio.to_thread(_written, self._families(who)))
            return self._kept[key][1]


def _written(families: Sequence[AnyFamily]) -> bytes:
    # Most hubs are never asked, and prometheus_client takes a tenth of a second: imported in this thread.
    from chatops_server.services.exposition_text import written  # noqa: PLC0415 - see above

    return written(families)
