"""Turns what domain.permissions decides into the answers 403 and 404."""

from dataclasses import dataclass

from chatops_server.domain.permissions import HubAction, Principal, ServerAction, allows
from chatops_server.errors import ForbiddenError, NotFoundError
from chatops_wire.rest import Role


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and from where; on the hub's own console there is no principal."""

    principal: Principal | None
    address: str | None

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


def require_on_server(role: Role | None, action: ServerAction) -> Role:
    """Return the effective role when it reaches the action.

    Raises:
        NotFoundError: The server is invisible to this user (`role` is None).
        ForbiddenError: Seen, but not theirs to do.
    """
    if role is None:
        raise NotFoundError("no such server")
    if not allows(role, action):
        needed = "full rights" if action is ServerAction.MANAGE else f"the role {action.value}"
        raise ForbiddenError(f"this needs {needed} on the server")
    return role
