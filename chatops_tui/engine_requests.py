"""What screens ask of the engines of servers, without knowing how the hub is reached."""

from typing import Any, Literal, Protocol

from chatops_tui.store.containers import ContainerKey
from chatops_wire.rest_docker import ContainerAction, ContainerOrder, EngineOrder, ProjectAction, TopView

Stock = Literal["images", "volumes", "networks"]
"""What an engine keeps besides containers."""


class Engines(Protocol):
    """Every coroutine raises RequestFailedError, with the engine's own reason where it is one."""

    async def act(self, key: ContainerKey, action: ContainerAction, order: ContainerOrder) -> None:
        """Do something with a container; the store tells how it then stands."""
        ...

    async def act_on_project(
        self, server_id: str, project: str, action: ProjectAction, order: EngineOrder
    ) -> None:
        """Do something with the containers of a compose project on one server."""
        ...

    async def inspect(self, key: ContainerKey, *, reveal: bool = False) -> dict[str, Any]:
        """Return what the engine says of a container, redacted by the agent unless an admin wants it all."""
        ...

    async def top(self, key: ContainerKey) -> TopView:
        """Return the processes of a container."""
        ...

    async def stock(self, server_id: str, kind: Stock) -> tuple[dict[str, Any], ...]:
        """Return the images, volumes or networks of a server."""
        ...

    async def disk_use(self, server_id: str) -> dict[str, Any]:
        """Return what images, containers and volumes take on disk."""
        ...

    async def pull(self, server_id: str, image: str) -> None:
        """Begin to pull an image; the store tells how it goes."""
        ...

    async def remove(self, server_id: str, kind: Stock, item_id: str, *, force: bool = False) -> None:
        """Remove an image, a volume or a network."""
        ...

    async def prune(self, server_id: str, kind: Stock, *, everything: bool = False) -> dict[str, Any]:
        """Remove all of a kind that nothing uses; return what the engine says of it.

        `everything`: images and volumes that have a name, too.
        """
        ...
