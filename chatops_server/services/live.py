"""The live part of the hub put together, and its one-second tick."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from chatops_server.broker.action_counts import ActionCounts
from chatops_server.broker.clients import Clients
from chatops_server.broker.containers import Containers
from chatops_server.broker.counters import Counters
from chatops_server.broker.fleet import Fleet
from chatops_server.broker.sessions import AgentSessions
from chatops_server.broker.topics import Topics
from chatops_server.broker.watching import Watching
from chatops_server.domain.permissions import Principal
from chatops_server.services.hubs.telling import Telling
from chatops_server.services.hubs.told import ToldContainers, ToldFleet, ToldTopics

# The contract: at most one fleet_update a second. Also how late an ended token is noticed.
TICK_S: Final = 1.0
# A connection that is gone while its samples wait for the disk is known within 20 s.
_LOST_EACH_TICKS: Final = 5


class TokenCheck(Protocol):
    """Whether a token that was accepted still holds (services.accounts.Accounts)."""

    def is_current(self, principal: Principal, now_ms: int) -> bool:
        """Return whether nothing has ended it: expiry, a new password, another role, a disabled user."""


@dataclass(frozen=True, slots=True)
class Live:
    """What is shared by the sockets, the services and the tick; all in memory."""

    fleet: Fleet
    sessions: AgentSessions
    clients: Clients
    watching: Watching
    topics: Topics
    containers: Containers
    counters: Counters
    actions: ActionCounts = field(default_factory=ActionCounts)


def put_together(
    recent_cpu: Callable[[int], Sequence[int]], now: Callable[[], float], telling: Telling | None = None
) -> Live:
    """Return an empty live part.

    Args:
        recent_cpu: CPU percent each 10 s, oldest first, by a server's number.
        now: Monotonic seconds.
        telling: Tells other hubs of it; None: there are none.
    """
    fleet = Fleet(recent_cpu) if telling is None else ToldFleet(recent_cpu, telling)
    sessions = AgentSessions()

    def configure(server_id: str, interval_s: float | None) -> None:
        state = fleet.get(server_id)
        if sessions.configure(server_id, interval_s) and state is not None:
            fleet.configured(state, interval_s)

    watching = Watching(configure, now)
    if telling is None:
        topics = Topics(fleet, watching)
        containers = Containers(fleet, topics)
    else:
        topics = ToldTopics(fleet, watching, telling)
        containers = ToldContainers(fleet, topics, telling)
    return Live(fleet, sessions, Clients(), watching, topics, containers, Counters())


class Ticker:
    """Sends fleet updates, gives intervals back and ends expired sessions, once a second."""

    def __init__(self, live: Live, tokens: TokenCheck, now_ms: Callable[[], int]) -> None:
        self._live = live
        self._tokens = tokens
        self._now_ms = now_ms
        self._ticks = 0

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            # Sleeping after the work, not to a fixed beat: never two updates within a second.
            await asyncio.sleep(TICK_S)
            self.tick()

    def tick(self) -> None:
        """Do everything that is due."""
        live = self._live
        live.clients.expire(self._now_ms(), self._tokens.is_current)
        if self._ticks % _LOST_EACH_TICKS == 0:
            live.sessions.end_lost()
        self._ticks += 1
        live.sessions.end_expired(self._now_ms())
        live.watching.sweep()
        live.topics.publish_fleet(live.fleet.take_changes())
