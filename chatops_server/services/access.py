"""Turns what domain.permissions decides into the answers 403 and 404."""

from dataclasses import dataclass

from chatops_server.broker.fleet import Fleet, role_of
from chatops_server.broker.server_state import ServerState
from chatops_server.domain.permissions import HubAction, Principal, ServerAction, allows
from chatops_server.errors import ForbiddenError, NotFoundError
from chatops_wire.rest import Role


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and from where; on the hub's own console there is no principal."""

    principal: Principal | None
    address: str | None
    program: str = ""
    """What they use, in its own words."""

    @property
    def user_id(self) -> str | None:
        """The user, None for the console."""
        return self.principal.user_id if self.principal else None


def require(principal: Principal, action: HubAction) -> None:
    """Let the action pass.

    Raises:
        ForbiddenError: The user's role does not reach it.
    """
    if not allows(principal.role, action):
        raise ForbiddenError(f"this needs the role {action.value}")


@dataclass(frozen=True, slots=True)
class ServerAccess:
    """A server, and what the user who asked may do on it."""

    state: ServerState
    role: Role


def server_for(fleet: Fleet, principal: Principal, server_id: str, action: ServerAction) -> ServerAccess:
    """Return the server when the user may do the action there.

    Raises:
        NotFoundError: Unknown, or invisible to this user.
        ForbiddenError: Seen, but not theirs to do.
    """
    state = fleet.get(server_id)
    role = role_of(state, principal) if state else None
    if state is None or role is None:
        raise NotFoundError("no such server")
    if not allows(role, action):
        needed = "full rights" if action is ServerAction.MANAGE else f"the role {action.value}"
        raise ForbiddenError(f"this needs {needed} on the server")
    return ServerAccess(state, role)
