"""Which hub holds which agent: taken when one connects, given back when it leaves, looked up meanwhile."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from chatops_server.broker.closing import GIVEN_UP, MOVED
from chatops_server.broker.fleet import Fleet
from chatops_server.broker.sessions import AgentSession, AgentSessions
from chatops_server.bus.base import Bus
from chatops_server.errors import StorageError
from chatops_server.services.hubs.heartbeat import Rhythm
from chatops_server.services.hubs.node import Node
from chatops_server.storage.base import Storage
from chatops_server.storage.sql.leases import Lease, leases_after, release_leases, take_lease

log = logging.getLogger(__name__)

CHANGED: Final = "leases"
"""The subject on which hubs hint that leases changed."""
# One script holds the writer of all hubs.
_RELEASED_AT_ONCE: Final = 200
# Ten times as long as changes of other hubs may take to be known here.
_LOOKS_FOR_A_SERVER: Final = 20

Listener = Callable[[str, str | None], None]
"""Told a server's id and the other hub that holds its agent now; None: no other one does."""


class Leases:
    """What this hub knows of leases; the database decides. For the event loop's thread only."""

    def __init__(
        self,
        storage: Storage,
        node: Node,
        live: tuple[Fleet, AgentSessions],
        rhythm: Rhythm,
        now_ms: Callable[[], int],
    ) -> None:
        self._now_ms = now_ms
        self._storage = storage
        self._node = node
        self._fleet, self._sessions = live
        self._rhythm = rhythm
        self._known: dict[str, Lease] = {}
        self._seen = 0
        self._released: list[tuple[int, int]] = []
        # Made at another hub a moment ago: the fleet does not know them yet.
        self._unshown: dict[str, int] = {}
        self._wake = asyncio.Event()
        self._listeners: list[Listener] = []
        self._failure: str | None = None
        node.bus.subscribe(CHANGED, self._hinted)

    @property
    def _bus(self) -> Bus:
        return self._node.bus

    def on_change(self, listener: Listener) -> None:
        """Call `listener` whenever an agent has come to another hub, or left the one it was at."""
        self._listeners.append(listener)

    def holder(self, server_id: str) -> Lease | None:
        """Return the lease of another hub on a server's agent; None: no other one holds it."""
        lease = self._known.get(server_id)
        if lease is None or lease.node_id in (None, self._node.id):
            return None
        return lease

    async def take(self, session: AgentSession) -> None:
        """Take the agent of a session that is about to be registered, whoever holds it.

        Raises:
            ReferenceViolationError: The server was deleted.
            StorageError: The database does not answer.
        """
        session.epoch = await self._storage.write(take_lease(session.state.num, self._node.id))
        self._bus.publish(CHANGED, b"")

    def released(self, session: AgentSession) -> None:
        """Give the agent of a session up, a moment later; what was taken since stays. Idempotent."""
        if session.epoch and (session.state.num, session.epoch) not in self._released:
            self._released.append((session.state.num, session.epoch))
            self._wake.set()

    async def run(self) -> None:
        """Write and look until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._rhythm.look_s):
                    await self._wake.wait()
            self._wake.clear()
            try:
                await self._release()
                await self.look()
            except StorageError as exc:
                if self._failure is None:
                    log.warning("it is not known where agents are", extra={"reason": exc.reason})
                self._failure = exc.reason
                await asyncio.sleep(self._rhythm.look_s)
                continue
            self._failure = None

    async def look(self) -> None:
        """Take over what has changed; raises StorageError."""
        for server_id, lease in await self._storage.read(leases_after(self._seen)):
            self._seen = lease.epoch
            self._take_over(server_id, lease)
        for server_id in tuple(self._unshown):
            self._show(server_id)

    async def _release(self) -> None:
        while self._released:
            some = self._released[:_RELEASED_AT_ONCE]
            await self._storage.write(release_leases(some))
            del self._released[: len(some)]
            self._bus.publish(CHANGED, b"")

    def _take_over(self, server_id: str, lease: Lease) -> None:
        self._known[server_id] = lease
        session = self._sessions.get(server_id)
        is_elsewhere = lease.node_id not in (None, self._node.id)
        if session is not None and session.epoch < lease.epoch and lease.node_id != self._node.id:
            session.outbox.close(MOVED if is_elsewhere else GIVEN_UP)
        self._show(server_id)
        for listener in self._listeners:
            listener(server_id, lease.node_id if is_elsewhere else None)

    def _show(self, server_id: str) -> None:
        state, lease = self._fleet.get(server_id), self._known[server_id]
        if state is None:
            self._wait_for(server_id)
            return
        self._unshown.pop(server_id, None)
        if lease.node_id is None and self._sessions.get(server_id) is None and state.is_online:
            self._fleet.heard(state, self._now_ms())
            self._fleet.disconnected(state)
        elif lease.node_id not in (None, self._node.id):
            self._fleet.held_elsewhere(state, self._now_ms())

    def _wait_for(self, server_id: str) -> None:
        looks = self._unshown.get(server_id, _LOOKS_FOR_A_SERVER) - 1
        self._unshown[server_id] = looks
        if looks <= 0:
            # Deleted, then.
            del self._unshown[server_id], self._known[server_id]

    async def _hinted(self, _payload: bytes) -> None:
        self._wake.set()
