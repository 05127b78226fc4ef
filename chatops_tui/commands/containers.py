"""`chatops containers`: the containers of every server, or of some."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rich.text import Text

from chatops_tui.client.connect import Hub
from chatops_tui.client.docker_calls import ContainerList
from chatops_tui.commands.grid import show_table
from chatops_tui.commands.say import complain, console, drawn, say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.commands.targets import named
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.render import numbers
from chatops_tui.render.spans import Ink
from chatops_wire.containers import ContainerItem
from chatops_wire.rest import ServerView

# Each title, and from how many columns of the terminal on there is room for it.
_TITLES: Final[Mapping[str, int]] = {
    "SERVER": 0,
    "CONTAINER": 0,
    "PROJECT": 90,
    "STATE": 0,
    "CPU": 0,
    "MEMORY": 0,
    "STATUS": 120,
    "PORTS": 160,
    "IMAGE": 0,
}
_INKS: Final[Mapping[str, Ink]] = {
    "running": "ok",
    "paused": "warn",
    "restarting": "warn",
    "dead": "crit",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which containers; an empty word narrows nothing."""

    server: str
    selector: str
    state: str
    project: str
    search: str
    as_json: bool


def wanted_of(arguments: argparse.Namespace) -> Wanted:
    """Return what was typed after `chatops containers`."""
    return Wanted(
        arguments.name,
        arguments.selector,
        arguments.state,
        arguments.project,
        arguments.search,
        arguments.json,
    )


def show_containers(settings: Settings, wanted: Wanted) -> int:
    """Show them and return the exit status; UnknownServerError."""

    async def job(hub: Hub) -> int:
        servers = await hub.rest.servers()
        server_id = named(servers, [wanted.server])[0].id if wanted.server else ""
        found = await hub.rest.docker.containers(
            server_id,
            select=wanted.selector,
            state=wanted.state,
            project=wanted.project,
            search=wanted.search,
        )
        names = {server.id: server.name for server in servers}
        if wanted.as_json:
            say_json([{"server": names.get(each.server_id, ""), **_fields(each)} for each in found.items])
        else:
            _show(settings, found.items, names)
        return _told_of_missing(servers, found, is_only=bool(wanted.server))

    return with_hub(settings, job)


def _show(settings: Settings, items: Sequence[ContainerItem], names: Mapping[str, str]) -> None:
    width = console(settings).width
    titles = [title for title, least in _TITLES.items() if width >= least]
    rows = []
    for each in items:
        cells = _cells(settings, each, names.get(each.server_id, each.server_id))
        rows.append([cells[title] for title in titles])
    show_table(settings, titles, rows, wraps="IMAGE", empty="no containers")


def _told_of_missing(servers: Sequence[ServerView], found: ContainerList, *, is_only: bool) -> int:
    """Say whose containers nobody knows; where only that server was asked for, that is a failure."""
    missing = [sentence for server in servers if (sentence := _missing(server, found))]
    for sentence in missing:
        complain(sentence)
    if is_only and (set(found.engines.values()) == {"absent"}):
        complain("there is no container engine on that server")
        return ExitCode.REFUSED
    return ExitCode.REFUSED if is_only and missing else ExitCode.DONE


def _missing(server: ServerView, found: ContainerList) -> str:
    match found.engines.get(server.id):
        case "unavailable":
            why = f": {server.docker_reason}" if server.docker_reason else ""
            return f"{server.name}: its container engine does not answer{why}"
        case "offline":
            return f"{server.name}: its agent is not connected"
        case _:
            # Most servers need no engine.
            return ""


def _fields(container: ContainerItem) -> Mapping[str, object]:
    return {name: getattr(container, name) for name in container.__struct_fields__}


def _cells(settings: Settings, container: ContainerItem, server: str) -> dict[str, Text]:
    state = container.state or "?"
    ink = _INKS.get(state, "off")
    if container.health == "unhealthy":
        state, ink = f"{state} (unhealthy)", "crit"
    elif container.health:
        state = f"{state} ({container.health})"
    return {
        "SERVER": drawn(settings, server),
        "CONTAINER": drawn(settings, container.name or container.id[:12], "strong"),
        "PROJECT": drawn(settings, container.project or "", "muted"),
        "STATE": drawn(settings, state, ink),
        "CPU": drawn(settings, numbers.percent(container.cpu_percent)),
        "MEMORY": drawn(settings, numbers.size(container.memory_used)),
        "STATUS": drawn(settings, container.status, "muted"),
        "PORTS": drawn(settings, ", ".join(container.ports), "muted"),
        "IMAGE": drawn(settings, container.image),
    }
