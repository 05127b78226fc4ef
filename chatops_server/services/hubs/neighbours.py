"""What a hub does among others on its database, put together. Loaded only where there may be others."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from chatops_server.services.hubs.heartbeat import Heartbeat, Rhythm
from chatops_server.services.hubs.leases import Leases
from chatops_server.services.hubs.lending import Lending
from chatops_server.services.hubs.one_hub import OneHub
from chatops_server.services.hubs.reach import Reach
from chatops_server.services.hubs.run_links import RunLinks
from chatops_server.storage.sql.hub_nodes import Beat


@dataclass(frozen=True, slots=True)
class Neighbours:
    """One hub's side of living with others."""

    heartbeat: Heartbeat
    leases: Leases
    reach: Reach
    lending: Lending
    runs: RunLinks
    loops: Mapping[str, Callable[[], Awaitable[None]]]
    _around: OneHub

    async def begin(self, predecessor: str | None) -> None:
        """Appear among the others, after the fleet was loaded and before anybody is served.

        Args:
            predecessor: The hub that had this data directory before, if any.

        Raises:
            StorageError: The database does not answer.
        """
        self._around.live.sessions.elsewhere = self.reach.find
        self._around.actions.commands.history.elsewhere = self.runs
        self.heartbeat.on_beat(self._beaten)
        await self.heartbeat.begin(predecessor)
        await self.leases.look()

    @property
    def node_id(self) -> str:
        """What this hub is called among them."""
        return self._around.node.id

    async def flush(self) -> None:
        """Send to agents of others what waits for them, after all clients have left."""
        await self.reach.flush()

    async def end(self) -> None:
        """Leave, after everything is written down."""
        await self.reach.close()
        await self.lending.close()
        await self.runs.close()
        await self.heartbeat.end()

    async def _beaten(self, came: Beat) -> None:
        around = self._around
        self.lending.nodes_are(came.nodes)
        for state in filter(None, map(around.live.fleet.get, came.freed)):
            around.presence.abandoned(state)
        await around.actions.commands.adopt(came.adopted)
        if not came.was_known:
            await around.actions.commands.part_from_adopted()


def put_together(around: OneHub, rhythm: Rhythm) -> Neighbours:
    """Return it; nothing of it runs yet."""
    live, node = around.live, around.node
    heartbeat = Heartbeat(around.storage, node.id, rhythm, lambda: asyncio.get_running_loop().time())
    leases = Leases(around.storage, node, (live.fleet, live.sessions), rhythm, around.now_ms)
    reach = Reach(node, leases, live.fleet, around.actions, rhythm)
    lending = Lending(node, live.sessions, around.actions, around.storage, around.patience.viewer_s)
    loops: dict[str, Callable[[], Awaitable[None]]] = {
        "heartbeat": heartbeat.run,
        "leases": leases.run,
        "reach": reach.run,
    }
    return Neighbours(
        heartbeat, leases, reach, lending, RunLinks(node, around.actions.commands), loops, around
    )
