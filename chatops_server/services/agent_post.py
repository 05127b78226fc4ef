"""Requests on their way to an agent: whoever asks for too much waits, and costs no connection."""

import asyncio
from typing import Final

from msgspec import Struct

from chatops_server.broker.sessions import AgentSession, AgentSessions
from chatops_server.errors import AgentOfflineError, AgentTimeoutError
from chatops_wire import codec

_TAKEN_WITHIN_S: Final = 5.0


def reachable(sessions: AgentSessions, server_id: str) -> AgentSession:
    """Return the live connection of a server's agent, to this hub or another one.

    Raises:
        AgentOfflineError: There is none, or it is about to end.
    """
    session = sessions.reachable(server_id)
    if session is None:
        raise AgentOfflineError
    return session


async def offered(session: AgentSession, message: Struct) -> None:
    """Hand a request to the agent's connection, behind what waits there already. Cancelling is safe.

    Raises:
        AgentTimeoutError: The connection took nothing for 5 s.
    """
    try:
        async with asyncio.timeout(_TAKEN_WITHIN_S):
            await session.outbox.offer(codec.encode(message))
    except TimeoutError as exc:
        raise AgentTimeoutError("the server's agent takes no requests") from exc
