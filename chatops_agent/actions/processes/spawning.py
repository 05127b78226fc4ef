"""Starts processes without ever holding up the event loop, and says in words why one does not start."""

import asyncio
import errno
import os
import shutil
import signal
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from chatops_agent.actions.processes.account import Ids
from chatops_agent.actions.processes.cgroups import Cgroup, Cgroups
from chatops_agent.actions.processes.child import Child, kill_unwanted
from chatops_agent.actions.processes.family import Family
from chatops_agent.actions.processes.lane_pool import LanePool
from chatops_agent.actions.processes.outside import Outside
from chatops_agent.lanes import LaneBusyError
from chatops_wire.codes import Refusal

SHELL: Final = "/bin/sh"
# A folder or program on a dead network mount does not answer at all.
_START_WITHIN_S: Final = 5.0
# Enters the group and becomes the program, so that no child of it can be born outside.
_ENTER: Final = 'echo 0 2>/dev/null >"$0"; exec "$@"'
# Files are for whoever runs commands here; the service's own mask (0077) would surprise.
_UMASK: Final = 0o022
# As shells say it.
_NOT_EXECUTABLE: Final = 126
_NOT_FOUND: Final = 127
# Names in it may be as long as a frame.
_MAX_TOLD: Final = 500
_SHORT_OF: Final = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC})


