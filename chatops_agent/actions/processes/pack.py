"""All processes of one run or terminal: ended together, wherever they have strayed."""

import asyncio
import logging
import signal
from collections.abc import Callable, Collection
from functools import partial
from typing import Final, TypeVar

from chatops_agent.actions.processes import trace
from chatops_agent.actions.processes.cgroups import Cgroup
from chatops_agent.actions.processes.child import Child
from chatops_agent.actions.processes.family import Family
from chatops_agent.actions.processes.lane_pool import LanePool
from chatops_agent.actions.processes.spawning import Started
from chatops_agent.lanes import LaneBusyError

log = logging.getLogger(__name__)

T = TypeVar("T")

# Between two looks for those that are to end: most do at once, and a look costs some milliseconds.
_FIRST_PAUSE_S: Final = 0.02
_LONGEST_PAUSE_S: Final = 0.2
# Looking through /proc takes some ten milliseconds, unless a process there is stuck.
_LOOK_WITHIN_S: Final = 1.0
# Who forks while it is being killed is found in the next round; who forks faster than we look would need
# the control group that is not there.
_ROUNDS: Final = 5


class Pack:
    """A leader with its group, and whoever descends from it.

    Its group is signalled directly. Others are found by the run's control group if it has one, otherwise
    by their parents and by the mark in their environment; a process that left its group, lost its parent
    and emptied its environment is found only while nothing else runs for the hub.
    """

    def __init__(self, started: Started, lanes: LanePool, family: Family) -> None:
        self._child = started.child
        self._cgroup = started.cgroup
        self._cookie = started.cookie
        self._bury = started.bury
        self._lanes = lanes
        self._family = family

    @property
    def leader(self) -> Child:
        """The process that was started."""
        return self._child

    async def terminate(self) -> None:
        """Ask all to end. A stopped one could not hear it, so all are continued."""
        numbers = (signal.SIGTERM, signal.SIGCONT)
        self._child.signal_group(*numbers)
        await self._look(partial(_signal_strays, self._cgroup, self._quarry(), numbers))

    async def hang_up(self) -> None:
        """Tell the leader's whole session that its terminal is gone; who was told to ignore that stays."""
        await self._look(partial(_hang_up, self._child.pid))

    async def others_gone(self) -> None:
        """Return once nobody but the leader lives; also where they cannot be looked for."""
        pause_s = _FIRST_PAUSE_S
        # Nothing tells when a group has become empty.
        while await self._look(partial(_strays, self._cgroup, self._quarry())):
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def kill(self) -> None:
        """End all."""
        self._child.signal_group(signal.SIGKILL)
        await self._look(partial(_kill_all, self._cgroup, self._quarry()))

    async def kill_holders(self, pipes: Collection[str]) -> None:
        """End the leader's group, and of the others those that have one of these pipes open.

        Who let go of the output was meant to stay behind (a daemon).
        """
        self._child.signal_group(signal.SIGKILL)
        await self._look(partial(_kill_holders, self._cgroup, self._quarry(), pipes))

    async def disband(self) -> None:
        """Take no more interest in any of them."""
        self._child.release()
        if self._cgroup is not None:
            await self._look(partial(self._bury, self._cgroup))

    def _quarry(self) -> trace.Quarry:
        own = self._family.own
        alone = self._family.adopts and own == {self._child.pid}
        return trace.Quarry(self._child.pid, self._cookie, own if alone else None)

    async def _look(self, job: Callable[[], T]) -> T | None:
        try:
            async with asyncio.timeout(_LOOK_WITHIN_S):
                return await self._lanes.run(job)
        except (TimeoutError, LaneBusyError):
            log.warning("processes not looked for: /proc does not answer")
            return None


def _strays(cgroup: Cgroup | None, quarry: trace.Quarry) -> list[trace.Process]:
    return trace.find(quarry) if cgroup is None else trace.among(cgroup.pids(), quarry)


def _signal_strays(cgroup: Cgroup | None, quarry: trace.Quarry, numbers: Collection[int]) -> None:
    trace.send(_strays(cgroup, quarry), *numbers)


def _hang_up(leader: int) -> None:
    trace.send(trace.in_session(leader), signal.SIGHUP, signal.SIGCONT)


def _kill_all(cgroup: Cgroup | None, quarry: trace.Quarry) -> None:
    if cgroup is not None and cgroup.kill():
        return
    for _ in range(_ROUNDS):
        if not trace.send(_strays(cgroup, quarry), signal.SIGKILL):
            return


def _kill_holders(cgroup: Cgroup | None, quarry: trace.Quarry, pipes: Collection[str]) -> None:
    for _ in range(_ROUNDS):
        if not trace.send(trace.holding(_strays(cgroup, quarry), pipes), signal.SIGKILL):
            return
