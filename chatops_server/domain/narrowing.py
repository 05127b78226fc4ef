"""What the hub itself does without on a server, of what its machine allows. Pure."""

from typing import Final, get_args

from msgspec import Struct

from chatops_wire.containers import Change
from chatops_wire.policy import Allowance, MachinePolicy, allows
from chatops_wire.streams import LogSource

# Of each list of a machine's policy; it goes to everybody who may see the server.
_MOST_ENTRIES: Final = 64
_ENTRY_CHARS: Final = 200
_WORD_CHARS: Final = 64
_CHANGES: Final = frozenset(get_args(Change))


class Narrowing(Struct, frozen=True, kw_only=True):
    """To what a server is narrowed, by whom and when."""

    allowed: tuple[Allowance, ...]
    by: str | None
    """The user's id; None: the hub's own console."""
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


def trimmed_policy(policy: MachinePolicy | None) -> MachinePolicy | None:
    """Return what an agent told of its machine, cut to what is kept and shown."""
    if policy is None:
        return None
    return MachinePolicy(
        source=policy.source[:_WORD_CHARS],
        allowed=_words(policy.allowed),
        denied=_words(policy.denied),
        commands=_entries(policy.commands),
        containers=_entries(policy.containers),
        log_paths=_entries(policy.log_paths) or (),
        log_units=_entries(policy.log_units),
        signed=_words(policy.signed),
        terminal_user=policy.terminal_user[:_WORD_CHARS],
        terminal_shell=policy.terminal_shell[:_ENTRY_CHARS],
    )


def _words(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word[:_WORD_CHARS] for word in words[:_MOST_ENTRIES])


def _entries(texts: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if texts is None else tuple(text[:_ENTRY_CHARS] for text in texts[:_MOST_ENTRIES])
