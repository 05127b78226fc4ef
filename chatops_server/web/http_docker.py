"""/docker/containers and /docker/projects: list, look into, control, read logs."""

import re
from typing import Any, Final, cast, get_args

import msgspec

from chatops_server.broker.containers import item
from chatops_server.broker.server_state import ServerState
from chatops_server.domain.permissions import HubAction
from chatops_server.domain.selectors import Selector, SelectorError, parse
from chatops_server.errors import InvalidRequestError
from chatops_server.services.containers.docker import Chosen, Wanted
from chatops_server.web.asking import Ask, Query, sliced
from chatops_server.web.routes import PAGING, Param, Route
from chatops_wire.containers import Container
from chatops_wire.rest_docker import (
    ContainerAction,
    ContainerAnswer,
    ContainerOrder,
    ContainerPage,
    EngineOrder,
    LogPage,
    ProjectAction,
    ProjectAnswer,
    RevealOrder,
    TopView,
)
from chatops_wire.streams import MAX_TAIL
from chatops_wire.times import format_ms

_TAG: Final = "containers"
_TAIL: Final = 100
# 10m, 1h30m: so long ago.
_AGO: Final = re.compile(r"(?:\d{1,6}[dhms])+", re.ASCII)
# Unix seconds, as engines themselves take them, until the year 5138; Unix ms since 1973.
_FIRST_MS: Final = 10**11
_SERVER: Final = Param("server_id", "Its server; may be absent where only one of yours has that container.")
_ON_SERVER: Final = Param("server_id", "Its server.", required=True)
# What a request to an agent may end with.
_RELAYED: Final = (400, 403, 404, 409, 429, 503, 504)

Row = tuple[ServerState, Container]


async def _list(ask: Ask[None]) -> ContainerPage:
    docker, chosen = ask.hub.containers.docker, _chosen(ask.query)
    states = docker.servers(ask.principal, chosen)
    rows = sorted(docker.listed(states, chosen), key=_order)
    part = sliced(rows, _order, ask.query.cursor(tuple[str, ...], ()), ask.query.limit)
    return ContainerPage(
        items=tuple(item(*row) for row in part.items),
        next=part.next,
        docker={state.id: docker.state_of(state) for state in states},
    )


async def _inspect(ask: Ask[None]) -> bytes:
    reveal = ask.query.flag("reveal")
    return msgspec.json.encode(await ask.hub.containers.docker.inspect(_wanted(ask), reveal=reveal))


async def _reveal(ask: Ask[RevealOrder]) -> bytes:
    found = await ask.hub.containers.docker.inspect(_wanted(ask), reveal=True, signature=ask.body.signature)
    return msgspec.json.encode(found)


async def _act(ask: Ask[ContainerOrder]) -> ContainerAnswer:
    action = _one_of(ask.path["action"], get_args(ContainerAction))
    done = await ask.hub.containers.docker.act(_wanted(ask), cast("ContainerAction", action), ask.body)
    return ContainerAnswer(container=done)


async def _logs(ask: Ask[None]) -> LogPage:
    params: dict[str, Any] = {"tail": ask.query.whole("tail", _TAIL, (0, MAX_TAIL))}
    params |= {name: moment for name in ("since", "until") if (moment := _moment(ask.query, name))}
    return await ask.hub.containers.docker.logs(_wanted(ask), params)


async def _top(ask: Ask[None]) -> TopView:
    return await ask.hub.containers.docker.top(_wanted(ask))


async def _act_on_project(ask: Ask[EngineOrder]) -> ProjectAnswer:
    action = cast("ProjectAction", _one_of(ask.path["action"], get_args(ProjectAction)))
    ask.query.required("server_id")
    containers = await ask.hub.containers.docker.act_on_project(_wanted(ask), action, ask.body)
    return ProjectAnswer(containers=containers)


def _wanted(ask: Ask[Any]) -> Wanted:
    return Wanted(ask.path["id"], ask.query.text("server_id"), ask.principal, ask.caller)


def _moment(query: Query, name: str) -> str | None:
    """Return a time as the agent takes it: how long ago as it stands, else RFC 3339."""
    text = query.text(name)
    if text is None or _AGO.fullmatch(text):
        return text
    if text.isascii() and text.isdigit() and int(text) < _FIRST_MS:
        return format_ms(int(text) * 1000)
    moment_ms = query.moment_ms(name, 0)
    # Engines count nanoseconds.
    return format_ms(moment_ms) if text.isdigit() else text.replace(" ", "+")


