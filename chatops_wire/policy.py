"""What a machine allows, as its agent tells it and the hub shows and narrows it (docs/policy.md)."""

from typing import Annotated, Final, Literal, get_args

from msgspec import Meta, Struct

Allowance = Literal["docker", "commands", "terminal", "logs", "docker_read"]
"""What may be asked of a machine beside its samples and the list of its containers."""
ALLOWANCES: Final[tuple[Allowance, ...]] = get_args(Allowance)
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
