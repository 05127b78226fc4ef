"""The members of a fan-out that ended alike, folded together."""

from collections.abc import Iterable
from dataclasses import dataclass

from chatops_tui.store.runs import RunMemory, RunStatus

Outcome = tuple[RunStatus, int | None, int | None, str, bytes]


@dataclass(frozen=True, slots=True)
class Group:
    """Runs with the same state, exit code, signal, reason and output; at least one."""

    members: tuple[RunMemory, ...]

    @property
    def first(self) -> RunMemory:
        """The one that stands for all."""
        return self.members[0]

    @property
    def id(self) -> str:
        """Stays while the group has the same first member."""
        return str(self.first.run.key)


def outcome(memory: RunMemory) -> Outcome:
    """Return what two runs must share to be told as one; those that still run are all alike."""
    run = memory.run
    if run.is_open:
        return ("running", None, None, "", b"")
    return (run.status, run.exit_code, run.signal, run.reason, memory.output.digest)


def grouped(runs: Iterable[RunMemory]) -> list[Group]:
    """Return the groups, the largest first, so that what differs stands below; running ones come last."""
    found: dict[Outcome, list[RunMemory]] = {}
    for memory in runs:
        found.setdefault(outcome(memory), []).append(memory)
    groups = [Group(tuple(members)) for members in found.values()]
    return sorted(groups, key=lambda group: (group.first.run.is_open, -len(group.members)))
