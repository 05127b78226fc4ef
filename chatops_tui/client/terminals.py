"""Terminals on servers, viewed from here over the live connection."""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeVar

import msgspec
from msgspec import UNSET, Struct

from chatops_tui.client.errors import HubAnswerError
from chatops_tui.client.signatures import Signatures
from chatops_tui.client.switchboard import OfTerminal, Switchboard
from chatops_wire.client_terminals import (
    AttachTerminal,
    CloseTerminal,
    DetachTerminal,
    ListTerminals,
    OpenTerminal,
    TerminalEntry,
)
from chatops_wire.commands import WINDOW_BYTES
from chatops_wire.terminals import TerminalClose, TerminalCredit, TerminalData, TerminalResize

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatops_wire.client import Result

T = TypeVar("T")

# Beyond what was granted: a hub that counts no credit. One that floods us ends the view, not the terminal.
MOST_WAITING_BYTES: Final = 16 * 1024 * 1024


class Size(msgspec.Struct, frozen=True):
    """Of a terminal, in cells."""

    cols: int
    rows: int


class TerminalEnd(msgspec.Struct, frozen=True):
    """Nothing more comes over this view.

    closed: the shell ended, the hub ended it, or somebody else took the view over (`code` says which).
    link_lost: the connection broke; the terminal may still be there. flooded: this side was too slow.
    """

    kind: Literal["closed", "link_lost", "flooded"]
    reason: str = ""
    code: str | None = None
    exit_code: int | None = None


class Asker(Protocol):
    """The live connection (`feed.Feed`)."""

    @property
    def board(self) -> Switchboard:
        """Passes on what comes from terminals."""
        ...

    @property
    def url(self) -> str:
        """The hub's address."""
        ...

    async def request(self, build: "Callable[[int], Struct]", accept: "Callable[[Result], T]") -> T:
        """Ask the hub; HubUnreachableError, HubRefusedError."""
        ...


class Terminals:
    """Opens, finds and ends terminals. Every method raises HubUnreachableError or HubRefusedError.

    To open and to attach one may raise SigningError too.
    """

    def __init__(self, feed: Asker, signatures: Signatures) -> None:
        self._feed = feed
        self._signatures = signatures

    async def open(
        self, server_id: str, size: Size, *, term: str = "xterm-256color", container: str | None = None
    ) -> "TerminalView":
        """Start a shell and view it; HubAnswerError when the answer names no terminal."""
        signature = await self._signatures.for_terminal(server_id, container)

        def build(request_id: int) -> OpenTerminal:
            return OpenTerminal(
                id=request_id,
                server_id=server_id,
                cols=size.cols,
                rows=size.rows,
                term=term,
                container=container,
                window=WINDOW_BYTES,
                signature=signature,
            )

        def accept(result: "Result") -> TerminalView | None:
            # Its first output may be in the very next frame.
            named = result.terminal_id
            return None if named is UNSET else TerminalView(self._feed, server_id, named)

        view = await self._feed.request(build, accept)
        if view is None:
            raise HubAnswerError(self._feed.url, "a new terminal without a name")
        return view

    async def attach(self, server_id: str, terminal_id: str, size: Size) -> "TerminalView":
        """View a detached terminal, or take it over from whoever views it; its screen comes first."""
        signature = await self._signatures.for_attaching(server_id, terminal_id)

        def build(request_id: int) -> AttachTerminal:
            return AttachTerminal(
                id=request_id,
                server_id=server_id,
                terminal_id=terminal_id,
                cols=size.cols,
                rows=size.rows,
                window=WINDOW_BYTES,
                signature=signature,
            )

        # Before the answer: the screen may overtake it.
        view = TerminalView(self._feed, server_id, terminal_id)
        try:
            return await self._feed.request(build, lambda _result: view)
        except BaseException:
            view.look_away()
            raise

    async def listed(self, server_id: str) -> tuple[TerminalEntry, ...]:
        """Return the terminals of a server that the user may attach."""

        def accept(result: "Result") -> tuple[TerminalEntry, ...]:
            return () if result.terminals is UNSET else result.terminals

        return await self._feed.request(lambda number: ListTerminals(id=number, server_id=server_id), accept)

    async def end(self, server_id: str, terminal_id: str) -> None:
        """End a shell and what runs in it, whoever views it."""

        def build(request_id: int) -> CloseTerminal:
            return CloseTerminal(id=request_id, terminal_id=terminal_id, server_id=server_id)

        await self._feed.request(build, lambda _result: None)


