"""A control group for each run, where the machine lets us make one: nothing can stray from it.

All of this reads and writes files of the kernel's: call it where waiting is allowed.
"""

import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PREFIX: Final = "chatops-run-"
_SYSTEMD: Final = Path("/run/systemd/system")
# Set by systemd on the group of a unit with Delegate=yes.
_DELEGATED: Final = ("user.delegate", "trusted.delegate")


@dataclass(frozen=True, slots=True)
class Cgroup:
    """One group, empty when it was made."""

    path: Path

    @property
    def door(self) -> str:
        """The file that a process writes 0 to in order to enter."""
        return str(self.path / "cgroup.procs")

    def pids(self) -> list[int]:
        """Return who is in it now."""
        try:
            return [int(line) for line in (self.path / "cgroup.procs").read_text().split()]
        except OSError:
            return []

    def kill(self) -> bool:
        """Kill everybody in it, forks under way included; False where the kernel cannot (before 5.14)."""
        try:
            (self.path / "cgroup.kill").write_text("1")
        except OSError:
            return False
        return True

    def remove(self) -> bool:
        """Remove it; False while somebody is in it."""
        try:
            self.path.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True


class Cgroups:
    """Below which group ours are made."""

    def __init__(self, parent: Path) -> None:
        self.parent = parent
        self._lock = threading.Lock()
        self._left: set[Cgroup] = set()

    def make(self, cookie: str) -> Cgroup | None:
        """Return a new group; None if there can be none."""
        group = Cgroup(self.parent / f"{_PREFIX}{os.getpid()}-{cookie}")
        try:
            group.path.mkdir()
        except OSError:
            return None
        return group

    def bury(self, *groups: Cgroup) -> None:
        """Remove these groups, now or with a later call: who was killed takes a moment, a daemon stays."""
        with self._lock:
            self._left = {group for group in self._left.union(groups) if not group.remove()}


def find_cgroups() -> Cgroups | None:
    """Return where groups may be made: below our own one of version 2, if that is ours to divide.

    Under systemd it is with `Delegate=yes` in the agent's unit; elsewhere, where we may write to it.
    """
    parent = _own_group()
    if parent is None or (_SYSTEMD.exists() and not _is_delegated(parent)):
        return None
    probe = Cgroups(parent).make("probe")
    if probe is None:
        return None
    usable = (probe.path / "cgroup.procs").exists()
    probe.remove()
    # What an earlier agent left, or a daemon that one of its runs left behind and that has ended since.
    cgroups = Cgroups(parent)
    cgroups.bury(*(Cgroup(path) for path in parent.glob(f"{_PREFIX}*") if not _is_in_use(path)))
    return cgroups if usable else None


def _is_in_use(path: Path) -> bool:
    """Say whether the agent that made this group still runs: it may just be about to use it."""
    return Path("/proc", path.name.removeprefix(_PREFIX).partition("-")[0]).exists()


def _own_group() -> Path | None:
    try:
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        groups = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return None
    own = next((line[3:] for line in groups if line.startswith("0::/")), None)
    if own is None:
        return None
    for fields, _, filesystem in (line.partition(" - ") for line in mounts):
        root, place = fields.split()[3:5]
        if filesystem.startswith("cgroup2 ") and (own == root or own.startswith(root.rstrip("/") + "/")):
            return Path(place) / own[len(root.rstrip("/")) :].lstrip("/")
    return None


def _is_delegated(group: Path) -> bool:
    for name in _DELEGATED:
        with suppress(OSError):
            if os.getxattr(group, name) == b"1":
                return True
    return False
