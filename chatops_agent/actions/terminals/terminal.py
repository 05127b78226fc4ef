"""One login shell in a pseudo terminal: its life, its viewers, and its end."""

import asyncio
import math
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from chatops_agent.actions.gathering import Gathering
from chatops_agent.actions.processes.child import Exit
from chatops_agent.actions.processes.spawning import NotStartedError
from chatops_agent.actions.rota import Rota
from chatops_agent.actions.terminals.pseudo_terminal import INPUT_LIMIT, LEFT_IN_TERMINAL, Size
from chatops_agent.actions.terminals.screen import Screen
from chatops_agent.actions.terminals.shell import Line, Opener, Shell
from chatops_agent.actions.waiting import Wait, after_cancellation
from chatops_wire.codes import Refusal
from chatops_wire.terminals import TerminalClose, TerminalData, TerminalFacts, TerminalOpen, TerminalOpened
from chatops_wire.times import format_ms

# What a shell wrote last, once it has exited.
_DRAIN_S: Final = 0.5
# For a viewer that has no credit left to take the rest.
_LINGER_S: Final = 60.0


@dataclass(frozen=True)
class Patience:
    """After how many seconds a terminal is ended that nobody cares for."""

    idle_s: float = 1800.0
    """Neither a key nor any output: who opened it has gone away, and an open shell is a risk."""
    detached_s: float = 86_400.0
    """Detached, even if its program never falls silent (top, tail -f)."""
    orphaned_s: float = 60.0
    """The connection was lost while it was viewed; sooner the hub is back, or its viewer is gone."""


