"""Every server's containers in memory, and telling those who follow them what changes."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import asdict

from chatops_server.broker.fleet import Fleet
from chatops_server.broker.sample_frames import AnySample
from chatops_server.broker.server_state import ServerState
from chatops_server.broker.topics import Topics
from chatops_server.domain.inventory import Change, Inventory
from chatops_wire.client import ContainerMessage
from chatops_wire.containers import Container, ContainerEvent, ContainerItem, EngineState
from chatops_wire.rest_docker import Availability, DockerState

_REASON_CHARS: Final = 200


class Containers:
    """The inventories by server, for the event loop's thread only; nothing here waits."""

    def __init__(self, fleet: Fleet, topics: Topics) -> None:
        self._fleet = fleet
        self._topics = topics
        self._inventories: dict[str, Inventory] = {}
        fleet.on_access_change(self._forget_deleted)

    def on(self, state: ServerState) -> Iterator[Container]:
        """Yield a server's containers as they were told last; none while nobody can know."""
        inventory = self._inventories.get(state.id)
        if inventory is not None and self.docker(state) == "available":
            yield from inventory

    def find(self, state: ServerState, text: str) -> Container | None:
        """Return the container of this id, name, or beginning of just one id."""
        inventory = self._inventories.get(state.id)
        return None if inventory is None else inventory.find(text)

    def is_complete(self, state: ServerState) -> bool:
        """Return whether what is not known here is not there: false where changes may be on their way."""
        inventory = self._inventories.get(state.id)
        if inventory is None or state.docker != "available":
            return False
        return inventory.is_known and not inventory.is_told_at_once

    def tells_at_once(self, state: ServerState) -> bool:
        """Return whether a server's agent tells of changes without waiting for its next sample: ours does."""
        inventory = self._inventories.get(state.id)
        return inventory is not None and inventory.is_told_at_once

    def docker(self, state: ServerState) -> DockerState:
        """Return what is known of a server's engine now."""
        if not state.is_online:
            return "offline"
        return state.docker or "absent"

    def load(self) -> None:
        """Take up the containers of every server's latest sample, at start-up."""
        for state in self._fleet:
            if state.latest is not None and state.latest.sample.containers is not None:
                self._of(state).observe(state.latest.sample.containers)

    def observed(self, state: ServerState, sample: AnySample) -> None:
        """Take a server's new latest sample."""
        containers = sample.containers
        if self._fleet.get(state.id) is not state:
            # Its socket is a little behind: the server was deleted.
            return
        if containers is None:
            self._fleet.engine_is(state, *_without(state, sample.engine))
            return
        self._fleet.engine_is(state, "available")
        inventory = self._of(state)
        # Agents that tell of their engine tell of its events as well.
        inventory.is_told_at_once = inventory.is_told_at_once or sample.engine is not None
        for change in inventory.observe(containers):
            self._tell(state, change)

    def heard(self, state: ServerState, event: ContainerEvent) -> None:
        """Take what an agent tells at once."""
        self.changed(state, Change(event.action, event.container))
        inventory = self._inventories.get(state.id)
        if inventory is not None:
            inventory.is_told_at_once = True

    def changed(self, state: ServerState, change: Change, *, is_news: bool = False) -> None:
        """Take a change; it is told unless it was known. With `is_news` it is told in any case."""
        if self._fleet.get(state.id) is not state:
            return
        self._fleet.engine_is(state, "available")
        told = self._of(state).hear(change)
        if told is not None or is_news:
            self._tell(state, told or change)

    def _tell(self, state: ServerState, change: Change) -> None:
        message = ContainerMessage(action=change.action, container=item(state, change.container))
        self._topics.publish_containers(state.id, message)

    def _of(self, state: ServerState) -> Inventory:
        return self._inventories.setdefault(state.id, Inventory())

    def _forget_deleted(self, server_id: str) -> None:
        if self._fleet.get(server_id) is None:
            self._inventories.pop(server_id, None)


def item(state: ServerState, container: Container) -> ContainerItem:
    """Return a container as clients get it; where the agent names no id its name is one."""
    fields = asdict(container)
    # As the engine's API writes names.
    fields["name"] = container.name.removeprefix("/")
    fields["id"] = container.id or fields["name"]
    return ContainerItem(server_id=state.id, **fields)


def _without(state: ServerState, told: EngineState | None) -> tuple[Availability, str]:
    """Return what a sample without containers means, and why that is so."""
    if told is not None:
        return "unavailable", told.reason[:_REASON_CHARS]
    # Agents that only list containers: once there was an engine, it is more likely away than removed.
    was_there = state.docker in ("available", "unavailable")
    is_named = state.host is not None and bool(state.host.docker_version)
    return "unavailable" if was_there or is_named else "absent", ""
