"""The processes of one command: their files, their time, and their end."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

from chatops_agent.actions.commands.output import LEFT_IN_PIPES, Output
from chatops_agent.actions.processes import environment
from chatops_agent.actions.processes.child import Exit
from chatops_agent.actions.processes.inlet import Inlet
from chatops_agent.actions.processes.outlet import Outlet
from chatops_agent.actions.processes.pack import Pack
from chatops_agent.actions.processes.spawning import SHELL, Launch, NotStartedError
from chatops_agent.actions.waiting import Wait, after_cancellation
from chatops_agent.actions.workshop import Workshop, new_cookie
from chatops_wire.codes import Refusal
from chatops_wire.commands import Command, OutputStream

# The agent itself has 5 s to end.
_STOP_GRACE_S: Final = 1.5
# For its grace and its end, before anybody else ends it.
_BEYOND_S: Final = 60.0
# Once the main process has ended, for what is still in the pipes; then whoever keeps them open must go.
_DRAIN_S: Final = 0.5
# A killed process that is still there waits for a device or a dead mount.
_DIE_WITHIN_S: Final = 2.0
# One argument holds 128 KiB (MAX_ARG_STRLEN); a longer script goes through a file.
_LONGEST_ARGUMENT: Final = 120_000

Interruption = Literal["timed_out", "cancelled"]


@dataclass(frozen=True, slots=True)
class Ending:
    """How the main process ended, and why it had to."""

    exit: Exit | None
    """None: it was killed and is still there."""
    interruption: Interruption | None = None


class Execution:
    """Starts an order's process and sees it through.

    When the main process has ended, what is in the pipes is taken for half a second. Whatever still holds
    them then is ended, with the whole process group: a background job does not hold up the result. What has
    let go of both pipes may stay (a daemon). After a timeout or a cancel nothing stays.
    """

    def __init__(self, order: Command, shop: Workshop, output: Output, on_output: Callable[[], None]) -> None:
        """Prepare.

        Args:
            order: What to run.
            shop: Starts it.
            output: Takes what it writes, and says when it takes no more for now.
            on_output: Called after each read.
        """
        self._order = order
        self._shop = shop
        self._output = output
        self._on_output = on_output
        self._inlets: list[Inlet] = []
        self._feed: Outlet | None = None
        self._cancelled = self._forced = self._is_ending = False
        self._over = False
        # For its end, and after TERM once more.
        self._wait = Wait()

    async def start(self) -> Pack:
        """Start it.

        Raises:
            NotStartedError: Nothing runs.
        """
        if self._cancelled:
            raise NotStartedError("cancelled before it was started")
        try:
            with ExitStack() as files:
                pack = await self._shop.start(self._launch(files))
        except BaseException:
            self._close_files()
            raise
        self.read_on()
        return pack

    async def see_through(self, pack: Pack) -> Ending:
        """Return how it ended, once it has and all it wrote has been read; cancelled, end it within 4 s."""
        try:
            return await self._take_rest(pack, await self._ending(pack))
        except asyncio.CancelledError:
            after_cancellation()
            try:
                await self._end(pack, min(_STOP_GRACE_S, self._shop.grace_s))
            finally:
                # Even if nobody can wait for that either.
                pack.leader.signal_group(signal.SIGKILL)
            raise
        finally:
            self._over = True
            self._close_files()

    def cancel(self, *, force: bool) -> None:
        """End it; `force`: without a grace. Once more, or too late, changes nothing."""
        if self._over or (self._is_ending and not force):
            return
        self._cancelled, self._forced = self._cancelled or not self._is_ending, force
        # What is left of its time, or with force of its grace, is over now.
        self._wait.end()

    def read_on(self) -> None:
        """Read on, or stop reading, as the output says; call it whenever that may have changed."""
        accepts = self._output.accepts(ended=self._over)
        for inlet in self._inlets:
            if accepts:
                inlet.resume()
            else:
                inlet.pause()

    def _launch(self, files: ExitStack) -> Launch:
        """Return what to start; what it shares with us is closed with `files`, our own ends stay open."""
        cookie = new_cookie()
        order, account = self._order, self._shop.account
        is_long = not order.argv and len(order.command.encode("utf-8", "replace")) > _LONGEST_ARGUMENT
        try:
            return Launch(
                argv=order.argv or ((SHELL,) if is_long else (SHELL, "-c", order.command)),
                script=order.command if is_long else None,
                env=environment.for_command(self._shop.environ, account, cookie, order.env),
                cwd=str(Path(account.home, order.cwd or "")),
                cookie=cookie,
                stdin=self._stdin(files),
                stdout=self._pipe("stdout", files),
                stderr=self._pipe("stderr", files),
                is_asked_for=True,
                most_s=order.timeout_s + _BEYOND_S,
            )
        except OSError as exc:
            raise NotStartedError(f"no pipe: {exc.strerror}", code=Refusal.BUSY) from exc

    def _stdin(self, files: ExitStack) -> int:
        data = self._order.stdin_data or self._order.stdin.encode("utf-8", "replace")
        if not data:
            return subprocess.DEVNULL
        theirs, ours = os.pipe()
        files.callback(os.close, theirs)
        self._feed = Outlet(ours, limit=len(data))
        self._feed.write(data)
        self._feed.finish()
        return theirs

    def _pipe(self, stream: OutputStream, files: ExitStack) -> int:
        ours, theirs = os.pipe()
        files.callback(os.close, theirs)
        self._inlets.append(Inlet(ours, partial(self._take, stream)))
        return theirs

    def _take(self, stream: OutputStream, data: bytes) -> None:
        self._output.add(stream, data)
        self.read_on()
        self._on_output()

    async def _ending(self, pack: Pack) -> Ending:
        leader = pack.leader
        async with self._wait.within(0 if self._cancelled else self._order.timeout_s):
            await leader.ended.wait()
        if leader.ended.is_set():
            return Ending(leader.exit)
        interruption: Interruption = "cancelled" if self._cancelled else "timed_out"
        self._is_ending = True
        await self._end(pack, self._shop.grace_s)
        return Ending(leader.exit if leader.ended.is_set() else None, interruption)

    async def _end(self, pack: Pack, grace_s: float) -> None:
        leader = pack.leader
        if not self._forced:
            await pack.terminate()
            async with self._wait.within(0 if self._forced else grace_s):
                await leader.ended.wait()
                # A shell is gone at once; what it ran may have a trap, and things to put in order.
                await pack.others_gone()
        await pack.kill()
        with suppress(TimeoutError):
            async with asyncio.timeout(_DIE_WITHIN_S):
                await leader.ended.wait()

    async def _take_rest(self, pack: Pack, ending: Ending) -> Ending:
        self._over = True
        self.read_on()
        pipes = [inlet.identity() for inlet in self._inlets if not inlet.ended.is_set()]
        await self._silence()
        if not all(inlet.ended.is_set() for inlet in self._inlets):
            if ending.interruption is None:
                await pack.kill_holders(pipes)
            await self._silence()
        for inlet in self._inlets:
            # However late we come to it, what the main process wrote is there.
            inlet.drain(LEFT_IN_PIPES)
        return ending

    async def _silence(self) -> None:
        """Wait until every writer has closed the pipes, or for half a second."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_S):
                for inlet in self._inlets:
                    await inlet.ended.wait()

    def _close_files(self) -> None:
        for inlet in self._inlets:
            inlet.close()
        if self._feed is not None:
            self._feed.close()
