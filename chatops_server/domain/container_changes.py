"""What one container's two states differ by, in an engine's word; and what an action makes of one."""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from chatops_wire.containers import Container

DESTROY: Final = "destroy"

# By the state it came to, for agents that tell states only.
_WORDS: Final[Mapping[str, str]] = {
    "created": "create",
    "running": "start",
    "paused": "pause",
    "restarting": "restart",
    "removing": "remove",
    "exited": "die",
    "dead": "die",
}
_UPDATE: Final = "update"
# What an engine has done once it says that an action is done.
_STATE_AFTER: Final[Mapping[str, str]] = {
    "start": "running",
    "stop": "exited",
    "restart": "running",
    "pause": "paused",
    "unpause": "running",
}
_KILLING: Final = (None, "KILL", "SIGKILL", "9")


def appeared(container: Container) -> str:
    """Return the word for a container that was not there before."""
    return "create" if container.state not in ("running", "paused", "restarting") else _WORDS[container.state]


def difference(before: Container, after: Container) -> str | None:
    """Return the word for what happened to a container in between; None when only figures changed."""
    if after.state != before.state:
        is_resumed = (before.state, after.state) == ("paused", "running")
        return "unpause" if is_resumed else _WORDS.get(after.state, _UPDATE)
    if after.started_at != before.started_at or after.restarts != before.restarts:
        return "restart" if after.state == "running" else _UPDATE
    if after.name != before.name:
        return "rename"
    if after.health != before.health:
        return "health_status"
    return None if _facts(after) == _facts(before) else _UPDATE


def outcome(container: Container, action: str, *, signal: str | None, name: str | None) -> Container | None:
    """Return the container as it is after an action that its engine says is done; None: it is gone.

    For agents that do not tell it themselves. The engine's own words (`status`) are dropped with the state
    they were about.
    """
    if action == "remove":
        return None
    if action == "rename" and name:
        return replace(container, name=name)
    state = "exited" if action == "kill" and signal in _KILLING else _STATE_AFTER.get(action)
    if state is None or (state == container.state and action != "restart"):
        return container
    return replace(container, state=state, status="")


def _facts(container: Container) -> tuple[object, ...]:
    return (
        container.image,
        container.exit_code,
        container.oom_killed,
        container.ports,
        container.project,
        container.service,
    )
