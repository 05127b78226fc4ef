"""What each action on an engine needs, and what may be said with it. Pure."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar, get_args

import msgspec
from msgspec import Meta, Struct

from chatops_agent.engine.errors import EngineError
from chatops_agent.policy import Denial, Policy
from chatops_wire.containers import Change, DockerCode, Reading

# The SDK quotes neither `/` nor `..` in a path: a container called `../images/x` would remove an image.
_NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,255}")
_IMAGE: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.:@/-]{0,511}")
_READINGS: Final = frozenset(get_args(Reading))
_CHANGES: Final = frozenset(get_args(Change))
# Those that take no name, as they are about the machine as a whole.
_NAMELESS: Final = frozenset({"list", "images", "volumes", "networks", "df"})
_PRUNES: Final = frozenset({"image_prune", "volume_prune", "network_prune"})
_PROJECTS: Final = frozenset({"project_start", "project_stop", "project_restart"})
_IMAGES: Final = frozenset({"image_pull", "image_remove"})
_MAX_GRACE_S: Final = 3600

P = TypeVar("P", bound=Struct)

Seconds = Annotated[float, Meta(ge=0, le=_MAX_GRACE_S)]
Moment = Annotated[str, Meta(max_length=64)] | int | float


class Stopping(Struct, frozen=True, kw_only=True):
    """Parameters of stop and restart, and of those of a project."""

    timeout_s: Seconds | None = None
    """Between TERM and KILL; None: the container's own."""
    own: bool = False
    """Even the container that this agent runs in."""
    project: str = ""


class Killing(Struct, frozen=True, kw_only=True):
    """Parameters of kill."""

    signal: Annotated[str, Meta(pattern="^[A-Za-z0-9+-]{1,16}$")] | int | None = None
    own: bool = False


class Removing(Struct, frozen=True, kw_only=True):
    """Parameters of remove, image_remove, volume_remove and network_remove."""

    force: bool = False
    """A running container, an image that is in use."""
    volumes: bool = False
    """Its anonymous volumes too."""
    own: bool = False
    image: str = ""


class Renaming(Struct, frozen=True, kw_only=True):
    """Parameters of rename."""

    name: str


class Inspecting(Struct, frozen=True, kw_only=True):
    """Parameters of inspect."""

    reveal: bool = False
    """Values of the environment, labels and arguments as they are."""


class Tailing(Struct, frozen=True, kw_only=True):
    """Parameters of logs."""

    tail: Annotated[int, Meta(ge=0)] = 100
    since: Moment | None = None
    until: Moment | None = None


class Pulling(Struct, frozen=True, kw_only=True):
    """Parameters of image_pull."""

    image: str = ""


class Pruning(Struct, frozen=True, kw_only=True):
    """Parameters of image_prune, volume_prune and network_prune."""

    all: bool = False
    """Images with a name too, and volumes with one."""


@dataclass(frozen=True, slots=True)
class Order:
    """A request that passed the rules."""

    action: str
    target: str
    params: dict[str, Any]

    def read(self, kind: type[P]) -> P:
        """Return the parameters of this action; unknown ones are ignored.

        Raises:
            EngineError: One is of the wrong kind or out of bounds.
        """
        try:
            return msgspec.convert(self.params, kind, strict=False)
        except msgspec.ValidationError as exc:
            raise EngineError(DockerCode.BAD_REQUEST, f"{self.action}: {exc}") from exc


def checked(action: str, target: str, params: dict[str, Any], policy: Policy) -> Order:
    """Return the order.

    Raises:
        EngineError: This machine does not allow it, there is no such action, or the name cannot be one.
    """
    if action not in _READINGS | _CHANGES:
        raise EngineError(DockerCode.BAD_REQUEST, f"no such action: {action!r}")
    reason = refusal(action, params, policy)
    if reason:
        raise EngineError(DockerCode.NOT_ALLOWED, reason)
    return Order(action, _target(action, target, params), params)


def refusal(action: str, params: dict[str, Any], policy: Policy) -> str:
    """Return why this machine does not allow an action; empty: it does."""
    if action in _CHANGES:
        if not policy.allows("docker"):
            return "this machine allows no changes to its containers (--allow docker)"
        denial = _denial(action)
        return (
            f"this machine's agent is set to {denial} nothing (--docker-deny)"
            if denial in policy.denied
            else ""
        )
    if action == "list" or policy.allows("docker"):
        return ""
    if params.get("reveal"):
        return "this machine reveals no values of its containers (--allow docker)"
    if policy.allows("docker_read") or policy.allows("logs"):
        return ""
    return "this machine shows no more of its containers than the list (--allow docker, docker_read or logs)"


def name(text: str, what: str) -> str:
    """Return an id or name.

    Raises:
        EngineError: It cannot be one.
    """
    if _NAME.fullmatch(text) is None:
        raise EngineError(DockerCode.BAD_REQUEST, f"no possible name of a {what}: {text[:80]!r}")
    return text


def image(text: str) -> str:
    """Return an image's id or name.

    Raises:
        EngineError: It cannot be one.
    """
    parts = text.split("/")
    if _IMAGE.fullmatch(text) is None or any(part in {"", ".", ".."} for part in parts):
        raise EngineError(DockerCode.BAD_REQUEST, f"no possible name of an image: {text[:80]!r}")
    return text


def _denial(action: str) -> Denial | None:
    if action in _PRUNES:
        return "prune"
    return "remove" if action.endswith("remove") else None


def _target(action: str, target: str, params: dict[str, Any]) -> str:
    if action in _NAMELESS or action in _PRUNES:
        return ""
    if action in _IMAGES:
        return image(target or str(params.get("image", "")))
    if action in _PROJECTS:
        return name(target or str(params.get("project", "")), "project")
    return name(target, action.partition("_")[0] if "_" in action else "container")