def _chosen(query: Query) -> Chosen:
    state, project, text = (query.text(name) for name in ("state", "project", "q"))

    def matches(container: Container) -> bool:
        is_found = text is None or text.casefold() in f"{container.name} {container.image}".casefold()
        return is_found and state in (None, container.state) and project in (None, container.project)

    return Chosen(query.text("server_id"), _selector(query.text("select")), matches)


def _selector(text: str | None) -> Selector | None:
    try:
        return None if text is None else parse(text)
    except SelectorError as exc:
        raise InvalidRequestError(f"select: {exc}") from exc


def _order(row: Row) -> tuple[str, ...]:
    state, container = row
    # What belongs to no project comes last.
    project = f"0{container.project}" if container.project else "1"
    return (state.name.casefold(), state.id, project, container.name, container.id)


def _one_of(text: str, known: tuple[str, ...]) -> str:
    if text not in known:
        raise InvalidRequestError(f"action: expected one of {', '.join(known)}")
    return text


ROUTES = (
    Route(
        method="GET",
        path="/docker/containers",
        right=HubAction.USE,
        handle=_list,
        summary="List containers by server, project and name; `docker` tells of servers that have none.",
        tag=_TAG,
        answer=ContainerPage,
        query=(
            Param("server_id", "Only this server."),
            Param("select", "Only servers this selector means: `tag:web`, `web-*`, `status:online`."),
            Param("state", "Only containers in this state."),
            Param("project", "Only containers of this compose project."),
            Param("q", "Only containers whose name or image holds this text, in any case."),
            *PAGING,
        ),
        refusals=(404,),
    ),
    Route(
        method="GET",
        path="/docker/containers/{id}",
        right=HubAction.USE,
        handle=_inspect,
        summary="Show all that the engine knows of a container; of its environment the names only.",
        tag=_TAG,
        answer=dict[str, Any],
        query=(_SERVER, Param("reveal", "`true`: values of the environment too; for admins, audited.")),
        refusals=_RELAYED,
    ),
    Route(
        method="GET",
        path="/docker/containers/{id}/logs",
        right=HubAction.USE,
        handle=_logs,
        summary="Read the last lines a container wrote, both streams in the order they came.",
        tag=_TAG,
        answer=LogPage,
        query=(
            _SERVER,
            Param("tail", f"How many lines at most: 0 to {MAX_TAIL}, {_TAIL} without it.", "integer"),
            Param("since", "RFC 3339, Unix seconds or ms, or how long ago (`10m`): nothing older."),
            Param("until", "Likewise: nothing newer."),
        ),
        refusals=_RELAYED,
    ),
    Route(
        method="GET",
        path="/docker/containers/{id}/top",
        right=HubAction.USE,
        handle=_top,
        summary="List the processes of a container.",
        tag=_TAG,
        answer=TopView,
        query=(_SERVER,),
        refusals=_RELAYED,
    ),
    Route(
        # Before the one of the actions, which it would else be taken for.
        method="POST",
        path="/docker/containers/{id}/reveal",
        right=HubAction.ADMINISTER,
        handle=_reveal,
        summary="Show a container with its values, by a signature where its machine asks for one.",
        tag=_TAG,
        body=RevealOrder,
        is_body_optional=True,
        answer=dict[str, Any],
        query=(_SERVER,),
        refusals=_RELAYED,
    ),
    Route(
        method="POST",
        path="/docker/containers/{id}/{action}",
        right=HubAction.USE,
        handle=_act,
        summary="Start, stop, restart, pause, unpause, kill, remove or rename; answers when it is done.",
        tag=_TAG,
        body=ContainerOrder,
        is_body_optional=True,
        answer=ContainerAnswer,
        query=(_SERVER,),
        refusals=_RELAYED,
    ),
    Route(
        method="POST",
        path="/docker/projects/{id}/{action}",
        right=HubAction.USE,
        handle=_act_on_project,
        summary="Start, stop or restart all containers of a compose project.",
        tag=_TAG,
        body=EngineOrder,
        is_body_optional=True,
        answer=ProjectAnswer,
        query=(_ON_SERVER,),
        refusals=_RELAYED,
    ),
)
