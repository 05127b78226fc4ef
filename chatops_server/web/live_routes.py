"""Where the WebSockets are, and how all of them end when the hub stops."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from chatops_server.services.agent_actions import AgentActions
from chatops_server.services.live import Live
from chatops_server.services.presence import Presence
from chatops_server.web.agent_stream import Actions, Judge, NoRotation, Rotation
from chatops_server.web.client_feeds import Sources
from chatops_server.web.client_stream import TokenReader
from chatops_server.web.frame_socket import Patience
from chatops_server.web.open_sockets import OpenSockets
from chatops_server.web.routes import PREFIX
from chatops_server.web.ws_agent import AgentDoor, AgentEndpoint, Ingest, Keys, Leases, NoLeases
from chatops_server.web.ws_client import ClientDoor, ClientEndpoint

log = logging.getLogger(__name__)

# SIGTERM ends the hub within 5 s. Peers have 1.5 s to answer the close frame; meanwhile what was
# accepted is stored, which takes longer only where the disk is stuck.
STOP_WITHIN_S: Final = 1.8


@dataclass(frozen=True, slots=True)
class LiveServices:
    """What the sockets need beyond the live part itself."""

    presence: Presence
    keys: Keys
    ingest: Ingest
    actions: AgentActions
    tokens: TokenReader
    now_ms: Callable[[], int]
    patience: Patience = field(default_factory=Patience)
    judge: Judge = lambda _server, _sample: None
    rotation: Rotation = field(default_factory=NoRotation)
    leases: Leases = field(default_factory=NoLeases)
    hearer: Actions | None = None
    """Hears agents in place of `actions`, where other hubs may have asked them."""


def add_live(app: web.Application, live: Live, services: LiveServices) -> OpenSockets:
    """Add the WebSockets, with and without a trailing slash, and their end when the application stops."""
    sockets, actions = OpenSockets(services.patience), services.actions
    agent = AgentEndpoint(
        AgentDoor(
            live,
            services.presence,
            services.keys,
            services.ingest,
            services.hearer or actions,
            sockets,
            services.judge,
            services.now_ms,
            services.rotation,
            services.leases,
        )
    )
    feeds = Sources(live.fleet, actions.commands.history, actions.log_streams)
    client = ClientEndpoint(ClientDoor(live, feeds, actions.terminals, services.tokens, sockets))
    for slash in ("", "/"):
        app.router.add_get(f"{PREFIX}/agents/ws{slash}", agent.handle)
        app.router.add_get(f"{PREFIX}/ws{slash}", client.handle)
        app.router.add_get(f"{PREFIX}/ws/metrics/{{server_id}}{slash}", client.handle)
        app.router.add_get(f"{PREFIX}/ws/logs/{{server_id}}{slash}", client.handle_logs)

    async def stop(_app: web.Application) -> None:
        await stop_sockets(live, sockets)

    # Called when nobody new can connect any more, and before handlers are waited for and cancelled.
    app.on_shutdown.append(stop)
    return sockets


async def stop_sockets(live: Live, sockets: OpenSockets) -> None:
    """Close every WebSocket (1001) and return when their handlers have ended, at most STOP_WITHIN_S later.

    While storage still works, so that what agents' sessions have accepted is stored.
    """
    live.sessions.close_all()
    live.clients.close_all()
    with suppress(TimeoutError):
        async with asyncio.timeout(STOP_WITHIN_S):
            await sockets.close_unauthenticated()
            await sockets.wait_until_none()
            return
    log.warning(
        "connections are still open", extra={"agents": len(live.sessions), "clients": len(live.clients)}
    )
