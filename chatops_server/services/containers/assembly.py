"""Everything about containers put together; and where what agents say of them goes."""

import asyncio
from dataclasses import dataclass
from typing import assert_never

from chatops_server.broker.containers import Containers
from chatops_server.broker.sessions import AgentSession
from chatops_server.services.containers.deeds import Deeds
from chatops_server.services.containers.docker import Docker
from chatops_server.services.containers.engines import Engines
from chatops_server.services.containers.pulls import Pulls
from chatops_server.services.containers.records import Records
from chatops_server.services.containers.relay import EngineRelay
from chatops_server.services.errands import Errands
from chatops_server.services.ledger import Ledger
from chatops_server.services.live import Live
from chatops_wire.containers import ContainerEvent, DockerProgress, DockerResponse

FromAgent = DockerResponse | DockerProgress | ContainerEvent


@dataclass(frozen=True, slots=True)
class ContainerServices:
    """Containers as the REST interface and agents' connections see them."""

    docker: Docker
    engines: Engines
    pulls: Pulls
    _relay: EngineRelay
    _known: Containers

    def connected(self, session: AgentSession) -> None:
        """Note that an agent is there."""
        self._relay.connected(session)

    def disconnected(self, session: AgentSession) -> None:
        """Note that an agent is gone."""
        self._relay.disconnected(session)

    def hear(self, session: AgentSession, message: FromAgent) -> None:
        """Take what an agent says of its engine."""
        match message:
            case DockerResponse() | DockerProgress():
                self._relay.hear(session, message)
            case ContainerEvent():
                self._known.heard(session.state, message)
            case _:
                assert_never(message)


def put_together(live: Live, ledger: Ledger, errands: Errands) -> ContainerServices:
    """Return the services; nothing of them runs yet."""
    relay = EngineRelay(live.sessions)
    deeds = Deeds(relay, Records(ledger), errands, live.actions.engine_requests)
    return ContainerServices(
        Docker(live.fleet, live.containers, deeds),
        Engines(live.fleet, deeds),
        Pulls(live.fleet, live.topics, deeds, lambda: asyncio.get_running_loop().time()),
        relay,
        live.containers,
    )