class Terminal:
    """Runs the shell until it exits, is closed, or nobody has cared for it for too long.

    Input over 1 MiB that the program does not read is dropped, with a bell, until it has read all before:
    so a paste may end early, but it never has holes.
    """

    def __init__(self, opening: TerminalOpen, opener: Opener, rota: Rota, patience: Patience) -> None:
        self._id = opening.terminal_id
        self._term = opening.term
        self._opener = opener
        self._rota = rota
        self._patience = patience
        self._size = Size.within(opening.cols, opening.rows)
        self._screen = Screen(opening.window)
        self._line: Line | None = None
        self._gathering = Gathering(self._ready)
        self._watching: asyncio.TimerHandle | None = None
        self.is_in_container = opening.container is not None
        self._wait = Wait()
        self._active_at = _now()
        # When it ends without a viewer.
        self._alone_until = math.inf
        # Typed before there is anything to type into: not every hub waits for `terminal_opened`.
        self._early = bytearray()
        self._opened = self._announced = self._input_full = self._ending = False
        self._reason = ""
        self._closing: TerminalClose | None = None
        self._told = asyncio.Event()
        self._started_at = format_ms(time.time_ns() // 1_000_000)

    @property
    def is_over(self) -> bool:
        """Its shell has ended, or could not be started."""
        return self._closing is not None

    @property
    def is_told(self) -> bool:
        """Its end has been told: for the hub it is no longer there."""
        return self._told.is_set()

    @property
    def facts(self) -> TerminalFacts:
        """What a list of terminals shows."""
        return TerminalFacts(
            terminal_id=self._id,
            cols=self._size.cols,
            rows=self._size.rows,
            started_at=self._started_at,
            detached=not self._screen.is_viewed,
        )

    async def conduct(self) -> None:
        """Run the shell, and stay until its end has been told; cancelled, end it within 4 s."""
        try:
            shell = await self._start(self._opener)
        except NotStartedError as exc:
            code = exc.code or Refusal.UNAVAILABLE
            closing = TerminalClose(terminal_id=self._id, reason=exc.message, code=code.value)
        else:
            exited = await self._until_over(shell)
            reason = self._reason or _in_words(exited)
            closing = TerminalClose(terminal_id=self._id, reason=reason, exit_code=exited.code)
        self._closing = closing
        self._ready()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_S):
                await self._told.wait()

    def type(self, data: bytes) -> None:
        """Give the program what the viewer typed or pasted."""
        self._active_at = _now()
        if self._line is None:
            self._early += data[: INPUT_LIMIT - len(self._early)]
            return
        entry = self._line.input
        self._input_full = (self._input_full and entry.waiting > 0) or not entry.write(data)
        if self._input_full:
            self._screen.ring()
            self._tell()

    def resize(self, cols: int, rows: int) -> None:
        """The viewer's window has this size now."""
        self._size = Size.within(cols, rows)
        if self._line is not None:
            self._line.resize(self._size)

    def grant(self, size: int) -> None:
        """The viewer takes so many bytes more."""
        self._screen.grant(size)
        self._ready()

    def detach(self, within_s: float | None) -> None:
        """Go on without a viewer until one attaches; `within_s`: for so long at most."""
        most_s = self._patience.detached_s
        self._leave_alone(most_s if within_s is None else min(most_s, within_s))

    def orphan(self) -> None:
        """Go on without the connection: one that was viewed for a moment, one that was detached as before."""
        if self.is_over:
            self._told.set()
        elif self._screen.is_viewed:
            self._leave_alone(self._patience.orphaned_s)

    def attach(self, opening: TerminalOpen) -> None:
        """Show a viewer, perhaps the same once more, the screen as it stands, and go on from there."""
        self._screen.show(opening.window)
        self._announced = False
        self._alone_until = math.inf
        self._active_at = _now()
        self._size = Size.within(opening.cols, opening.rows)
        if self._line is not None:
            self._line.nudge(self._size)
        self._read_on()
        self._ready()

    def close(self, reason: str) -> None:
        """End it; what the viewer has not been sent is of no interest any more."""
        self._reason = reason
        self._ending = True
        self._screen.hide()
        self._wait.end()

    def drop(self) -> None:
        """Tell nothing any more."""
        self._rota.withdraw(self)
        self._stop_timers()

    def next_message(self) -> Struct | None:
        """Return what is told next and count it as told: that it is open, its output, its end."""
        if self._opened and self._screen.is_viewed and not self._announced:
            self._announced = True
            return TerminalOpened(terminal_id=self._id)
        if not self.is_over and self._gathering.holds(self._screen.sendable):
            return None
        data = self._screen.next_data()
        if data:
            self._gathering.sent()
            self._read_on()
            return TerminalData(terminal_id=self._id, data=data)
        if self._told.is_set() or not self._screen.is_sent or self._closing is None:
            return None
        self._told.set()
        return self._closing

    async def _start(self, opener: Opener) -> Shell:
        size = self._size
        shell = await opener.open(size, self._term, self._take)
        self._line = shell.line
        shell.line.input.write(bytes(self._early))
        self._early.clear()
        if self._size != size:
            shell.line.resize(self._size)
        self._opened = True
        self._read_on()
        self._watch()
        self._ready()
        return shell

    async def _until_over(self, shell: Shell) -> Exit:
        """Wait for the shell's end, or bring it about, and return it."""
        exited = Exit()
        try:
            async with self._wait.within(0 if self._ending else None):
                await shell.ended.wait()
            if shell.ended.is_set() and not self._ending:
                await self._drain(shell.line)
        finally:
            after_cancellation()
            self._ending = True
            shell.line.close()
            self._stop_timers()
            exited = await shell.end()
        return exited

    async def _drain(self, line: Line) -> None:
        self._ending = True
        line.output.resume()
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_S):
                await line.output.ended.wait()
        # However late we come to it, what the shell wrote is there.
        line.output.drain(LEFT_IN_TERMINAL)

    def _take(self, data: bytes) -> None:
        self._active_at = _now()
        self._screen.add(data)
        self._read_on()
        self._tell()

    def _read_on(self) -> None:
        if self._line is None or self._ending:
            return
        if self._screen.accepts:
            self._line.output.resume()
        else:
            self._line.output.pause()

    def _tell(self) -> None:
        sendable = self._screen.sendable
        if sendable and not self._gathering.holds(sendable):
            self._ready()

    def _ready(self) -> None:
        self._rota.ready(self)

    def _stop_timers(self) -> None:
        self._gathering.stop()
        if self._watching is not None:
            self._watching.cancel()

    def _leave_alone(self, most_s: float) -> None:
        self._screen.hide()
        self._alone_until = _now() + most_s
        self._read_on()
        self._watch()

    def _watch(self) -> None:
        """End it if nobody has cared for it for too long; otherwise look again when that may be."""
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        if self._ending:
            return
        idle_at = self._active_at + self._patience.idle_s
        if _now() >= idle_at:
            self.close(f"idle for {self._patience.idle_s / 60:g} minutes")
        elif _now() >= self._alone_until:
            self.close("its viewer did not come back")
        else:
            due = min(idle_at, self._alone_until)
            self._watching = asyncio.get_running_loop().call_at(due, self._watch)


def _in_words(exited: Exit) -> str:
    return "the shell exited" if exited.signal is None else f"the shell was ended by signal {exited.signal}"


def _now() -> float:
    return asyncio.get_running_loop().time()
