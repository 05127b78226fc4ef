"""One process we have started, from then until it is reaped."""

import asyncio
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from subprocess import Popen

from chatops_agent.actions.processes.family import Family


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended: one of both; neither where the kernel did not tell."""

    code: int | None = None
    signal: int | None = None


class Child:
    """The leader of a process group of its own.

    It is watched through a pidfd, or before Linux 5.3 through SIGCHLD; neither needs a thread. Until
    `release` it stays a zombie once it has ended: so long neither its pid nor its group's number can belong
    to anybody else, and its group can be signalled safely.
    """

    def __init__(self, process: Popen[bytes], family: Family) -> None:
        """Take over a process that was started with `start_new_session`, and that nobody waits for."""
        self._process = process
        self._family = family
        self._pidfd = _pidfd(process.pid)
        self._released = False
        self._reaped = False
        self.exit = Exit()
        """Of no meaning before `ended`."""
        self.ended = asyncio.Event()
        family.born(process.pid, self._look if self._pidfd is None else None)
        if self._pidfd is not None:
            asyncio.get_running_loop().add_reader(self._pidfd, self._look)
        else:
            # It may have ended before anybody was told.
            asyncio.get_running_loop().call_soon(self._look)

    @property
    def pid(self) -> int:
        """Its pid, and the number of its group and session."""
        return self._process.pid

    def signal_group(self, *numbers: int) -> None:
        """Send these signals to every process of its group; after `release` and the end, to none."""
        # A group of 0 or 1 would be our own, or everything.
        if self._reaped or self.pid <= 1:
            return
        for number in numbers:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def release(self) -> None:
        """Reap it, now or once it ends; nobody is interested in it any more. Once more is no error."""
        self._released = True
        if self.ended.is_set():
            self._reap()

    def _look(self) -> None:
        if self.ended.is_set():
            return
        try:
            # Without reaping it.
            ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            self._end(Exit())
            return
        if ended is not None:
            by_itself = ended.si_code == os.CLD_EXITED
            self._end(Exit(code=ended.si_status) if by_itself else Exit(signal=ended.si_status))

    def _end(self, how: Exit) -> None:
        if self._pidfd is not None:
            asyncio.get_running_loop().remove_reader(self._pidfd)
        self.exit = how
        self.ended.set()
        if self._released:
            self._reap()

    def _reap(self) -> None:
        if self._reaped:
            return
        self._reaped = True
        with suppress(ChildProcessError):
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG)
        if self._pidfd is not None:
            os.close(self._pidfd)
        # Tells Popen that somebody else has waited for it.
        status = self.exit.code if self.exit.signal is None else -self.exit.signal
        self._process.returncode = 0 if status is None else status
        self._family.buried(self.pid)


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (OSError, AttributeError):
        return None


def kill_unwanted(process: Popen[bytes]) -> None:
    """End and reap a process that came too late to be wanted; may block, so call it in a thread."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
