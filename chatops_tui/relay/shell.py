"""A shell on a server in this terminal, until it ends or is left."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, Protocol

from chatops_tui.client.errors import HubError, HubRefusedError, HubUnreachableError
from chatops_tui.client.terminals import Size, TerminalEnd, TerminalView
from chatops_tui.relay.clipboard import ClipboardFilter
from chatops_tui.relay.keys import DetachKey
from chatops_tui.relay.local import LocalTerminal
from chatops_tui.relay.modes import Modes
from chatops_tui.relay.place import Place
from chatops_tui.relay.signals import caught
from chatops_tui.render.text import clean
from chatops_wire.codes import ErrorCode

# Dragging a window's edge sends dozens of sizes a second; a full-screen program draws everything for each.
_RESIZE_EVERY_S: Final = 0.05
# How long a lost connection may be away: a hub that restarts, a laptop that changes its network.
_REJOIN_WITHIN_S: Final = 60.0
# A machine that is not back yet is asked for again.
_ASK_AGAIN_S: Final = 0.5
# Leaving tells the hub; one that does not answer is left all the same.
_TELL_WITHIN_S: Final = 5.0

_ENDING: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
_END_OF_ALL: Final = "the connection was lost and the shell could not be found again"


@dataclass(frozen=True, slots=True)
class Manner:
    """How it is shown here."""

    term: str = "xterm-256color"
    allows_clipboard: bool = False
    """Whether the remote side may write the clipboard (OSC 52)."""
    is_utf8: bool = True


@dataclass(frozen=True, slots=True)
class Left:
    """How the terminal came back.

    ended: the shell or the hub ended it (`code` where it was refused or taken over). detached: ctrl+] was
    pressed; the shell runs on, unless `reason` says why the hub could not be told. lost: the connection
    broke, or this side was too slow. hangup: this terminal is gone. signal: this program is to end.
    """

    kind: Literal["ended", "detached", "lost", "hangup", "signal"]
    terminal_id: str
    reason: str = ""
    code: str | None = None
    exit_code: int | None = None
    number: int = 0
    """The signal's."""


class Opener(Protocol):
    """Opens terminals (`client.terminals.Terminals`)."""

    async def open(
        self, server_id: str, size: Size, *, term: str = ..., container: str | None = None
    ) -> TerminalView:
        """Start a shell and view it; HubError."""
        ...

    async def attach(self, server_id: str, terminal_id: str, size: Size) -> TerminalView:
        """View a terminal that runs; HubError."""
        ...


async def show_shell(terminals: Opener, place: Place, manner: Manner) -> Left:
    """Show a shell in the terminal of standard input until it is over.

    The event loop runs on meanwhile, and somebody must keep the live connection up (`Feed.run`). In a UI the
    terminal has to be free: within `App.suspend()`, which does not resume after an exception, so catch what
    this raises inside it. Whatever happens, also cancelling, a signal or an error, the terminal is given
    back as it was: its settings, and the screen, mouse and other modes the remote program had switched.

    Raises:
        NoTerminalError: There is none; nothing was opened.
        HubUnreachableError, HubRefusedError, HubAnswerError: It could not be opened.
    """
    local = LocalTerminal()
    try:
        view = await _opened(terminals, place, manner, local.size)
        relay = _Relay(terminals, view, local, manner)
        signals = {number: partial(relay.leave_for, number) for number in _ENDING}
        with caught({**signals, signal.SIGWINCH: relay.resized, signal.SIGCONT: relay.continued}):
            with local.lent(relay.last_words):
                left = await relay.run(_banner(place))
            return await _told(relay.view, left)
    finally:
        local.close()


async def _opened(terminals: Opener, place: Place, manner: Manner, size: Size) -> TerminalView:
    if place.terminal_id:
        return await terminals.attach(place.server_id, place.terminal_id, size)
    return await terminals.open(place.server_id, size, term=manner.term, container=place.container)


def _banner(place: Place) -> bytes:
    where = clean(place.server_name, 100)
    if place.container:
        where = f"{clean(place.container, 100)} on {where}"
    text = f"Shell on {where}. It is audited. ctrl+] leaves it running, exit ends it."
    return text.encode(errors="replace") + b"\r\n"


async def _told(view: TerminalView, left: Left) -> Left:
    """Tell the hub what becomes of the shell that was left, and return how that went."""
    if left.kind == "ended":
        return left
    try:
        async with asyncio.timeout(_TELL_WITHIN_S):
            await (view.close() if left.kind in {"hangup", "signal"} else view.detach())
    except (HubError, TimeoutError) as exc:
        if left.kind == "detached":
            return Left("detached", left.terminal_id, str(exc) or "the hub did not answer")
    return left


