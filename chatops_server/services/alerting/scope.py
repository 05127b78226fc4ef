"""Which servers a threshold or a silence is for, and whose it is to change."""

from dataclasses import dataclass

from chatops_server.broker.fleet import Fleet
from chatops_server.broker.server_state import ServerState
from chatops_server.domain.permissions import HubAction, Principal, ServerAction, allows
from chatops_server.domain.selectors import Candidate, Selector, SelectorError, parse
from chatops_server.errors import InvalidRequestError
from chatops_server.services.access import require, server_for
from chatops_server.services.user_directory import UserDirectory


@dataclass(frozen=True, slots=True)
class Reach:
    """One server, or all that the owner may manage; of those the ones the selector means."""

    owner_id: str | None
    """None: the hub, which manages every server."""
    server_id: str | None
    selector: Selector | None


class Scope:
    """Answers from memory, with the fleet and the users as they are now."""

    def __init__(self, fleet: Fleet, directory: UserDirectory) -> None:
        self._fleet = fleet
        self._directory = directory

    def covers(self, reach: Reach, state: ServerState) -> bool:
        """Return whether a server is meant."""
        if reach.server_id is not None:
            if reach.server_id != state.id:
                return False
        elif not self._manages(reach.owner_id, state):
            return False
        return reach.selector is None or reach.selector.matches(candidate(state))

    def is_seen_by(self, reach: Reach, principal: Principal) -> bool:
        """Return whether the user sees a server that is meant, or owns the thing itself."""
        if principal.role == "admin" or (reach.server_id is None and reach.owner_id == principal.user_id):
            return True
        return any(self.covers(reach, state) for state, _ in self._fleet.visible(principal))

    def may_change(self, reach: Reach, principal: Principal) -> bool:
        """Return whether the user may change or delete it."""
        if reach.server_id is None:
            return principal.role == "admin" or (
                reach.owner_id == principal.user_id and allows(principal.role, HubAction.ADD_SERVER)
            )
        role = self._fleet.role_on(reach.server_id, principal)
        return role is not None and allows(role, ServerAction.MANAGE)

    def require_create(self, server_id: str | None, principal: Principal) -> None:
        """Let a wish for something new pass.

        Raises:
            NotFoundError, ForbiddenError: The server is not the user's to see, or to manage.
        """
        if server_id is None:
            require(principal, HubAction.ADD_SERVER)
        else:
            server_for(self._fleet, principal, server_id, ServerAction.MANAGE)

    def has_owner(self, reach: Reach) -> bool:
        """Return whether the owner, if it was a user, is still one."""
        return reach.owner_id is None or self._directory.get(reach.owner_id) is not None

    def owners(self) -> frozenset[tuple[str, str]]:
        """Return users and their roles: when it changes, so may what is covered."""
        return frozenset((user.id, user.role) for user in self._directory)

    def _manages(self, owner_id: str | None, state: ServerState) -> bool:
        if owner_id is None:
            return True
        owner = self._directory.get(owner_id)
        return owner is not None and (owner.role == "admin" or state.owner_id == owner.id)


def candidate(state: ServerState) -> Candidate:
    """Return what a selector looks at."""
    return Candidate(state.id, state.name, state.tags, state.status)


def selector(text: str) -> Selector | None:
    """Return what `select` means; None means every server.

    Raises:
        InvalidRequestError: It is no selector, or asks for a status, which comes and goes.
    """
    if not text.strip():
        return None
    try:
        parsed = parse(text)
    except SelectorError as exc:
        raise InvalidRequestError(f"select: {exc}") from exc
    if any(term.field == "status" for terms in parsed.alternatives for term in terms):
        raise InvalidRequestError("select: a status comes and goes, name servers by name, id or tag")
    return parsed
