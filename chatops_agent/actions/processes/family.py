"""The agent's child processes: which are its own, and the orphans it adopts and lays to rest."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

# From <linux/prctl.h>.
_PR_SET_CHILD_SUBREAPER: Final = 36


class Family:
    """Knows every child the agent has started.

    Adopting, the agent becomes the parent of what its children leave behind (PR_SET_CHILD_SUBREAPER), so
    that a process that left its group and lost its parent can still be found below the agent. Whoever
    adopts must also reap: any child that is not known here is taken for an orphan. So nothing else in this
    process may start processes while this is open and adopts.
    """

    def __init__(self) -> None:
        # By pid, whom to tell that a child may have ended; None: it finds out by itself.
        self._own: dict[int, Callable[[], None] | None] = {}
        self._starting = 0
        self.adopts = False

    def open(self, *, adopting: bool) -> None:
        """Begin; needs the main thread's event loop."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._look_around)
        self.adopts = adopting and _set_subreaper(on=True)

    def close(self) -> None:
        """Adopt no more."""
        self._reap_orphans()
        asyncio.get_running_loop().remove_signal_handler(signal.SIGCHLD)
        if self.adopts:
            _set_subreaper(on=False)
            self.adopts = False

    @contextmanager
    def birth(self) -> Iterator[None]:
        """Stand around the start of a process up to `born`: until then its pid is not known here."""
        self._starting += 1
        try:
            yield
        finally:
            self._starting -= 1
            self._reap_orphans()

    def born(self, pid: int, look: Callable[[], None] | None) -> None:
        """Take this child for our own; `look` is called whenever any child has ended."""
        self._own[pid] = look

    def buried(self, pid: int) -> None:
        """Note that this child of our own has been reaped."""
        self._own.pop(pid, None)
        self._reap_orphans()

    @property
    def own(self) -> frozenset[int]:
        """The children that have been started and not reaped."""
        return frozenset(self._own)

    def _look_around(self) -> None:
        for look in tuple(self._own.values()):
            if look is not None:
                look()
        self._reap_orphans()

    def _reap_orphans(self) -> None:
        # A child that was started just now may have ended before anybody knows that it is ours.
        if not self.adopts or self._starting:
            return
        with suppress(ChildProcessError):
            while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
                # One of our own is reaped by whoever waits for it, who then comes here again (`buried`).
                if ended.si_pid in self._own:
                    return
                os.waitid(os.P_PID, ended.si_pid, os.WEXITED | os.WNOHANG)


def _set_subreaper(*, on: bool) -> bool:
    import ctypes  # noqa: PLC0415 - only where commands or terminals are allowed

    try:
        return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(on), 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False
