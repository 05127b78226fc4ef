"""Where the WebSockets are, and how all of them end when the hub stops."""

import asyncio
import logging
from contextlib import suppress
from typing import Final

from aiohttp import web

from chatops_server.services.live import Live
from chatops_server.web.open_sockets import OpenSockets
from chatops_server.web.routes import PREFIX
from chatops_server.web.ws_agent import AgentDoor, AgentEndpoint
from chatops_server.web.ws_client import ClientDoor, ClientEndpoint

log = logging.getLogger(__name__)

# SIGTERM ends the hub within 5 s: 1.5 s to part from the peers while ingest stores the rest, for
# which a session has 3 s.
STOP_WITHIN_S: Final = 3.5


def add_live_routes(app: web.Application, agents: AgentDoor, clients: ClientDoor) -> None:
    """Add the WebSockets, with and without a trailing slash."""
    agent, client = AgentEndpoint(agents), ClientEndpoint(clients)
    for slash in ("", "/"):
        app.router.add_get(f"{PREFIX}/agents/ws{slash}", agent.handle)
        app.router.add_get(f"{PREFIX}/ws{slash}", client.handle)
        app.router.add_get(f"{PREFIX}/ws/metrics/{{server_id}}{slash}", client.handle)


async def stop_sockets(live: Live, sockets: OpenSockets) -> None:
    """Close every WebSocket (1001) and return when their handlers have ended, at most STOP_WITHIN_S later.

    Before the HTTP server is shut down, and while storage still works.
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