class TerminalView:
    """One terminal as it is viewed over one connection.

    At most WINDOW_BYTES come ahead of what `read` has returned; a hub that counts no credit may send
    MOST_WAITING_BYTES, then the view ends.
    """

    def __init__(self, feed: Asker, server_id: str, terminal_id: str) -> None:
        self.server_id = server_id
        self.terminal_id = terminal_id
        self._feed = feed
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._owed = 0
        """Bytes that were read, for which no credit has been given yet."""
        self._end: TerminalEnd | None = None
        self._news = asyncio.Event()
        feed.board.view(terminal_id, self)

    @property
    def has_ended(self) -> bool:
        """Nothing more comes beyond what `read` has not returned yet."""
        return self._end is not None

    async def read(self) -> bytes | TerminalEnd:
        """Return what came, some 64 KiB of it at most, or how it ended once all has been read.

        What an earlier call returned counts as drawn from now on, and more may come for it.
        """
        await self._give_credit()
        while not self._waiting:
            if self._end is not None:
                return self._end
            self._news.clear()
            await self._news.wait()
        data = self._waiting.popleft()
        self._waiting_bytes -= len(data)
        self._owed += len(data)
        return data

    async def write(self, data: bytes) -> None:
        """Send keys; returns when the connection has taken them."""
        await self._feed.board.say(TerminalData(terminal_id=self.terminal_id, data=data))

    async def resize(self, size: Size) -> None:
        """Tell the new size."""
        await self._feed.board.say(
            TerminalResize(terminal_id=self.terminal_id, cols=size.cols, rows=size.rows)
        )

    async def detach(self) -> None:
        """View it no longer, and leave the shell running; raises as `Terminals`."""
        self.look_away()
        await self._feed.request(
            lambda number: DetachTerminal(id=number, terminal_id=self.terminal_id), lambda _result: None
        )

    async def close(self) -> None:
        """View it no longer, and end the shell; raises as `Terminals`."""
        self.look_away()
        await self._feed.request(
            lambda number: CloseTerminal(id=number, terminal_id=self.terminal_id), lambda _result: None
        )

    def look_away(self) -> None:
        """Take nothing more; the hub is told by `detach` or `close`."""
        self._feed.board.look_away(self.terminal_id, self)

    def take(self, message: OfTerminal) -> None:
        """Hear the hub."""
        match message:
            case TerminalData():
                self._waiting.append(message.data)
                self._waiting_bytes += len(message.data)
                if self._waiting_bytes > MOST_WAITING_BYTES:
                    self._waiting.clear()
                    self._finish(TerminalEnd("flooded", "more comes than this terminal can show"))
            case TerminalClose():
                self._finish(TerminalEnd("closed", message.reason, message.code, message.exit_code))
        self._news.set()

    def interrupted(self) -> None:
        """Hear that the connection broke."""
        self._finish(TerminalEnd("link_lost", "the connection to the hub broke"))
        self._news.set()

    def _finish(self, end: TerminalEnd) -> None:
        if self._end is None:
            self._end = end
        self.look_away()

    async def _give_credit(self) -> None:
        if self._owed >= WINDOW_BYTES // 2 and self._end is None:
            owed, self._owed = self._owed, 0
            await self._feed.board.say(TerminalCredit(terminal_id=self.terminal_id, bytes=owed))
