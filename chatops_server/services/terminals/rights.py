"""Who may open, view and end a terminal, and how many at once."""

from typing import Final

from chatops_server.broker.fleet import Fleet
from chatops_server.broker.sessions import AgentSession, AgentSessions
from chatops_server.broker.terminals import OpenTerminals
from chatops_server.domain.permissions import Principal, ServerAction
from chatops_server.errors import AgentOfflineError, NotFoundError, TooManyRequestsError
from chatops_server.services.access import server_for
from chatops_server.services.terminals.logbook import Logbook

# A screenful of shells a person and a team on one machine; the agent has its own limit.
MAX_OF_A_USER: Final = 20
MAX_ON_A_SERVER: Final = 40
_RETRY_AFTER_S: Final = 5


class Rights:
    """Looks at users' rights, and at what is open already."""

    def __init__(
        self, fleet: Fleet, sessions: AgentSessions, logbook: Logbook, open_terminals: OpenTerminals
    ) -> None:
        self._fleet = fleet
        self._sessions = sessions
        self._logbook = logbook
        self._open = open_terminals

    def session(self, principal: Principal, server_id: str) -> AgentSession:
        """Return the connection of a server's agent.

        Raises:
            NotFoundError, ForbiddenError: The server is not the user's to see, or to operate.
            AgentOfflineError: There is none.
        """
        server_for(self._fleet, principal, server_id, ServerAction.OPERATE)
        session = self._sessions.reachable(server_id)
        if session is None:
            raise AgentOfflineError
        return session

    def check_limits(self, principal: Principal, server_id: str) -> None:
        """Let one more pass; TooManyRequestsError when as many are open as may."""
        if self._open.count_of(principal.user_id) >= MAX_OF_A_USER:
            raise TooManyRequestsError(f"you have {MAX_OF_A_USER} terminals open", _RETRY_AFTER_S)
        if self._open.count_on(server_id) >= MAX_ON_A_SERVER:
            raise TooManyRequestsError(f"{MAX_ON_A_SERVER} terminals are open there", _RETRY_AFTER_S)

    async def owner(self, principal: Principal, terminal_id: str, server_id: str) -> str | None:
        """Return who opened a terminal that this user may attach or end; NotFoundError for others."""
        terminal = self._open.get(terminal_id)
        if terminal is not None and terminal.server_id == server_id:
            owner_id = terminal.user_id
        else:
            owner_id = (await self._logbook.owners(server_id)).get(terminal_id)
        if not may_attach(principal, owner_id):
            raise NotFoundError("no such terminal of yours")
        return owner_id


def may_attach(principal: Principal, owner_id: str | None) -> bool:
    """Say whether a user may view and end a terminal that this one opened."""
    return principal.role == "admin" or principal.user_id == owner_id
