"""What can be asked about containers: list, look into, control, read their logs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from chatops_server.broker.containers import Containers, item
from chatops_server.broker.fleet import Fleet
from chatops_server.broker.server_state import ServerState
from chatops_server.domain.container_changes import DESTROY, outcome
from chatops_server.domain.engine_answers import (
    container_of,
    containers_of,
    inspection_of,
    lines_of,
    processes_of,
)
from chatops_server.domain.inventory import Change, is_name
from chatops_server.domain.permissions import Principal, ServerAction
from chatops_server.domain.selectors import Candidate, Selector
from chatops_server.errors import ForbiddenError, InvalidRequestError, NotFoundError
from chatops_server.services.access import Caller, server_for
from chatops_server.services.containers.deeds import Deeds
from chatops_server.services.containers.records import Asked
from chatops_server.services.containers.relay import Order
from chatops_server.services.containers.targets import Target, Targets
from chatops_wire.containers import Container, ContainerItem
from chatops_wire.rest_docker import (
    ContainerAction,
    ContainerOrder,
    DockerState,
    EngineOrder,
    LogPage,
    ProjectAction,
    TopView,
    action_params,
    project_params,
)
from chatops_wire.signing import Signature

_READ_WITHIN_S: Final = 15.0
# An engine that starts a container pulls up its network and mounts its volumes first.
_CHANGE_WITHIN_S: Final = 20.0
# What an engine grants without being told.
_USUAL_GRACE_S: Final = 10.0
# Our agent gives up after 60 s and the grace, and says so.
_OURS_WITHIN_S: Final = 65.0
# Databases are given minutes; nobody waits longer.
_LONGEST_GRACE_S: Final = 600.0
_PROJECT_WITHIN_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which container or project, and who wants what of it."""

    text: str
    """Its id, name, or the beginning of its id; the project's name."""
    server_id: str | None
    principal: Principal
    caller: Caller


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which containers are to be listed."""

    server_id: str | None = None
    selector: Selector | None = None
    """Of servers."""
    matches: Callable[[Container], bool] = field(default=lambda _container: True)


class Docker:
    """Answers for users. Containers are listed from memory; everything else is asked of the agent."""

    def __init__(self, fleet: Fleet, containers: Containers, deeds: Deeds) -> None:
        self._fleet = fleet
        self._containers = containers
        self._deeds = deeds
        self._targets = Targets(fleet, containers)

    def servers(self, principal: Principal, chosen: Chosen) -> list[ServerState]:
        """Return the servers a list is about.

        Raises:
            NotFoundError: The one that was named is unknown or invisible to the user.
        """
        if chosen.server_id is not None:
            return [server_for(self._fleet, principal, chosen.server_id, ServerAction.READ).state]
        states = [state for state, _ in self._fleet.visible(principal)]
        return [state for state in states if _is_chosen(state, chosen.selector)]

    def listed(self, states: list[ServerState], chosen: Chosen) -> Iterator[tuple[ServerState, Container]]:
        """Yield the containers that are known to be on these servers now."""
        for state in states:
            for container in self._containers.on(state):
                if chosen.matches(container):
                    yield state, container

    def state_of(self, state: ServerState) -> DockerState:
        """Return what is known of a server's engine now."""
        return self._containers.docker(state)

    async def inspect(
        self, wanted: Wanted, *, reveal: bool, signature: Signature | None = None
    ) -> dict[str, Any]:
        """Return what the engine knows of a container, its own words at the top level.

        Values are revealed by a signature only where the machine asks for one.

        Raises:
            ForbiddenError: Only admins may have the environment revealed.
            ChatopsError: As Targets.find and Deeds.read.
        """
        if reveal and wanted.principal.role != "admin":
            raise ForbiddenError("this needs the role admin")
        target = self._target(wanted, ServerAction.READ)
        asked = _asked(target, wanted.caller, "reveal" if reveal else "inspect", {})
        # What was signed is not to be said in other words.
        place = target.id if signature is None else wanted.text
        order = Order("inspect", place, {"reveal": True} if reveal else {}, signature)
        asking = self._deeds.change if reveal else self._deeds.read
        data = await asking(asked, order, _READ_WITHIN_S)
        container = container_of(data) or target.container or Container(id=target.id)
        about = {"server_id": target.state.id, "container": item(target.state, container)}
        return {**inspection_of(data, reveal=reveal), **about}

    async def logs(self, wanted: Wanted, params: Mapping[str, Any]) -> LogPage:
        """Return lines of a container's log; raises as `inspect`."""
        return lines_of(await self._read(wanted, "logs", params))

    async def top(self, wanted: Wanted) -> TopView:
        """Return a container's processes; raises as `inspect`."""
        return processes_of(await self._read(wanted, "top", {}))

    async def act(
        self, wanted: Wanted, action: ContainerAction, order: ContainerOrder
    ) -> ContainerItem | None:
        """Do something with a container and return it as it then stands; None when it is gone.

        Raises:
            InvalidRequestError: The order is not one for this action.
            ChatopsError: As Targets.find and Deeds.change.
        """
        if action == "rename" and not is_name(order.name or ""):
            raise InvalidRequestError("name: expected letters, digits, and _ . - after the first one")
        params = action_params(action, order)
        target = self._target(wanted, ServerAction.OPERATE)
        asked = _asked(target, wanted.caller, action, params)
        ends_by_itself = self._containers.tells_at_once(target.state)
        within_s = _within_s(action, order, ends_by_itself=ends_by_itself)
        # What was signed is not to be said in other words.
        place = target.id if order.signature is None else wanted.text
        data = await self._deeds.change(asked, Order(action, place, params, order.signature), within_s)
        after = container_of(data)
        if action == "remove":
            self._gone(target)
            return None
        if after is None:
            return self._followed(target, action, order)
        self._containers.changed(target.state, Change(action, after))
        return item(target.state, after)

    async def act_on_project(
        self, wanted: Wanted, action: ProjectAction, order: EngineOrder
    ) -> tuple[ContainerItem, ...]:
        """Do something with all containers of a compose project and return them as they then stand.

        Raises:
            NotFoundError, ForbiddenError: No such project or server, or not the user's to operate.
            ChatopsError: As Deeds.change.
        """
        project = wanted.text
        if not is_name(project):
            raise InvalidRequestError("id: no project's name")
        state = server_for(self._fleet, wanted.principal, wanted.server_id or "", ServerAction.OPERATE).state
        if state.is_online and self._containers.is_complete(state) and not self._of_project(state, project):
            raise NotFoundError("no such project")
        params = project_params(project, order)
        asked = Asked(state, wanted.caller, f"project.{action}", f"{action} project", project, params)
        ordered = Order(f"project_{action}", project, params, order.signature)
        data = await self._deeds.change(asked, ordered, _PROJECT_WITHIN_S + (order.timeout_s or 0))
        for container in containers_of(data):
            self._containers.changed(state, Change(action, container))
        return tuple(item(state, each) for each in self._of_project(state, project))

    def _of_project(self, state: ServerState, project: str) -> list[Container]:
        return [each for each in self._containers.on(state) if each.project == project]

    async def _read(self, wanted: Wanted, action: str, params: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        target = self._target(wanted, ServerAction.READ)
        asked = _asked(target, wanted.caller, action, {})
        return await self._deeds.read(asked, Order(action, target.id, params), _READ_WITHIN_S)

    def _target(self, wanted: Wanted, action: ServerAction) -> Target:
        return self._targets.find(wanted.principal, wanted.server_id, wanted.text, action)

    def _followed(self, target: Target, action: str, order: ContainerOrder) -> ContainerItem:
        """Return the container of an agent that says no more than that it was done."""
        before = self._containers.find(target.state, target.id) or target.container
        if before is None:
            return item(target.state, Container(id=target.id))
        after = outcome(before, action, signal=order.signal, name=order.name) or before
        self._containers.changed(target.state, Change(action, after), is_news=action == "restart")
        return item(target.state, after)

    def _gone(self, target: Target) -> None:
        last = self._containers.find(target.state, target.id)
        if last is not None:
            self._containers.changed(target.state, Change(DESTROY, last))


def _is_chosen(state: ServerState, selector: Selector | None) -> bool:
    return selector is None or selector.matches(Candidate(state.id, state.name, state.tags, state.status))


def _asked(target: Target, caller: Caller, verb: str, params: Mapping[str, Any]) -> Asked:
    data = {"container_id": target.id, **params}
    return Asked(target.state, caller, f"container.{verb}", verb, target.name, data)


def _within_s(action: ContainerAction, order: ContainerOrder, *, ends_by_itself: bool) -> float:
    """Return how long an agent may take for an action.

    With `ends_by_itself` it answers in any case, after a minute and the grace at the latest, and it knows the
    grace of the container.
    """
    within_s, grace_s = (
        (_OURS_WITHIN_S, _LONGEST_GRACE_S) if ends_by_itself else (_CHANGE_WITHIN_S, _USUAL_GRACE_S)
    )
    if action not in ("stop", "restart"):
        return within_s
    return within_s + (grace_s if order.timeout_s is None else order.timeout_s)
