"""Containers: what is told of one, and what may be asked of an engine (docs/protocol.md, "Docker")."""

from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from chatops_wire.quantities import Bytes, Count, Name, Percent, Rate, Text, Whole, at_most
from chatops_wire.signing import Signature

DockerId = Annotated[str, Meta(min_length=1, max_length=64)]

# Docker publishes ranges port by port; nobody reads more in a cell of a table.
MOST_PORTS: Final = 256

# Docker's own names of states; an engine that knows others (podman: `initialized`) is not corrected.
STATES: Final = ("created", "running", "paused", "restarting", "removing", "exited", "dead")

Reading = Literal["list", "inspect", "top", "logs", "images", "volumes", "networks", "df"]
Change = Literal[
    "start", "stop", "restart", "pause", "unpause", "kill", "remove", "rename",
    "image_pull", "image_remove", "image_prune", "volume_remove", "volume_prune",
    "network_remove", "network_prune", "project_start", "project_stop", "project_restart",
]  # fmt: skip


class DockerCode(StrEnum):
    """Why a `docker_command` was not carried out."""

    NOT_ALLOWED = "not_allowed"
    """By the agent's own settings, whatever the hub says."""
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    """The engine said no to the present state (409); the message is its own reason."""
    DOCKER_UNAVAILABLE = "docker_unavailable"
    """There is no engine, it may not be used, or it is gone."""
    BAD_REQUEST = "bad_request"
    """No such action, an id or parameter that cannot be right, or one the engine calls so (400)."""
    TIMEOUT = "timeout"
    """The engine took the request and did not answer in time: it may still carry it out."""
    BUSY = "busy"
    """As many requests as may be at once, or the same one already."""
    FAILED = "failed"
    """The engine tried and failed; the message is its own reason. Cancelled ones too."""


class Container(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One container. Every field may be absent, as not every agent tells everything; None is unknown."""

    id: Name = ""
    """The full id."""
    name: Name = ""
    """Without the leading slash; unique on its engine."""
    image: Name = ""
    state: Name = ""
    """Mostly one of STATES."""
    status: Name = ""
    """The engine's own words, as `docker ps` shows them: `Up 2 hours (healthy)`."""
    health: Name | None = None
    """starting, healthy or unhealthy; None without a health check."""
    created_at: Name | None = None
    """RFC 3339 UTC, as all times."""
    started_at: Name | None = None
    """None if it never was."""
    restarts: Count = 0
    """How often its restart policy started it again."""
    ports: Annotated[tuple[Name, ...], at_most(MOST_PORTS)] = ()
    """As `docker ps` writes them: `0.0.0.0:8080->80/tcp`."""
    project: Name | None = None
    """The compose project it belongs to, and what it is there."""
    service: Name | None = None
    cpu_percent: Percent | None = None
    """Of one core."""
    memory_used: Bytes | None = None
    """As `docker stats` counts it: without files that nobody used lately."""
    memory_limit: Bytes | None = None
    """None: no limit."""
    memory_anon: Bytes | None = None
    memory_file: Bytes | None = None
    memory_shmem: Bytes | None = None
    rx_bps: Rate | None = None
    """Of all its interfaces together; None where it has none of its own."""
    tx_bps: Rate | None = None
    read_bps: Rate | None = None
    write_bps: Rate | None = None
    pids: Count | None = None
    throttled_percent: Percent | None = None
    """Of the scheduler's periods, those in which its limit stopped it; None without a limit."""
    exit_code: Whole | None = None
    """Of its last end; None while it runs, or if it never did."""
    oom_killed: bool = False
    is_agent: bool = False
    """The agent itself runs in it."""


class EngineState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether a machine's engine answers; a sample without it: there is none, or nobody tells."""

    state: Literal["available", "unavailable"]
    reason: Text = ""
    """Why it does not answer."""
    version: Name = ""


class ContainerItem(Container, frozen=True, kw_only=True, omit_defaults=False):
    """One container of a server, everything spelled out."""

    server_id: str


class DockerCommand(Struct, frozen=True, kw_only=True, tag_field="type", tag="docker_command"):
    """Hub to agent: do this with the engine, or read that from it. Agents of others look for every field."""

    command_id: DockerId
    action: Annotated[str, Meta(max_length=64)]
    """One of Reading and Change; an unknown one is refused, not malformed."""
    container_id: Annotated[str, Meta(max_length=256)] = ""
    """Id or name of the container, or of the image, volume or network an action is for."""
    params: dict[str, Any] = {}
    signature: Signature | None = None
    """The operator's, for machines that ask for one."""


class DockerCancel(Struct, frozen=True, kw_only=True, tag_field="type", tag="docker_cancel"):
    """Hub to agent: give this command up; its `docker_response` still comes."""

    command_id: DockerId


class DockerResponse(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="docker_response"
):
    """Agent to hub: what came of it, its last word about this command."""

    command_id: DockerId
    success: bool
    message: Text = ""
    data: Any = None
    """By action (docs/protocol.md); None where there is nothing to tell."""
    code: Name | None = None
    """One of DockerCode where it did not succeed."""


class DockerProgress(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="docker_progress"
):
    """Agent to hub: how far a pull has come."""

    command_id: DockerId
    text: Text
    current: Bytes | None = None
    total: Bytes | None = None


class ContainerEvent(Struct, frozen=True, kw_only=True, tag_field="type", tag="container_event"):
    """Agent to hub, at once: something changed, whoever did it.

    `action` is the engine's word (`start`, `die`, `pause`, `rename`, `health_status`, `destroy`, …). A
    container that was removed is told with its last state.
    """

    action: Name
    container: Container
