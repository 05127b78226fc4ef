"""Bodies and answers of the REST interface about containers and what belongs to their engine."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from chatops_wire.containers import ContainerItem
from chatops_wire.streams import LogLine

EngineState = Literal["available", "unavailable", "absent"]
"""Of a server: its engine answers, does not answer (any more), or there is none."""
DockerState = EngineState | Literal["offline"]
"""The same, or that nobody knows, since the agent is not connected."""
ContainerAction = Literal["start", "stop", "restart", "pause", "unpause", "kill", "remove", "rename"]
ProjectAction = Literal["start", "stop", "restart"]
# The engine takes more; nobody waits longer for one answer.
GraceS = Annotated[float, Meta(ge=0, le=3600)]
ImageName = Annotated[str, Meta(min_length=1, max_length=512)]


class ContainerOrder(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How an action is done; each field is for the actions it says."""

    timeout_s: GraceS | None = None
    """stop, restart: between TERM and KILL; without it the container's own, mostly 10."""
    force: bool = False
    """remove: one that runs too."""
    signal: Annotated[str, Meta(max_length=16)] | None = None
    """kill: another one than KILL."""
    volumes: bool = False
    """remove: its anonymous volumes too."""
    name: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
    """rename: the new name."""
    own: bool = False
    """stop, restart, pause, kill, remove: also the container that the agent itself runs in."""


class ContainerAnswer(Struct, frozen=True, kw_only=True):
    """The container as it stands after an action; null when it is gone."""

    container: ContainerItem | None


class ProjectAnswer(Struct, frozen=True, kw_only=True):
    """The containers of a project as they stand after an action."""

    containers: tuple[ContainerItem, ...]


class ContainerPage(Struct, frozen=True, kw_only=True):
    """A part of the list; `docker` tells of every server that was asked for why it may have none in it."""

    items: tuple[ContainerItem, ...]
    next: str | None = None
    docker: dict[str, DockerState]


class LogPage(Struct, frozen=True, kw_only=True):
    """Lines of a log, oldest first; `truncated` when there were more than fit into one answer."""

    items: tuple[LogLine, ...]
    next: str | None = None
    truncated: bool = False


class TopView(Struct, frozen=True, kw_only=True):
    """The processes of a container, as `ps` shows them."""

    titles: tuple[str, ...]
    processes: tuple[tuple[str, ...], ...]


class EngineList(Struct, frozen=True, kw_only=True):
    """Images, volumes or networks of one server."""

    items: tuple[dict[str, Any], ...]
    next: str | None = None


class PullOrder(Struct, frozen=True, kw_only=True):
    """An image to be pulled to a server; without a tag `latest`."""

    server_id: str
    image: ImageName


class PullBegun(Struct, frozen=True, kw_only=True):
    """A pull under way; the topic `containers` tells how it goes and how it ended."""

    command_id: str
    server_id: str
    image: str
