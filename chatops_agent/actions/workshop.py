"""What runs, terminals and log streams share: starting, ending and finding processes, and their turns."""

import asyncio
import logging
import os
import secrets
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from chatops_agent.actions.processes.account import own_account
from chatops_agent.actions.processes.cgroups import find_cgroups
from chatops_agent.actions.processes.environment import Account
from chatops_agent.actions.processes.family import Family
from chatops_agent.actions.processes.lane_pool import LanePool
from chatops_agent.actions.processes.outside import Outside
from chatops_agent.actions.processes.pack import Pack
from chatops_agent.actions.processes.spawning import SHELL, Launch, Spawner
from chatops_agent.actions.rota import Rota
from chatops_agent.lanes import LaneBusyError

log = logging.getLogger(__name__)

_COOKIE_BYTES: Final = 8
_FIND_WITHIN_S: Final = 2.0
_TIDY_WITHIN_S: Final = 0.5


@dataclass(frozen=True)
class Containment:
    """How processes are kept together, and ended."""

    adopting: bool = True
    """The agent adopts orphans; needs a process that starts others in no other way."""
    cgroups: bool = True
    """Each run gets a control group of its own where that is possible."""
    outside: Outside | None = None
    """How things are started outside the agent's sandbox; None: they are not."""
    grace_s: float = 5.0
    """Between asking a run's processes to end and ending them."""


class Workshop:
    """Open between `open` and `close`; then everything that was started must have ended."""

    def __init__(self, rota: Rota, begin: Callable[[Coroutine[Any, Any, None], str], None]) -> None:
        """Prepare.

        Args:
            rota: Whose turn it is to send.
            begin: Starts a task that somebody owns; takes the coroutine and a name.
        """
        self.rota = rota
        self.begin = begin
        self.lanes = LanePool("actions")
        self._family = Family()
        self._spawner = Spawner(self.lanes, self._family, None)
        self.grace_s = 0.0
        """Between TERM and KILL."""
        self.account = Account(str(os.geteuid()), "/", SHELL)
        """Who the agent runs as."""

    async def open(self, containment: Containment) -> None:
        """Find out what this machine offers."""
        self._family.open(adopting=containment.adopting)
        self.grace_s = containment.grace_s
        cgroups = None
        try:
            async with asyncio.timeout(_FIND_WITHIN_S):
                self.account = await self.lanes.run(own_account)
                cgroups = await self.lanes.run(find_cgroups) if containment.cgroups else None
        except TimeoutError:
            # A user database on a network that is down.
            log.warning("the agent's own user cannot be looked up")
        self._spawner = Spawner(self.lanes, self._family, cgroups, containment.outside)

    async def close(self) -> None:
        """Start and end nothing any more."""
        self._family.close()
        with suppress(TimeoutError, LaneBusyError):
            async with asyncio.timeout(_TIDY_WITHIN_S):
                await self.lanes.run(self._spawner.bury)
        self.lanes.close()

    @property
    def environ(self) -> Mapping[str, str]:
        """The agent's own environment."""
        return os.environ

    async def start(self, launch: Launch) -> Pack:
        """Start a process that leads a pack of its own.

        Raises:
            NotStartedError: Nothing runs.
        """
        started = await self._spawner.start(launch)
        return Pack(started, self.lanes, self._family)


def new_cookie() -> str:
    """Return a mark for the processes of one run."""
    return secrets.token_hex(_COOKIE_BYTES)
