"""Bodies and answers of the REST interface about containers and what belongs to their engine."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from chatops_wire.containers import ContainerItem
from chatops_wire.signing import Signature
from chatops_wire.streams import LogLine

Availability = Literal["available", "unavailable", "absent"]
"""Of a server: its engine answers, does not answer (any more), or there is none."""
DockerState = Availability | Literal["offline"]
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
    signature: Signature | None = None
    """For machines that ask for one: of the id as it stands in the path, and of `action_params`."""


_PARAMS: Final[Mapping[ContainerAction, tuple[str, ...]]] = {
    "start": (),
    "stop": ("timeout_s", "own"),
    "restart": ("timeout_s", "own"),
    "pause": ("own",),
    "unpause": (),
    "kill": ("signal", "own"),
    "remove": ("force", "volumes", "own"),
    "rename": ("name",),
}


def action_params(action: ContainerAction, order: ContainerOrder) -> dict[str, Any]:
    """Return what of an order goes to the agent with an action: whoever signs it signs these."""
    given = {name: getattr(order, name) for name in _PARAMS[action]}
    return _said(given)


def _said(given: dict[str, Any]) -> dict[str, Any]:
    # Engines take whole seconds, without a point. By identity: no grace at all is 0, which equals False.
    return {
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in given.items()
        if value is not None and value is not False
    }


class RevealOrder(Struct, frozen=True, kw_only=True):
    """Asks for the values of a container's environment, labels and arguments."""

    signature: Signature | None = None
    """Of `inspect` with `{"reveal": true}`, for machines that ask for one."""


class EngineOrder(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What goes with an action on a project, an image, a volume, a network, or all that nobody uses."""

    force: bool = False
    """Removing: one that is in use, as far as the engine does that."""
    all: bool = False
    """Pruning: images and volumes that have a name, too."""
    own: bool = False
    """Projects: also the container that the agent itself runs in."""
    timeout_s: GraceS | None = None
    """Projects: between TERM and KILL."""
    signature: Signature | None = None
    """For machines that ask for one: of the name in the path (pruning: empty), and the parameters below."""


def removal_params(order: EngineOrder) -> dict[str, Any]:
    """Return what goes to the agent when an image, a volume or a network is removed."""
    return {"force": True} if order.force else {}


def prune_params(order: EngineOrder) -> dict[str, Any]:
    """Return what goes to the agent when what nobody uses is removed."""
    return {"all": True} if order.all else {}


def project_params(project: str, order: EngineOrder) -> dict[str, Any]:
    """Return what goes to the agent with an action on a project."""
    given = {"timeout_s": order.timeout_s, "own": order.own}
    return {"project": project, **_said(given)}


def pull_params(image: str) -> dict[str, Any]:
    """Return what goes to the agent when an image is pulled."""
    return {"image": image}


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
    signature: Signature | None = None
    """For machines that ask for one: of the image, and of `pull_params`."""


class PullBegun(Struct, frozen=True, kw_only=True):
    """A pull under way; the topic `containers` tells how it goes and how it ended."""

    command_id: str
    server_id: str
    image: str
