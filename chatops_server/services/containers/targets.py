"""Which container of which server somebody means."""

from dataclasses import dataclass

from chatops_server.broker.containers import Containers
from chatops_server.broker.fleet import Fleet, role_of
from chatops_server.broker.server_state import ServerState
from chatops_server.domain.inventory import is_name
from chatops_server.domain.permissions import Principal, ServerAction
from chatops_server.errors import InvalidRequestError, NotFoundError
from chatops_server.services.access import server_for
from chatops_wire.containers import Container


@dataclass(frozen=True, slots=True)
class Target:
    """A container, known here or not yet."""

    state: ServerState
    id: str
    """What its agent knows it by."""
    container: Container | None

    @property
    def name(self) -> str:
        """How people call it."""
        return self.id if self.container is None else self.container.name.removeprefix("/") or self.id


class Targets:
    """Finds containers for users."""

    def __init__(self, fleet: Fleet, containers: Containers) -> None:
        self._fleet = fleet
        self._containers = containers

    def find(self, principal: Principal, server_id: str | None, text: str, action: ServerAction) -> Target:
        """Return the container of this id, name, or beginning of just one id, where the user may do that.

        Without a server it is looked for on all that the user sees and whose agent is there.

        Raises:
            InvalidRequestError: That is no id or name; or several servers have it.
            NotFoundError: No such container or server, or not visible to the user.
            ForbiddenError: Seen, but not theirs to do.
        """
        if not is_name(text):
            raise InvalidRequestError("id: no container's id or name")
        state = self._only_one(principal, text) if server_id is None else None
        access = server_for(self._fleet, principal, state.id if state else server_id or "", action)
        container = self._containers.find(access.state, text)
        if container is None and access.state.is_online and self._containers.is_complete(access.state):
            raise NotFoundError("no such container")
        known = None if container is None else container.id or container.name
        return Target(access.state, known or text, container)

    def _only_one(self, principal: Principal, text: str) -> ServerState:
        found = [
            state
            for state in self._fleet
            if role_of(state, principal) is not None
            and state.is_online
            and self._containers.find(state, text) is not None
        ]
        if not found:
            raise NotFoundError("no such container on a server whose agent is connected")
        if len(found) > 1:
            raise InvalidRequestError(f"server_id: {len(found)} servers have that container; name one")
        return found[0]
