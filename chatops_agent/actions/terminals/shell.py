"""What runs in a terminal, as the terminal sees it; and the login shell of the agent's own user."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final, Protocol

from chatops_agent.actions.processes import environment
from chatops_agent.actions.processes.account import Ids, account_for
from chatops_agent.actions.processes.child import Exit
from chatops_agent.actions.processes.environment import Account
from chatops_agent.actions.processes.inlet import Inlet
from chatops_agent.actions.processes.outlet import Outlet
from chatops_agent.actions.processes.pack import Pack
from chatops_agent.actions.processes.spawning import SHELL, Launch, NotStartedError
from chatops_agent.actions.terminals.pseudo_terminal import PseudoTerminal, Size
from chatops_agent.actions.workshop import Workshop, new_cookie
from chatops_agent.lanes import LaneBusyError
from chatops_agent.policy import Login
from chatops_wire.codes import Refusal

# Each of: after the hang-up, after TERM, after KILL.
_LADDER_S: Final = 1.0
# A user database on a network that is down.
_LOOK_UP_WITHIN_S: Final = 3.0
# A session leader without a controlling terminal gets the first terminal it opens. Without one, Ctrl-C
# reaches nobody, /dev/tty cannot be opened, and a background job keeps the terminal open.
_TAKE_TERMINAL: Final = 'exec <>"$0" >&0 2>&0; exec "$@"'


class Line(Protocol):
    """Our end of what a shell reads and writes (PseudoTerminal)."""

    @property
    def output(self) -> Inlet:
        """What it writes; begins paused."""

    @property
    def input(self) -> Outlet:
        """What it reads."""

    def resize(self, size: Size) -> None:
        """Have this size, at the latest in a moment; of several in between only the last."""

    def nudge(self, size: Size) -> None:
        """Have this size now, and have a full-screen program draw everything even if it is the same."""

    def close(self) -> None:
        """Hang up. Once more is no error."""


class Shell(Protocol):
    """A shell that has been started."""

    @property
    def line(self) -> Line:
        """Where it is spoken to."""

    @property
    def ended(self) -> asyncio.Event:
        """It has exited."""

    async def end(self) -> Exit:
        """See to it that it ends, hung up before; return how it ended. Cancelled, end it by force."""


class Opener(Protocol):
    """Starts one shell."""

    async def open(self, size: Size, term: str, take: Callable[[bytes], None]) -> Shell:
        """Start it.

        Args:
            size: Of its terminal.
            term: The kind of terminal, as in TERM.
            take: Gets what it writes.

        Raises:
            NotStartedError: Nothing runs.
        """


class LoginShell:
    """Starts the login shell of the user this agent runs as, or of the one its machine's policy names."""

    def __init__(self, shop: Workshop, login: Login = Login()) -> None:  # noqa: B008 - frozen
        self._shop = shop
        self._login = login

    async def open(self, size: Size, term: str, take: Callable[[bytes], None]) -> Shell:
        """Start it in a pseudo terminal with job control.

        Raises:
            NotStartedError: Nothing runs.
        """
        cookie = new_cookie()
        account, ids = await self._account()
        try:
            pty = PseudoTerminal(size, take)
        except OSError as exc:
            raise NotStartedError(f"no pseudo terminal: {exc.strerror}", code=Refusal.BUSY) from exc
        side = pty.program_side
        launch = Launch(
            argv=(SHELL, "-c", _TAKE_TERMINAL, pty.name, account.shell, "-l"),
            env=environment.for_terminal(self._shop.environ, account, cookie, term),
            cwd=account.home,
            cookie=cookie,
            stdin=side,
            stdout=side,
            stderr=side,
            # What a person starts in a terminal and disowns may stay, as after any other login.
            contained=False,
            ids=ids,
            is_asked_for=True,
        )
        if ids is not None:
            # Who is to open it must own it.
            os.fchown(side, ids.uid, -1)
        try:
            pack = await self._shop.start(launch)
        except BaseException:
            pty.close()
            raise
        finally:
            pty.started()
        return _Login(pty, pack)

    async def _account(self) -> tuple[Account, Ids | None]:
        if self._login == Login():
            return self._shop.account, None
        find = partial(account_for, self._shop.account, self._login.user, self._login.shell)
        try:
            async with asyncio.timeout(_LOOK_UP_WITHIN_S):
                return await self._shop.lanes.run(find)
        except (LookupError, TimeoutError, LaneBusyError) as exc:
            text = f"the user {self._login.user!r} of this machine's policy cannot be looked up"
            raise NotStartedError(text, code=Refusal.UNAVAILABLE) from exc


class _Login:
    def __init__(self, line: PseudoTerminal, pack: Pack) -> None:
        self.line = line
        self._pack = pack

    @property
    def ended(self) -> asyncio.Event:
        return self._pack.leader.ended

    async def end(self) -> Exit:
        leader = self._pack.leader
        try:
            await _climb(self._pack)
        finally:
            # Even if nobody can wait for that.
            if not leader.ended.is_set():
                leader.signal_group(signal.SIGKILL)
            leader.release()
        return leader.exit


async def _climb(pack: Pack) -> None:
    """Climb the ladder until the shell has ended."""
    leader = pack.leader
    if leader.ended.is_set():
        return
    await pack.hang_up()
    for numbers in ((), (signal.SIGTERM, signal.SIGCONT), (signal.SIGKILL,)):
        leader.signal_group(*numbers)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LADDER_S):
                await leader.ended.wait()
                return
