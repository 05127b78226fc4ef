"""Says in the database that this hub runs, and takes over what hubs that are gone have left."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from chatops_server.errors import StorageError
from chatops_server.storage.base import Storage
from chatops_server.storage.sql.hub_nodes import Beat, arrive, beat, leave

log = logging.getLogger(__name__)

CLOSED_BY: Final = "its hub is gone"
"""Why terminals end in the logbook that a hub left open."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often hubs look, and for how long they wait; seconds. Others than these are for tests."""

    beat_s: float = 2.0
    dead_after_s: float = 10.0
    """Three commits that take their longest, or four beats, were missed. A hub that ends says so itself."""
    look_s: float = 1.0
    """How late a hub without a bus knows where an agent is."""


class Heartbeat:
    """One beat each `beat_s`.

    Others are given up only by a hub whose own beats came through all the while: after the database was away
    for all of them, everybody has had the time to say that he is there.
    """

    def __init__(self, storage: Storage, node_id: str, rhythm: Rhythm, now: Callable[[], float]) -> None:
        """Take monotonic seconds as `now`."""
        self._storage = storage
        self._node_id = node_id
        self._rhythm = rhythm
        self._now = now
        self._steady_since: float | None = None
        self._last = now()
        self._listeners: list[Callable[[Beat], Awaitable[None]]] = []
        self.nodes: frozenset[str] = frozenset()
        """The hubs that run, this one included."""

    def on_beat(self, listener: Callable[[Beat], Awaitable[None]]) -> None:
        """Call `listener` after each beat; where it raises StorageError, the next beat is its next chance."""
        self._listeners.append(listener)

    async def begin(self, predecessor: str | None) -> None:
        """Say for the first time that this hub runs; before it serves anybody.

        Args:
            predecessor: The hub that had this data directory before, if any.

        Raises:
            StorageError: The database does not answer.
        """
        await self._took(await self._storage.write(arrive(self._node_id, predecessor, CLOSED_BY)))

    async def run(self) -> None:
        """Beat until cancelled."""
        is_well = True
        while True:
            await asyncio.sleep(self._rhythm.beat_s)
            try:
                await self.beat()
            except StorageError as exc:
                if is_well:
                    log.warning("other hubs do not hear of this one", extra={"reason": exc.reason})
                is_well, self._steady_since = False, None
                continue
            is_well = True

    async def beat(self) -> None:
        """Beat once; raises StorageError."""
        began = self._now()
        if began - self._last > self._rhythm.dead_after_s / 2:
            # This process or the database stood still, and the other hubs perhaps as well.
            self._steady_since = None
        is_steady = self._steady_since is not None and began - self._steady_since >= self._rhythm.dead_after_s
        dead_after_ms = round(1000 * self._rhythm.dead_after_s) if is_steady else None
        came = await self._storage.write(beat(self._node_id, dead_after_ms, CLOSED_BY))
        if self._steady_since is None or not came.was_known:
            self._steady_since = began
        self._last = began
        await self._took(came)

    async def end(self) -> None:
        """Say that this hub ends, after all that it saw to is written down. Never raises."""
        with suppress(StorageError):
            await self._storage.write(leave(self._node_id))

    async def _took(self, came: Beat) -> None:
        gone = self.nodes - came.nodes
        if gone:
            log.warning("hubs are gone", extra={"nodes": sorted(gone)})
        self.nodes = came.nodes
        for listener in self._listeners:
            await listener(came)
