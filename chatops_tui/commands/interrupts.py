"""ctrl+c while commands run elsewhere: the first cancels them, the second kills, the third leaves."""

import asyncio
import signal
from collections.abc import Callable, Collection, Coroutine
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from chatops_tui.client.errors import HubError, NotFoundError
from chatops_tui.commands.say import complain
from chatops_tui.exit_code import ExitCode
from chatops_tui.relay.signals import caught

T = TypeVar("T")

_KILL_AT: Final = 2
_LEAVE_AT: Final = 3
# As many requests at once as a batch usually runs.
_AT_ONCE: Final = 10
# A program that is told to end has this long to tell the hub.
_TELL_WITHIN_S: Final = 3.0


class Canceller(Protocol):
    """Cancels commands (`client.http.Rest`)."""

    async def cancel_command(self, command_id: str, *, force: bool = False) -> None:
        """End a command, with `force` by KILL; HubError."""
        ...


class LeftError(Exception):
    """Somebody does not want to wait for the commands to end; `status` is what to exit with."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Interrupts:
    """Hears the signals, and passes them on to what runs."""

    def __init__(self, rest: Canceller, running: Callable[[], Collection[str]]) -> None:
        """Prepare.

        Args:
            rest: Tells the hub.
            running: The ids of the commands that have not ended.
        """
        self._rest = rest
        self._running = running
        self._presses = 0
        self._heard = asyncio.Event()
        self._ending: signal.Signals | None = None
        self._telling: set[asyncio.Task[None]] = set()

    @property
    def is_cancelling(self) -> bool:
        """ctrl+c was pressed: what begins now is to be cancelled at once."""
        return self._presses > 0

    async def around(self, job: Coroutine[Any, Any, T]) -> T:
        """Return what the job returns, listening meanwhile.

        Raises:
            LeftError: Somebody has pressed ctrl+c three times, or this program is to end.
            Whatever the job raises.
        """
        work = asyncio.create_task(job, name="commands")
        listener = asyncio.create_task(self._listen(), name="interrupts")
        ends = {number: partial(self._end, number) for number in (signal.SIGTERM, signal.SIGHUP)}
        with caught({signal.SIGINT: self._press, **ends}):
            try:
                await asyncio.wait((work, listener), return_when=asyncio.FIRST_COMPLETED)
            finally:
                tasks = (work, listener, *self._telling)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        if not work.cancelled():
            return work.result()
        raise LeftError(listener.result())

    async def cancel(self, command_ids: Collection[str], *, force: bool) -> None:
        """Cancel commands at the hub; those that have ended in the meantime are no error."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(command_id: str) -> None:
            async with gate:
                try:
                    await self._rest.cancel_command(command_id, force=force)
                except NotFoundError:
                    pass
                except HubError as exc:
                    complain(f"not cancelled: {exc}")

        await asyncio.gather(*map(one, command_ids))

    def _press(self) -> None:
        self._presses += 1
        self._heard.set()

    def _end(self, number: signal.Signals) -> None:
        self._ending = number
        self._heard.set()

    async def _listen(self) -> int:
        """Return the status to leave with, once somebody insists."""
        told = 0
        while True:
            await self._heard.wait()
            self._heard.clear()
            if self._ending is not None:
                await self._tell_at_the_end()
                return 128 + self._ending  # 128: as a shell tells a signal
            if self._presses >= _LEAVE_AT:
                complain("left; the commands may still run")
                return ExitCode.INTERRUPTED
            if self._presses > told:
                told = self._presses
                self._pass_on(is_kill=told >= _KILL_AT)

    def _pass_on(self, *, is_kill: bool) -> None:
        complain("killing" if is_kill else "cancelling; ctrl+c again kills at once")
        # Not awaited here, so that the next ctrl+c is heard while the hub does not answer.
        task = asyncio.create_task(self.cancel(self._running(), force=is_kill), name="cancelling")
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell_at_the_end(self) -> None:
        try:
            async with asyncio.timeout(_TELL_WITHIN_S):
                await self.cancel(self._running(), force=False)
        except TimeoutError:
            complain("left; the hub did not answer, the commands may still run")