class _Relay:
    """Bytes both ways; neither side is read faster than the other takes it."""

    def __init__(self, terminals: Opener, view: TerminalView, local: LocalTerminal, manner: Manner) -> None:
        self.view = view
        self._terminals = terminals
        self._local = local
        self._guard = None if manner.allows_clipboard else ClipboardFilter(is_utf8=manner.is_utf8)
        self._modes = Modes()
        self._left: asyncio.Future[Left] = asyncio.get_running_loop().create_future()
        self._has_new_size = asyncio.Event()

    async def run(self, banner: bytes) -> Left:
        """Relay until it is over."""
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(self._or_hangup(self._show, banner), name="relay-output"),
                tasks.create_task(self._or_hangup(self._type), name="relay-keys"),
                tasks.create_task(self._resize(), name="relay-size"),
            ]
            left = await self._left
            for task in running:
                task.cancel()
        return left

    def last_words(self) -> bytes:
        """Return what undoes the remote program's changes, and begins a line of its own."""
        return self._modes.undo() + b"\r\n"

    def leave_for(self, number: signal.Signals) -> None:
        """End, because this program is to end."""
        self._leave(Left("signal", self.view.terminal_id, number=number))

    def resized(self) -> None:
        """Tell the new size soon."""
        self._has_new_size.set()

    def continued(self) -> None:
        """Take the terminal again, after this program was stopped and somebody else had it."""
        self._local.make_raw()
        self._has_new_size.set()

    def _leave(self, left: Left) -> None:
        if not self._left.done():
            self._left.set_result(left)

    async def _or_hangup(self, work: Callable[..., Coroutine[None, None, None]], *given: bytes) -> None:
        try:
            await work(*given)
        except OSError:
            self._leave(Left("hangup", self.view.terminal_id))

    async def _show(self, banner: bytes) -> None:
        await self._local.write(banner)
        while True:
            came = await self.view.read()
            if isinstance(came, bytes):
                await self._draw(came)
            elif came.kind == "link_lost":
                if not await self._rejoin():
                    return
            else:
                self._leave(_how_it_ended(self.view.terminal_id, came))
                return

    async def _draw(self, data: bytes) -> None:
        passed = self._guard.feed(data) if self._guard else data
        self._modes.feed(passed)
        await self._local.write(passed)

    async def _rejoin(self) -> bool:
        """Wait for the connection and view the same terminal again; False: it was left."""
        # A full-screen program's screen is drawn anew afterwards, so here there is room for a sentence.
        await self._local.write(
            self._modes.undo() + b"\r\n[chatops: the connection broke, waiting for it; ctrl+] leaves]\r\n"
        )
        reason = _END_OF_ALL
        with suppress(TimeoutError):
            async with asyncio.timeout(_REJOIN_WITHIN_S):
                while True:
                    try:
                        self.view = await self._attached()
                    except HubUnreachableError:
                        continue
                    except HubRefusedError as exc:
                        if exc.code == ErrorCode.AGENT_OFFLINE:
                            # After a restart of the hub we may be back before the machine is.
                            reason = f"{_END_OF_ALL}: {exc.detail or exc.code}"
                            await asyncio.sleep(_ASK_AGAIN_S)
                            continue
                        reason = f"{_END_OF_ALL}: {exc.detail or exc.code}"
                        break
                    except HubError as exc:
                        # The key that signs may be gone by now.
                        reason = f"{_END_OF_ALL}: {exc}"
                        break
                    return True
        self._leave(Left("lost", self.view.terminal_id, reason))
        return False

    async def _attached(self) -> TerminalView:
        return await self._terminals.attach(self.view.server_id, self.view.terminal_id, self._local.size)

    async def _type(self) -> None:
        key = DetachKey()
        while data := await self._local.read():
            typed, is_leaving = key.feed(data)
            if typed:
                await self.view.write(typed)
            if is_leaving:
                self._leave(Left("detached", self.view.terminal_id))
                return
        self._leave(Left("hangup", self.view.terminal_id))

    async def _resize(self) -> None:
        told = self._local.size
        while True:
            await self._has_new_size.wait()
            self._has_new_size.clear()
            if self._local.size != told:
                told = self._local.size
                await self.view.resize(told)
            await asyncio.sleep(_RESIZE_EVERY_S)


def _how_it_ended(terminal_id: str, end: TerminalEnd) -> Left:
    if end.kind == "closed":
        return Left("ended", terminal_id, end.reason, end.code, end.exit_code)
    return Left("lost", terminal_id, end.reason)
