"""What may be asked of a machine, in a glyph and words, and line by line."""

from collections.abc import Sequence
from typing import Final

from chatops_tui.render.spans import Cell, Ink, Span
from chatops_wire.policy import MachinePolicy, PolicySummary, PolicyView

Line = tuple[str, str]
"""A label, and what is said: remote text, to be neutralised."""

_CHANGING: Final = frozenset({"docker", "commands", "terminal"})


def badge(capabilities: Sequence[str], policy: PolicySummary | None) -> Cell:
    """Return how far others may go on a machine: full, in part, or not beyond looking."""
    glyph, words, ink = _reach(frozenset(capabilities), policy)
    spans: list[Span] = [(f"{glyph} {words}", ink)]
    if "signed" in capabilities:
        spans.append((" · signed", "strong"))
    if policy is not None and policy.narrowed is not None:
        spans.append((" · narrowed", "strong"))
    return spans


def lines(view: PolicyView) -> list[Line]:
    """Return everything that is known of it."""
    machine = view.machine
    told = _machine(machine) if machine else [("decided", "not told by its agent")]
    return [
        ("allowed", _listed(view.machine_capabilities)),
        *told,
        ("narrowed", _narrowed(view)),
        ("left", _listed(view.capabilities)),
    ]


def _reach(found: frozenset[str], policy: PolicySummary | None) -> tuple[str, str, Ink]:
    lists = policy is not None and policy.lists_commands
    if "terminal" in found or ("commands" in found and not lists):
        return "◆", "any command", "warn"
    if found & _CHANGING:
        words = [("commands", "listed commands"), ("docker", "containers")]
        return "◈", " + ".join(text for name, text in words if name in found), "text"
    if found & {"logs", "docker_read"}:
        return "◇", "reads only", "muted"
    return "◇", "metrics only", "muted"


def _machine(machine: MachinePolicy) -> list[Line]:
    found = [
        ("decided", "by a file on the machine" if machine.source == "file" else "by its agent's flags"),
        ("commands", _patterns(machine.commands, "commands" in machine.allowed, "any, by a shell")),
        ("containers", _patterns(machine.containers, _has_docker(machine), "all")),
        ("denied", _listed(machine.denied) if machine.denied else ""),
        ("log files", "  ".join(machine.log_paths) if "logs" in machine.allowed else ""),
        ("log units", _patterns(machine.log_units, "logs" in machine.allowed, "all")),
        ("terminal", _terminal(machine) if "terminal" in machine.allowed else ""),
        ("signed", _listed(machine.signed) if machine.signed else "nothing need be"),
    ]
    return [(label, value) for label, value in found if value]


def _has_docker(machine: MachinePolicy) -> bool:
    return not {"docker", "docker_read"}.isdisjoint(machine.allowed)


def _patterns(texts: Sequence[str] | None, is_allowed: bool, everything: str) -> str:  # noqa: FBT001 - says so
    if not is_allowed:
        return ""
    if texts is None:
        return everything
    return "\n".join(texts) or "none"


def _terminal(machine: MachinePolicy) -> str:
    user = f"of {machine.terminal_user}" if machine.terminal_user else "of the agent's user"
    return f"{user}, {machine.terminal_shell}" if machine.terminal_shell else user


def _narrowed(view: PolicyView) -> str:
    if view.narrowed is None:
        return "not at the hub"
    by = view.narrowed_by_name or view.narrowed_by or "the hub's console"
    return f"to {_listed(view.narrowed)} by {by}, {view.narrowed_at}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(name for name in names if name != "metrics") or "nothing but samples"
