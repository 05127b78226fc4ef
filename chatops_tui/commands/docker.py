"""`chatops docker`: do something with the containers of a server, or with what its engine keeps."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from chatops_tui import docker_arguments as known
from chatops_tui.client.connect import Hub
from chatops_tui.client.errors import HubRefusedError
from chatops_tui.commands.engine_lists import show_list, show_processes, show_space
from chatops_tui.commands.grid import say
from chatops_tui.commands.pulls import pull_one
from chatops_tui.commands.say import complain, say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.commands.targets import named
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.render.numbers import size
from chatops_wire.containers import ContainerItem
from chatops_wire.rest_docker import ContainerAction, ContainerOrder, EngineOrder, ProjectAction

if TYPE_CHECKING:
    from chatops_tui.client.docker_calls import Stock

# A server takes 64 requests at once.
_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done, and how."""

    server: str
    action: str
    names: tuple[str, ...]
    order: ContainerOrder
    everything: bool
    reveal: bool
    as_json: bool


def wanted_of(arguments: argparse.Namespace) -> Wanted:
    """Return what was typed after `chatops docker`."""
    order = ContainerOrder(
        timeout_s=arguments.grace,
        signal=arguments.signal,
        force=arguments.force,
        volumes=arguments.volumes,
        own=arguments.own,
        name=arguments.names[-1] if arguments.action == "rename" else None,
    )
    names = tuple(arguments.names[:1] if arguments.action == "rename" else arguments.names)
    return Wanted(
        arguments.name, arguments.action, names, order, arguments.all, arguments.reveal, arguments.json
    )


def handle_docker(settings: Settings, wanted: Wanted) -> int:
    """Do it and return the exit status; UnknownServerError."""

    async def job(hub: Hub) -> int:
        server_id = named(await hub.rest.servers(), [wanted.server])[0].id
        return await _Job(hub, settings, wanted, server_id).run()

    return with_hub(settings, job)


class _Job:
    def __init__(self, hub: Hub, settings: Settings, wanted: Wanted, server_id: str) -> None:
        self._hub = hub
        self._docker = hub.rest.docker
        self._settings = settings
        self._wanted = wanted
        self._server_id = server_id

    async def run(self) -> int:
        action = self._wanted.action
        if action in (*known.ON_CONTAINERS, "rename"):
            return await self._each(self._act)
        if action in known.ON_PROJECTS:
            return await self._each(self._act_on_project)
        if action in known.REMOVALS:
            return await self._each(self._remove)
        if action in known.PRUNES:
            return await self._prune()
        if action == "pull":
            return await self._pull()
        return await self._read()

    async def _each(self, do: Callable[[str], Awaitable[object]]) -> int:
        """Do it with each of what was named, some at a time; what goes wrong with one costs that one."""
        turns = asyncio.Semaphore(_AT_ONCE)

        async def one(name: str) -> bool:
            async with turns:
                try:
                    done = await do(name)
                except HubRefusedError as exc:
                    complain(f"{name}: {exc}")
                    return False
            self._told(name, done)
            return True

        good = await asyncio.gather(*map(one, self._wanted.names))
        return ExitCode.DONE if all(good) else ExitCode.REFUSED

    def _told(self, name: str, done: object) -> None:
        if self._wanted.as_json:
            say_json({"name": name, "action": self._wanted.action, "result": done})
            return
        containers = done if isinstance(done, tuple) else (done,)
        for container in containers:
            if isinstance(container, ContainerItem):
                say(self._settings, f"{container.name or name}: {container.status or container.state}")
            else:
                say(self._settings, f"{name}: removed")

    async def _act(self, name: str) -> ContainerItem | None:
        action = cast("ContainerAction", self._wanted.action)
        return await self._docker.act(self._server_id, name, action, self._wanted.order)

    async def _act_on_project(self, name: str) -> Sequence[ContainerItem]:
        action = cast("ProjectAction", self._wanted.action.removeprefix("project-"))
        order = EngineOrder(timeout_s=self._wanted.order.timeout_s, own=self._wanted.order.own)
        return await self._docker.act_on_project(self._server_id, name, action, order)

    async def _remove(self, name: str) -> None:
        kind = cast("Stock", self._wanted.action.removeprefix("remove-") + "s")
        await self._docker.remove(self._server_id, kind, name, force=self._wanted.order.force)

    async def _prune(self) -> int:
        kind = cast("Stock", self._wanted.action.removeprefix("prune-"))
        told = await self._docker.prune(self._server_id, kind, everything=self._wanted.everything)
        if self._wanted.as_json:
            say_json(told)
        else:
            say(self._settings, _freed(kind, told))
        return ExitCode.DONE

    async def _pull(self) -> int:
        status: int = ExitCode.DONE
        for image in self._wanted.names:
            if not await pull_one(
                self._hub, self._settings, self._server_id, image, as_json=self._wanted.as_json
            ):
                status = ExitCode.REFUSED
        return status

    async def _read(self) -> int:
        docker, server_id, as_json = self._docker, self._server_id, self._wanted.as_json
        match self._wanted.action:
            case "inspect":
                # It is JSON in any case: the engine's own words.
                say_json(await docker.inspect(server_id, self._wanted.names[0], reveal=self._wanted.reveal))
            case "top":
                table = await docker.top(server_id, self._wanted.names[0])
                show_processes(self._settings, table, as_json=as_json)
            case "df":
                show_space(self._settings, await docker.disk_use(server_id), as_json=as_json)
            case kind:
                rows = await docker.stock(server_id, cast("Stock", kind))
                show_list(self._settings, kind, rows, as_json=as_json)
        return ExitCode.DONE


def _freed(kind: str, told: Mapping[str, Any]) -> str:
    deleted, freed = told.get("deleted"), told.get("reclaimed")
    count = len(deleted) if isinstance(deleted, list) else 0
    room = f", {size(float(freed))} freed" if isinstance(freed, int | float) and freed else ""
    return f"{count} {kind if count != 1 else kind[:-1]} removed{room}"