class NotStartedError(Exception):
    """It could not be started: refused (`code`), or it failed as a shell's command does (`exit_code`)."""

    def __init__(self, message: str, *, code: Refusal | None = None, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.message = message[:_MAX_TOLD]
        self.code = code
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start; it gets these three files, which stay the caller's, and leads a session of its own."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    cookie: str
    stdin: int
    stdout: int
    stderr: int
    script: str | None = None
    """Becomes a file, whose path is the program's last argument: for what is too long to be one."""
    contained: bool = True
    """In a control group of its own where there are any."""
    ids: Ids | None = None
    """As whom it runs; None: as the agent's own user."""
    is_asked_for: bool = False
    """By the hub, and to be outside the agent's own sandbox where there is a way."""
    most_s: float | None = None
    """How long it runs at most, whoever is left to end it."""


@dataclass(frozen=True, slots=True)
class Started:
    """A process, and the group it is in where there is one."""

    child: Child
    cookie: str
    cgroup: Cgroup | None
    bury: Callable[[Cgroup], None]
    """Removes the group, at the latest when another one is removed."""


class Spawner:
    """Starts processes in lanes: neither a hung mount nor a slow fork is noticed elsewhere."""

    def __init__(
        self, lanes: LanePool, family: Family, cgroups: Cgroups | None, outside: Outside | None = None
    ) -> None:
        self._outside = outside
        self._lanes = lanes
        self._family = family
        self._cgroups = cgroups

    async def start(self, launch: Launch) -> Started:
        """Start it; cancelled, what may have been started already is ended.

        Raises:
            NotStartedError: Nothing runs.
        """
        attempt = _Attempt(partial(_start, launch, self._cgroups, self._outside))
        with self._family.birth():
            try:
                await self._attempted(attempt, launch)
            except BaseException:
                late = attempt.take()
                if late is not None:
                    child = Child(late.process, self._family)
                    child.signal_group(signal.SIGKILL)
                    child.release()
                raise
            made = attempt.take()
            assert made is not None  # noqa: S101 - nobody else takes it
            child = Child(made.process, self._family)
            return Started(child, launch.cookie, made.cgroup, self.bury)

    def bury(self, *groups: Cgroup) -> None:
        """Remove these groups and what is left of earlier ones, if nobody is in them; may block."""
        if self._cgroups is not None:
            self._cgroups.bury(*groups)

    async def _attempted(self, attempt: "_Attempt", launch: Launch) -> None:
        try:
            async with asyncio.timeout(_START_WITHIN_S):
                await self._lanes.run(attempt.make)
        except (TimeoutError, LaneBusyError):
            text = "the folder or the program does not answer; is a network mount dead?"
            raise NotStartedError(text, code=Refusal.UNAVAILABLE) from None
        except OSError as exc:
            raise _reason(exc, launch) from exc
        except ValueError as exc:
            raise NotStartedError(str(exc), code=Refusal.INVALID_REQUEST) from exc


@dataclass(frozen=True, slots=True)
class _Made:
    process: "subprocess.Popen[bytes]"
    cgroup: Cgroup | None


class _Attempt:
    """One start in a thread, which may come too late for whoever wanted it."""

    def __init__(self, start: Callable[[], _Made]) -> None:
        self._start = start
        self._lock = threading.Lock()
        self._is_awaited = True
        self._made: _Made | None = None

    def make(self) -> None:
        """Start it; what nobody waits for any more is ended at once. For the thread."""
        made = self._start()
        with self._lock:
            if self._is_awaited:
                self._made = made
                return
        kill_unwanted(made.process)
        if made.cgroup is not None:
            made.cgroup.remove()

    def take(self) -> _Made | None:
        """Return what has been started by now, once; what is started later ends at once."""
        with self._lock:
            self._is_awaited = False
            made, self._made = self._made, None
            return made


def _start(launch: Launch, cgroups: Cgroups | None, outside: Outside | None) -> _Made:
    program = _checked(launch)
    if outside is not None and launch.is_asked_for:
        # Its unit keeps it together.
        moved = _moved(launch, program, outside)
        return _Made(_popen(moved, moved.argv[0], moved.argv, ()), None)
    cgroup = None if cgroups is None or not launch.contained else cgroups.make(launch.cookie)
    enter = () if cgroup is None else (SHELL, "-c", _ENTER, cgroup.door)
    try:
        with _script_file(launch.script) as scripts:
            process = _popen(launch, program if cgroup is None else SHELL, (*enter, *launch.argv), scripts)
    except BaseException:
        if cgroup is not None:
            cgroup.remove()
        raise
    return _Made(process, cgroup)


def _moved(launch: Launch, program: str, outside: Outside) -> Launch:
    if launch.script is not None:
        raise _refused("the command is too long to be run outside the agent's sandbox: pass it as a file")
    words = (str(Path(launch.cwd) / program), *launch.argv[1:])
    name = f"chatops-run-{launch.cookie}"
    argv = outside.argv(name, words, launch.cwd, launch.env, launch.most_s)
    return replace(launch, argv=argv, env=outside.environ(launch.env))


def _popen(
    launch: Launch, program: str, argv: tuple[str, ...], scripts: tuple[int, ...]
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - to run what the hub asks for is what this is for
        (*argv, *(f"/proc/self/fd/{script}" for script in scripts)),
        # Found already: Popen would try every folder again, and tell of one that may not be read instead.
        executable=program,
        env=launch.env,
        cwd=launch.cwd,
        stdin=launch.stdin,
        stdout=launch.stdout,
        stderr=launch.stderr,
        pass_fds=scripts,
        # Never preexec_fn: it would need fork instead of vfork, which takes three times as long.
        start_new_session=True,
        umask=_UMASK,
        **({} if launch.ids is None else _as_user(launch.ids)),
    )


def _as_user(ids: Ids) -> dict[str, Any]:
    return {"user": ids.uid, "group": ids.gid, "extra_groups": ids.groups}


@contextmanager
def _script_file(script: str | None) -> Iterator[tuple[int, ...]]:
    """Give a file in memory that holds the script; none without one."""
    if script is None:
        yield ()
        return
    with open(os.memfd_create("command"), "wb") as file:  # noqa: PTH123 - a file descriptor
        file.write(script.encode())
        file.flush()
        yield (file.fileno(),)


def _checked(launch: Launch) -> str:
    """Return the path of the program; raise in words what Popen would tell badly.

    To it a missing folder looks like a missing program.
    A mount that does not answer hangs here, where only this lane hangs. In the fork it would stop us all.
    """
    try:
        is_folder = stat.S_ISDIR(Path(launch.cwd).stat().st_mode)
    except FileNotFoundError:
        raise _refused(f"no such folder: {launch.cwd!r}") from None
    except OSError as exc:
        raise _refused(f"the folder {launch.cwd!r}: {exc.strerror}") from exc
    if not is_folder:
        raise _refused(f"not a folder: {launch.cwd!r}")
    if not os.access(launch.cwd, os.X_OK):
        raise _refused(f"the agent's user may not enter the folder {launch.cwd!r}")
    return _found_program(launch)


def _found_program(launch: Launch) -> str:
    name = launch.argv[0]
    if not name:
        raise NotStartedError("no such program: ''", exit_code=_NOT_FOUND)
    if "/" not in name:
        found = shutil.which(name, path=launch.env.get("PATH", ""))
        if found is None:
            raise NotStartedError(f"no such program: {name!r}", exit_code=_NOT_FOUND)
        return found
    path = Path(launch.cwd) / name
    if not path.exists():
        raise NotStartedError(f"no such program: {name!r}", exit_code=_NOT_FOUND)
    if path.is_dir() or not os.access(path, os.X_OK):
        raise NotStartedError(f"not a program that may be run: {name!r}", exit_code=_NOT_EXECUTABLE)
    return name


def _refused(message: str) -> NotStartedError:
    return NotStartedError(message, code=Refusal.INVALID_REQUEST)


def _reason(exc: OSError, launch: Launch) -> NotStartedError:
    name = launch.argv[0]
    if exc.errno == errno.E2BIG:
        return _refused("the arguments and the environment are too long: pass them by stdin or a file")
    if exc.errno in _SHORT_OF:
        return NotStartedError(f"this machine cannot start a process now: {exc.strerror}", code=Refusal.BUSY)
    if exc.errno == errno.ENOENT:
        text = f"what runs {name!r} is missing: look at its first line (#!...)"
        return NotStartedError(text, exit_code=_NOT_FOUND)
    return NotStartedError(f"{name!r} cannot be run: {exc.strerror}", exit_code=_NOT_EXECUTABLE)
