"""The hub's REST interface about containers, and about what belongs to their engines."""

from typing import Any, Final, Literal

import msgspec
from msgspec.structs import replace

from chatops_tui.client.calls import MAX_PAGES, PAGE, Calls, Query, given, item_path
from chatops_tui.client.signatures import Signatures
from chatops_tui.client.wire import Request
from chatops_wire.containers import ContainerItem
from chatops_wire.rest_docker import (
    ContainerAction,
    ContainerAnswer,
    ContainerOrder,
    ContainerPage,
    DockerState,
    EngineList,
    EngineOrder,
    ProjectAction,
    ProjectAnswer,
    PullBegun,
    PullOrder,
    RevealOrder,
    TopView,
    action_params,
    project_params,
    prune_params,
    pull_params,
    removal_params,
)

Stock = Literal["images", "volumes", "networks"]
"""What an engine keeps besides containers."""

_CONTAINERS: Final = "docker/containers"
# A database with a grace of ten minutes, and what the hub waits beyond it.
_ENGINE_S: Final = 700.0
_AS_USUAL: Final = ContainerOrder()
_ENGINE_AS_USUAL: Final = EngineOrder()


class ContainerList(msgspec.Struct, frozen=True):
    """Containers, and of each server that was asked for how its engine stands."""

    items: tuple[ContainerItem, ...]
    engines: dict[str, DockerState]


class DockerCalls:
    """Part of `http.Rest`; what it raises is said there."""

    def __init__(self, calls: Calls, signatures: Signatures) -> None:
        self._calls = calls
        self._signatures = signatures

    async def containers(
        self, server_id: str = "", *, select: str = "", state: str = "", project: str = "", search: str = ""
    ) -> ContainerList:
        """Return the containers of one server, or of all the user may see; an empty word narrows nothing."""
        narrowed = given(server_id=server_id, select=select, state=state, project=project, q=search)
        items: list[ContainerItem] = []
        engines: dict[str, DockerState] = {}
        cursor: Query = ()
        for _ in range(MAX_PAGES):
            fields = (*narrowed, ("limit", str(PAGE)), *cursor)
            page = await self._calls.call(Request("GET", f"/{_CONTAINERS}", query=fields), ContainerPage)
            items += page.items
            engines.update(page.docker)
            if page.next is None:
                break
            cursor = (("cursor", page.next),)
        return ContainerList(tuple(items), engines)

    async def inspect(self, server_id: str, container_id: str, *, reveal: bool = False) -> dict[str, Any]:
        """Return what the engine says of a container, in its own words, redacted."""
        signature = None
        if reveal:
            params = {"reveal": True}
            signature = await self._signatures.for_docker(server_id, "inspect", container_id, params)
        if signature is not None:
            path = f"{item_path(_CONTAINERS, container_id)}/reveal"
            order = RevealOrder(signature=signature)
            return await self._calls.call(Request("POST", path, order, _of(server_id)), dict[str, Any])
        fields = (*_of(server_id), *given(reveal="true" if reveal else ""))
        request = Request("GET", item_path(_CONTAINERS, container_id), query=fields)
        return await self._calls.call(request, dict[str, Any])

    async def top(self, server_id: str, container_id: str) -> TopView:
        """Return the processes of a container."""
        path = f"{item_path(_CONTAINERS, container_id)}/top"
        return await self._calls.call(Request("GET", path, query=_of(server_id)), TopView)

    async def act(
        self, server_id: str, container_id: str, action: ContainerAction, order: ContainerOrder = _AS_USUAL
    ) -> ContainerItem | None:
        """Do something with a container and return it as it then stands; None when it is gone."""
        params = action_params(action, order)
        signature = await self._signatures.for_docker(server_id, action, container_id, params)
        path = f"{item_path(_CONTAINERS, container_id)}/{action}"
        request = Request(
            "POST", path, replace(order, signature=signature), _of(server_id), engine_s=_ENGINE_S
        )
        return (await self._calls.call(request, ContainerAnswer)).container

    async def act_on_project(
        self, server_id: str, project: str, action: ProjectAction, order: EngineOrder = _ENGINE_AS_USUAL
    ) -> tuple[ContainerItem, ...]:
        """Do something with a compose project and return its containers as they then stand."""
        signed = await self._signed(order, server_id, f"project_{action}", project)
        path = f"{item_path('docker/projects', project)}/{action}"
        request = Request("POST", path, signed, _of(server_id), engine_s=_ENGINE_S)
        return (await self._calls.call(request, ProjectAnswer)).containers

    async def stock(self, server_id: str, kind: Stock) -> tuple[dict[str, Any], ...]:
        """Return the images, volumes or networks of a server."""
        request = Request("GET", f"/docker/{kind}", query=_of(server_id))
        return (await self._calls.call(request, EngineList)).items

    async def disk_use(self, server_id: str) -> dict[str, Any]:
        """Return what the engine says its images, containers and volumes take."""
        return await self._calls.call(
            Request("GET", "/docker/df", query=_of(server_id), engine_s=_ENGINE_S), dict[str, Any]
        )

    async def pull(self, server_id: str, image: str) -> PullBegun:
        """Begin to pull an image; the feed tells how it goes."""
        params = pull_params(image)
        signature = await self._signatures.for_docker(server_id, "image_pull", image, params)
        order = PullOrder(server_id=server_id, image=image, signature=signature)
        return await self._calls.call(Request("POST", "/docker/images/pull", order), PullBegun)

    async def remove(self, server_id: str, kind: Stock, item_id: str, *, force: bool = False) -> None:
        """Remove an image, a volume or a network."""
        signed = await self._signed(EngineOrder(force=force), server_id, f"{kind[:-1]}_remove", item_id)
        path = item_path(f"docker/{kind}", item_id)
        await self._calls.exchange(Request("DELETE", path, signed, _of(server_id), engine_s=_ENGINE_S))

    async def prune(self, server_id: str, kind: Stock, *, everything: bool = False) -> dict[str, Any]:
        """Remove all of a kind that nothing uses; return what the engine says of it.

        `everything`: images and volumes that have a name, too.
        """
        signed = await self._signed(EngineOrder(all=everything), server_id, f"{kind[:-1]}_prune", "")
        request = Request("POST", f"/docker/{kind}/prune", signed, _of(server_id), engine_s=_ENGINE_S)
        return await self._calls.call(request, dict[str, Any])

    async def _signed(self, order: EngineOrder, server_id: str, action: str, name: str) -> EngineOrder:
        if action.startswith("project"):
            params = project_params(name, order)
        else:
            params = prune_params(order) if action.endswith("prune") else removal_params(order)
        return replace(order, signature=await self._signatures.for_docker(server_id, action, name, params))


def _of(server_id: str) -> Query:
    return given(server_id=server_id)
