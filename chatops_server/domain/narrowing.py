"""What the hub itself does without on a server, of what its machine allows. Pure."""

from typing import Final, get_args

from msgspec import Struct

from chatops_wire.containers import Change
from chatops_wire.policy import Allowance, allows
from chatops_wire.streams import LogSource

_CHANGES: Final = frozenset(get_args(Change))


class Narrowing(Struct, frozen=True, kw_only=True):
    """To what a server is narrowed, by whom and when."""

    allowed: tuple[Allowance, ...]
    by: str | None
    """The user's id; None: the hub's own console."""
    by_name: str = ""
    """What that user was called then."""
    at_ms: int


def leaves(narrowing: Narrowing | None, *any_of: Allowance) -> bool:
    """Say whether one of these is left; without a narrowing everything is."""
    return narrowing is None or any(allows(narrowing.allowed, each) for each in any_of)


def needs_of_engine(action: str, *, reveals: bool) -> tuple[Allowance, ...]:
    """Return what is needed for something asked of an engine, any one of these; empty: nothing."""
    if action in _CHANGES or reveals:
        return ("docker",)
    return () if action == "list" else ("docker_read", "logs")


def needs_of_terminal(container: str | None) -> tuple[Allowance, ...]:
    """Return what is needed for a terminal on the machine, or in a container."""
    return ("terminal",) if container is None else ("docker",)


def needs_of_log(source: LogSource) -> tuple[Allowance, ...]:
    """Return what is needed to follow a log, any one of these."""
    return ("logs",) if source.container is None else ("logs", "docker_read")
