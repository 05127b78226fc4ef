"""Which hub judges which server, and how the others know what it found."""

import asyncio
from collections.abc import Callable, Collection
from typing import Final, Protocol

from chatops_server.broker.closing import GIVEN_UP
from chatops_server.broker.server_state import ServerState
from chatops_server.broker.sessions import AgentSession, AgentSessions
from chatops_server.domain.alerts.alert import Alert
from chatops_server.services.alerting.alerting import Alerting
from chatops_server.services.hubs.leases import Leases
from chatops_server.storage.base import Script, Storage
from chatops_server.storage.sql.alerts import alert, remembered_alerts_of

_LEAD: Final = "alerts of servers that nobody holds"
_ASK_EVERY_S: Final = 1.0


class CatchingUp(Protocol):
    """What other hubs changed (services.hubs.shared_state.SharedState)."""

    async def catch_up(self) -> None:
        """Know what other hubs had committed when this was called."""


class Judging:
    """A server is judged by the hub its agent is connected to; one that none holds, by the hub that leads."""

    def __init__(self, storage: Storage, alerts: Alerting, sessions: AgentSessions, leases: Leases) -> None:
        self._storage = storage
        self._alerts = alerts
        self._sessions = sessions
        self._leases = leases
        self._leads = False
        self._elsewhere: set[str] = set()
        alerts.engine.is_mine = self.is_mine
        leases.on_change(self._moved)

    def is_mine(self, server_id: str) -> bool:
        """Return whether this hub judges a server."""
        if self._leases.holder(server_id) is not None:
            return False
        return self._leads or self._sessions.get(server_id) is not None

    async def run(self, others: CatchingUp) -> None:
        """Ask for the lead until cancelled."""
        while True:
            leads = await self._storage.try_lead(_LEAD)
            if leads and not self._leads:
                # From here on it judges what it only followed.
                await others.catch_up()
            self._leads = leads
            await asyncio.sleep(_ASK_EVERY_S)

    async def take(self, session: AgentSession) -> None:
        """Take an agent, and go on with the alerts of its server where the hub before it stopped.

        Raises:
            ReferenceViolationError: The server was deleted.
            StorageError: The database does not answer.
        """
        was_mine = self.is_mine(session.state.id)
        await self._leases.take(session)
        if was_mine:
            self._alerts.engine.arrives(session.state)
        else:
            stored = await self._storage.read(remembered_alerts_of(session.state.num))
            self._alerts.engine.take_over(session.state, {each.threshold_id: each for each in stored})

    def released(self, session: AgentSession) -> None:
        """Give the agent of a session up."""
        self._leases.released(session)

    def _moved(self, server_id: str, node_id: str | None) -> None:
        session = self._sessions.get(server_id)
        if node_id is not None:
            self._elsewhere.add(server_id)
        elif server_id in self._elsewhere or (session is not None and session.outbox.closing is GIVEN_UP):
            # Taken for gone, this hub has ended the session itself: the agent comes back, here or elsewhere.
            self._elsewhere.discard(server_id)
            self._alerts.engine.left_another_hub(server_id)


class AlertFollower:
    """Follows alerts that other hubs have changed."""

    def __init__(self, storage: Storage, alerts: Alerting, find: Callable[[str], ServerState | None]) -> None:
        self._storage = storage
        self._alerts = alerts
        self._find = find

    async def take_over(self, keys: Collection[str]) -> None:
        """See services.hubs.shared_state.Follower."""
        for alert_id, stored in (await self._storage.read(_alerts(keys))).items():
            # What this hub is about to write it knows better, and hears of again when it is written.
            if self._alerts.keeper.is_busy(alert_id):
                continue
            if stored is None:
                self._alerts.engine.forgotten(alert_id)
            elif (server := self._find(stored.server_id)) is not None:
                self._alerts.engine.follow(server, stored)


def _alerts(keys: Collection[str]) -> Script[dict[str, Alert | None]]:
    found = {}
    for alert_id in keys:
        found[alert_id] = yield from alert(alert_id)
    return found
