"""The view of other hubs' agents out of the database, while they are not heard."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from chatops_server.errors import StorageError
from chatops_server.services.hubs.live_view import LiveView
from chatops_server.services.presence import Presence
from chatops_server.storage.base import Storage
from chatops_server.storage.sql.latest import latest_heard_since

log = logging.getLogger(__name__)

# As often as most agents sample. Each writes and reads some 2 KB an agent meanwhile.
EVERY_S: Final = 5.0
# Hubs' clocks differ, and a commit takes its time: what was read before is passed over.
_BACK_MS: Final = 60_000


class StoredView:
    """While some hub is not heard: stores newest samples of agents that are here, reads those of others."""

    def __init__(
        self, view: LiveView, presence: Presence, storage: Storage, now_ms: Callable[[], int]
    ) -> None:
        self._view = view
        self._presence = presence
        self._storage = storage
        self._now_ms = now_ms

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            if self._view.is_partial:
                await self.look()

    async def look(self) -> None:
        """Have the samples here written, and take over what others have written. Never raises."""
        self._presence.write_samples()
        try:
            rows = await self._storage.read(latest_heard_since(self._now_ms() - _BACK_MS))
        except StorageError as exc:
            # The check `database` of /readyz says so.
            log.debug("other hubs' samples cannot be read", extra={"reason": exc.reason})
            return
        for server_id, heard_ms, row in rows:
            self._view.hearing.read(server_id, heard_ms, row)
