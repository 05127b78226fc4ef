"""Finds the processes of one run among all of this machine, by their parents and by the run's mark.

All of this reads /proc, where a single stuck process can make a read hang: call it in a lane.
"""

import os
import signal
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from chatops_agent.actions.processes.environment import COOKIE

_PROC: Final = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """What one line of /proc/PID/stat tells."""

    pid: int
    parent: int
    session: int
    started: int
    """Ticks since boot; with the pid it names a process for good."""
    is_over: bool
    """Dead and not reaped."""


@dataclass(frozen=True, slots=True)
class Quarry:
    """Whose processes are looked for."""

    leader: int
    cookie: str
    orphans_but: frozenset[int] | None
    """All other children of this process that are younger than the leader are its too, as nobody else's
    can be; None: they may be."""


def find(quarry: Quarry) -> list[Process]:
    """Return what descends from the leader and lives, without the leader itself."""
    table = {process.pid: process for process in _processes()}
    children = defaultdict(list)
    for process in table.values():
        children[process.parent].append(process)
    found: dict[int, Process] = {}
    pending = [*children[quarry.leader], *_marked(table.values(), quarry.cookie), *_orphans(table, quarry)]
    while pending:
        process = pending.pop()
        if process.pid not in found:
            found[process.pid] = process
            pending.extend(children[process.pid])
    return [each for each in found.values() if not each.is_over and _may_be_hurt(each.pid, quarry)]


def among(pids: Iterable[int], quarry: Quarry) -> list[Process]:
    """Return those of these that live, without the leader."""
    seen = (_process(pid) for pid in pids if _may_be_hurt(pid, quarry))
    return [process for process in seen if process is not None and not process.is_over]


def in_session(leader: int) -> list[Process]:
    """Return who lives in the session of this process, which leads it and has not been reaped."""
    return [each for each in _processes() if each.session == leader and not each.is_over]


def holding(processes: Iterable[Process], pipes: Collection[str]) -> list[Process]:
    """Return those that have one of these open; a pipe is named as its links in /proc/PID/fd are."""
    return [process for process in processes if not _open_files(process.pid).isdisjoint(pipes)]


def send(processes: Iterable[Process], *numbers: int) -> int:
    """Send these signals to each, if it is still the same process; return to how many."""
    return sum(_send(process, numbers) for process in processes)


def _send(process: Process, numbers: Iterable[int]) -> bool:
    try:
        pidfd = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    except (OSError, AttributeError):
        # Before Linux 5.3: it may be another process from one call to the next, which is very unlikely.
        return _is_same(process) and _signalled(partial(os.kill, process.pid), numbers)
    try:
        # From here on the pid cannot come to mean another process.
        return _is_same(process) and _signalled(partial(signal.pidfd_send_signal, pidfd), numbers)
    finally:
        os.close(pidfd)


def _is_same(process: Process) -> bool:
    now = _process(process.pid)
    return now is not None and now.started == process.started


def _signalled(send_one: Callable[[int], None], numbers: Iterable[int]) -> bool:
    for number in numbers:
        with suppress(OSError):
            send_one(number)
    return True


def _may_be_hurt(pid: int, quarry: Quarry) -> bool:
    return pid > 1 and pid not in {quarry.leader, os.getpid()}


def _marked(processes: Iterable[Process], cookie: str) -> Iterator[Process]:
    mark = f"{COOKIE}={cookie}".encode()
    for process in processes:
        # As it was at its exec; a process may be another user's, or be gone by now.
        with suppress(OSError):
            if mark in (_PROC / str(process.pid) / "environ").read_bytes().split(b"\0"):
                yield process


def _orphans(table: dict[int, Process], quarry: Quarry) -> Iterator[Process]:
    leader = table.get(quarry.leader)
    if quarry.orphans_but is None or leader is None:
        return
    for process in table.values():
        is_ours = process.parent == os.getpid() and process.pid not in quarry.orphans_but
        if is_ours and process.started >= leader.started:
            yield process


def _processes() -> Iterator[Process]:
    for entry in _PROC.iterdir():
        if entry.name.isdecimal():
            process = _process(int(entry.name))
            if process is not None:
                yield process


def _process(pid: int) -> Process | None:
    try:
        line = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The name before the last parenthesis may hold anything, parentheses and spaces too.
    fields = line[line.rindex(")") + 1 :].split()
    return Process(
        pid,
        parent=int(fields[1]),
        session=int(fields[3]),
        started=int(fields[19]),
        is_over=fields[0] in "ZXx",
    )


def _open_files(pid: int) -> set[str]:
    found = set()
    with suppress(OSError):
        for link in (_PROC / str(pid) / "fd").iterdir():
            with suppress(OSError):
                found.add(str(link.readlink()))
    return found
