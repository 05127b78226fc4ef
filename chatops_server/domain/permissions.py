"""Who may do what: the only place where roles, ownership and grants are weighed."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from chatops_wire.rest import GrantRole, Role

_RANK: Final[dict[Role, int]] = {"viewer": 0, "operator": 1, "admin": 2}


@dataclass(frozen=True, slots=True)
class Principal:
    """The user behind a valid access token."""

    user_id: str
    username: str
    role: Role
    expires_ms: int
    """When the token ends, Unix ms."""
    token_version: int
    session_id: str = ""
    """The login the token goes back to."""


class HubAction(Enum):
    """What is done to the hub itself; the value is the lowest role that may."""

    USE = "viewer"
    ADD_SERVER = "operator"
    ADMINISTER = "admin"


class ServerAction(Enum):
    """What is done to one server; the value is the lowest effective role that may."""

    READ = "viewer"
    OPERATE = "operator"
    MANAGE = "admin"
    """Keys, grants, renaming, deletion: what an owner may."""


def effective_role(principal: Principal, owner_id: str, grant_role: GrantRole | None) -> Role | None:
    """Return what the user may do on a server; None means that the server is invisible to them.

    Admins and the owner have full rights, whatever the owner's own role has become. A grant never
    lifts its user above their own role.
    """
    if principal.role == "admin" or principal.user_id == owner_id:
        return "admin"
    if grant_role is None:
        return None
    return min(principal.role, grant_role, key=_RANK.__getitem__)


def allows(role: Role, action: HubAction | ServerAction) -> bool:
    """Return whether `role` reaches what the action asks for."""
    return _RANK[role] >= _RANK[_needed(action)]


def sees_event(principal: Principal, event_user_id: str | None, *, server_visible: bool | None) -> bool:
    """Return whether an event is this user's to see.

    Args:
        principal: Who asks.
        event_user_id: Whom the event names, if anybody.
        server_visible: Whether its server is visible to them; None when it names no server.
    """
    if principal.role == "admin":
        return True
    if server_visible is not None:
        return server_visible
    return event_user_id == principal.user_id


def _needed(action: HubAction | ServerAction) -> Role:
    match action.value:
        case "viewer":
            return "viewer"
        case "operator":
            return "operator"
        case _:
            return "admin"
