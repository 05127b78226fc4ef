"""What a machine allows, as its agent tells it and the hub shows and narrows it (docs/policy.md)."""

from typing import Annotated, Final, Literal, get_args

from msgspec import Meta, Struct

Allowance = Literal["docker", "commands", "terminal", "logs", "docker_read"]
"""What may be asked of a machine beside its samples and the list of its containers."""
ALLOWANCES: Final[tuple[Allowance, ...]] = get_args(Allowance)
MOST_ENTRIES: Final = 64
_ENTRY_CHARS: Final = 200
_WORD_CHARS: Final = 64
NarrowedTo = Annotated[tuple[Allowance, ...], Meta(max_length=16)]


class MachinePolicy(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an agent was told on its own machine, for people to read: it decides there, not here."""

    source: str = "flags"
    """`file`: of --policy; `flags`: of --allow and what belongs to it."""
    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    """Of Docker: exec, remove, prune."""
    commands: tuple[str, ...] | None = None
    """The only commands, patterns between slashes; None: any, where `commands` is allowed."""
    containers: tuple[str, ...] | None = None
    """Patterns of the names of the only containers that may be touched; None: all."""
    log_paths: tuple[str, ...] = ()
    log_units: tuple[str, ...] | None = None
    """Patterns of the only units whose journal may be followed; None: all."""
    signed: tuple[str, ...] = ()
    """What is done only with an authorized signer's signature: commands, terminal, docker."""
    terminal_user: str = ""
    """Whose shell a terminal is; empty: the agent's own user's."""
    terminal_shell: str = ""


class PolicySummary(Struct, frozen=True, kw_only=True):
    """What is told of a server's policy wherever the server is shown; all of it: `/servers/{id}/policy`."""

    source: str
    """`file`, `flags`; empty: its agent has not told."""
    lists_commands: bool
    """Whether only listed commands are run there."""
    signed: tuple[str, ...]
    narrowed: tuple[str, ...] | None
    """To what the hub has narrowed it; None: not at all."""


class PolicyPatch(Struct, frozen=True, kw_only=True):
    """To what a server is to be narrowed; null: no longer."""

    allowed: NarrowedTo | None


class PolicyView(Struct, frozen=True, kw_only=True):
    """What may be asked of a server's machine: what it allows itself, and what the hub does without."""

    server_id: str
    capabilities: tuple[str, ...]
    """What is left of both."""
    machine_capabilities: tuple[str, ...]
    """What its agent offers."""
    machine: MachinePolicy | None
    """What is meant by that there; null: its agent has not told."""
    narrowed: tuple[str, ...] | None
    """To what it is narrowed at the hub; null: not at all."""
    narrowed_by: str | None
    """The user's id."""
    narrowed_at: str | None
    narrowed_by_name: str | None = None
    """What that user was called then."""


def trimmed(policy: MachinePolicy, most: int = MOST_ENTRIES) -> MachinePolicy:
    """Return a policy with lists of at most so many entries, and none of them long.

    An agent sends it with its first message, which is bounded; everybody gets it who may see the server.
    """
    return MachinePolicy(
        source=policy.source[:_WORD_CHARS],
        allowed=_cut(policy.allowed, most, _WORD_CHARS),
        denied=_cut(policy.denied, most, _WORD_CHARS),
        commands=None if policy.commands is None else _cut(policy.commands, most),
        containers=None if policy.containers is None else _cut(policy.containers, most),
        log_paths=_cut(policy.log_paths, most),
        log_units=None if policy.log_units is None else _cut(policy.log_units, most),
        signed=_cut(policy.signed, most, _WORD_CHARS),
        terminal_user=policy.terminal_user[:_WORD_CHARS],
        terminal_shell=policy.terminal_shell[:_ENTRY_CHARS],
    )


def _cut(texts: tuple[str, ...], most: int, chars: int = _ENTRY_CHARS) -> tuple[str, ...]:
    return tuple(text[:chars] for text in texts[:most])


def summary_of(view: PolicyView) -> PolicySummary:
    """Return the short form of it."""
    machine = view.machine or MachinePolicy(source="")
    return PolicySummary(
        source=machine.source,
        lists_commands=machine.commands is not None,
        signed=machine.signed,
        narrowed=view.narrowed,
    )


def expanded(words: tuple[str, ...]) -> frozenset[str]:
    """Return these with what is in them: who may change containers may look into them."""
    found = frozenset(words)
    return found | {"docker_read"} if "docker" in found else found


def narrowed(capabilities: tuple[str, ...], to: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return what is left of a machine's capabilities where the hub allows only these; None: all of them.

    What is no allowance (metrics, signed, what later versions tell) stays: nothing is gained by its absence.
    """
    if to is None:
        return capabilities
    left = expanded(to)
    kept = [name for name in capabilities if name not in ALLOWANCES or name in left]
    if "docker" in capabilities and "docker" not in left and "docker_read" in left:
        kept.append("docker_read")
    return tuple(dict.fromkeys(kept))


def allows(to: tuple[str, ...] | None, need: Allowance) -> bool:
    """Say whether a narrowing leaves this; None leaves everything."""
    return to is None or need in expanded(to)
