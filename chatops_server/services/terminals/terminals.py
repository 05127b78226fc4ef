"""Opens, relays, detaches and ends terminals; who may, and that it is written down."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from secrets import token_hex
from typing import Final, assert_never

from chatops_server.broker.action_counts import ActionCounts
from chatops_server.broker.clients import ClientSession
from chatops_server.broker.fleet import Fleet
from chatops_server.broker.sessions import AgentSession, AgentSessions
from chatops_server.broker.terminals import OpenTerminals, Terminal
from chatops_server.domain.inventory import is_name
from chatops_server.domain.narrowing import leaves, needs_of_terminal
from chatops_server.domain.permissions import ServerAction, allows
from chatops_server.errors import InvalidRequestError, NotFoundError, StorageError
from chatops_server.services.errands import Errands
from chatops_server.services.narrowing import narrowed_words
from chatops_server.services.refusals import refusal
from chatops_server.services.terminals.listing import Listing
from chatops_server.services.terminals.logbook import Logbook
from chatops_server.services.terminals.recordings import Recordings
from chatops_server.services.terminals.rights import Rights, may_attach
from chatops_wire import codec
from chatops_wire.client_terminals import (
    AttachTerminal,
    CloseTerminal,
    DetachTerminal,
    ListTerminals,
    OpenTerminal,
    TerminalEntry,
)
from chatops_wire.codes import ErrorCode
from chatops_wire.commands import WINDOW_BYTES
from chatops_wire.terminals import (
    TerminalClose,
    TerminalCredit,
    TerminalData,
    TerminalDetach,
    TerminalOpen,
    TerminalOpened,
    TerminalResize,
)
from chatops_wire.terminals import Terminals as ListedTerminals

log = logging.getLogger(__name__)

# An agent that does not tell when a shell runs has by then told when it does not.
_ANSWER_WITHIN_S: Final = 2.0
# For an agent to take what is typed; its client's other requests wait meanwhile.
_KEYS_WITHIN_S: Final = 5.0
# More than its window: an agent that knows no credit. One cannot take from the middle of a screen.
_MOST_WAITING: Final = 1024 * 1024
LEFT: Final = "the client left"
AWAY: Final = "the server's agent left"

FromAgent = TerminalOpened | TerminalData | TerminalClose | ListedTerminals


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What terminals need."""

    fleet: Fleet
    sessions: AgentSessions
    logbook: Logbook
    errands: Errands
    recordings: Recordings | None
    """None records nothing."""
    return_s: float
    """How long a terminal waits for a viewer whose connection broke."""
    counts: ActionCounts


class TerminalRelay:
    """Between clients and agents. For the event loop's thread only."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._open = OpenTerminals(around.counts)
        self._rights = Rights(around.fleet, around.sessions, around.logbook, self._open)
        self._listing = Listing()
        self.denied = around.logbook.denied

    # What clients ask

    async def open(self, client: ClientSession, request: OpenTerminal) -> str:
        """Start a shell and return its terminal's id, when it runs.

        Raises:
            NotFoundError, ForbiddenError: The server is not the user's to see, or to operate.
            AgentOfflineError, NotAllowedError, ConflictError: The agent is away, or does not do it.
            TooManyRequestsError: As many are open as may.
            InvalidRequestError, DockerUnavailableError: Not in that container.
        """
        session = self._rights.session(client.principal, request.server_id)
        if request.container is not None and not is_name(request.container):
            raise InvalidRequestError("container: no container's id or name")
        self._rights.check_limits(client.principal, request.server_id)
        terminal = Terminal(
            f"trm_{token_hex(8)}", request.server_id, session, client.principal.user_id, client
        )
        terminal.container = request.container
        # Taken up first, so that nobody passes the limits meanwhile.
        self._open.add(terminal)
        try:
            await self._around.logbook.opened(terminal, session.state, client.principal)
        except BaseException:
            self._open.remove(terminal)
            raise
        if self._around.recordings is not None:
            terminal.recording = self._around.recordings.begin(terminal.id, (request.cols, request.rows))
        order = TerminalOpen(
            terminal_id=terminal.id,
            cols=request.cols,
            rows=request.rows,
            term=request.term,
            container=request.container,
            window=_window(terminal, request.window),
            signature=request.signature,
        )
        await self._begin(terminal, order)
        return terminal.id

    async def attach(self, client: ClientSession, request: AttachTerminal) -> str:
        """Let a client view a terminal that runs; whoever viewed it before is told so.

        Raises:
            NotFoundError, ForbiddenError: The server is not the user's to see, or to operate; or there is
                no such terminal, or it is another user's.
            AgentOfflineError, NotAllowedError, ConflictError: As above.
        """
        session = self._rights.session(client.principal, request.server_id)
        owner_id = await self._rights.owner(client.principal, request.terminal_id, request.server_id)
        terminal = Terminal(request.terminal_id, request.server_id, session, owner_id, client)
        opened_ms = await self._around.logbook.attached(terminal, client.principal)
        # No await from here to the order: nobody else attaches in between.
        before = self._open.get(request.terminal_id)
        if before is not None and before.viewer is not None and before.viewer is not client:
            told = TerminalClose(terminal_id=before.id, reason="attached elsewhere", code=ErrorCode.REPLACED)
            before.viewer.outbox.relay(codec.encode(told), _nothing)
        if before is not None:
            terminal.recording = before.recording
        elif self._around.recordings is not None and opened_ms is not None:
            size = (request.cols, request.rows)
            terminal.recording = self._around.recordings.go_on(terminal.id, size, opened_ms / 1000)
        self._open.add(terminal)
        order = TerminalOpen(
            terminal_id=terminal.id,
            cols=request.cols,
            rows=request.rows,
            attach=True,
            term=request.term,
            window=_window(terminal, request.window),
            signature=request.signature,
        )
        await self._begin(terminal, order)
        return terminal.id

    def detach(self, client: ClientSession, request: DetachTerminal) -> None:
        """Leave a terminal running without a viewer.

        Raises:
            NotFoundError: The client does not view it.
        """
        terminal = self._open.viewed(request.terminal_id, client)
        if terminal is None:
            raise NotFoundError("no such terminal")
        terminal.viewer = None
        self._tell(terminal, TerminalDetach(terminal_id=terminal.id))

    async def close(self, client: ClientSession, request: CloseTerminal) -> None:
        """End a terminal the client views, or, with the server named, one that is the user's to end.

        Raises:
            NotFoundError, ForbiddenError: As for attach.
        """
        terminal = self._open.viewed(request.terminal_id, client)
        if terminal is None and request.server_id is not None:
            session = self._rights.session(client.principal, request.server_id)
            owner_id = await self._rights.owner(client.principal, request.terminal_id, request.server_id)
            terminal = self._open.get(request.terminal_id) or Terminal(
                request.terminal_id, request.server_id, session, owner_id, None
            )
            self._open.add(terminal)
        if terminal is None:
            raise NotFoundError("no such terminal")
        self._end(terminal, "closed by its user", tell_viewer=terminal.viewer is not client)

    async def listed(self, client: ClientSession, request: ListTerminals) -> tuple[TerminalEntry, ...]:
        """Return the terminals on a server that the user may attach: their own, or, for admins, all.

        Raises:
            NotFoundError, ForbiddenError, AgentOfflineError: As above.
            AgentTimeoutError: The agent did not answer.
        """
        session = self._rights.session(client.principal, request.server_id)
        owners = await self._around.logbook.owners(request.server_id)
        answer = await self._listing.ask(session)
        return tuple(
            TerminalEntry(
                terminal_id=item.terminal_id,
                server_id=request.server_id,
                user_id=owners.get(item.terminal_id),
                cols=item.cols,
                rows=item.rows,
                started_at=item.started_at,
                detached=item.detached,
            )
            for item in answer.items
            if may_attach(client.principal, owners.get(item.terminal_id))
        )

    async def typed(self, client: ClientSession, message: TerminalData) -> None:
        """Pass keys on; of a terminal the client does not view they are lost.

        Waits while the agent takes nothing, and ends the terminal when that lasts.
        """
        terminal = self._open.viewed(message.terminal_id, client)
        if terminal is None or not self._may_still(terminal, client):
            return
        await self._offer(terminal, message)

    async def resized(self, client: ClientSession, message: TerminalResize) -> None:
        """Pass a new size on; waits as `typed` does."""
        terminal = self._open.viewed(message.terminal_id, client)
        if terminal is None:
            return
        if terminal.recording is not None:
            terminal.recording.resized(message.cols, message.rows)
        await self._offer(terminal, message)

    async def credited(self, client: ClientSession, message: TerminalCredit) -> None:
        """Pass on that the viewer takes more; waits as `typed` does."""
        terminal = self._open.viewed(message.terminal_id, client)
        if terminal is not None and terminal.counts_credit:
            await self._offer(terminal, message)

    def left(self, client: ClientSession, *, may_return: bool) -> None:
        """Part with a client that is gone: end what it viewed, or wait a while for it to attach again."""
        for terminal in self._open.viewed_by(client):
            if may_return and terminal.answered.is_set():
                self._wait_for_viewer(terminal)
            else:
                self._end(terminal, LEFT, tell_viewer=False)

    # What agents say

    def connected(self, session: AgentSession) -> None:
        """Take leave of what an earlier connection of this agent carried."""
        for terminal in self._open:
            if terminal.server_id == session.state.id and terminal.session is not session:
                self._lost(terminal)

    def disconnected(self, session: AgentSession) -> None:
        """Tell the viewers of an agent's terminals that it is gone."""
        for terminal in self._open.over(session):
            self._lost(terminal)

    def relays(self, session: AgentSession, terminal_id: str) -> bool:
        """Return whether a terminal is carried by this session."""
        terminal = self._open.get(terminal_id)
        return terminal is not None and terminal.session is session

    def hear(self, session: AgentSession, message: FromAgent) -> None:
        """Take what an agent says of one of its terminals; of others it is not heard."""
        if isinstance(message, ListedTerminals):
            self._listing.hear(message)
            return
        terminal = self._open.get(message.terminal_id)
        if terminal is None or not self.relays(session, terminal.id):
            return
        match message:
            case TerminalOpened():
                terminal.answered.set()
            case TerminalData():
                terminal.answered.set()
                self._wrote(terminal, message)
            case TerminalClose():
                self._closed(terminal, message, tell_viewer=terminal.answered.is_set())
            case _:
                assert_never(message)

    def _wrote(self, terminal: Terminal, message: TerminalData) -> None:
        if terminal.recording is not None:
            terminal.recording.wrote(message.data)
        if terminal.viewer is None or not self._may_still(terminal, terminal.viewer):
            return
        size = len(message.data)
        self._around.counts.screen_bytes += size
        terminal.waiting += size
        if terminal.waiting > _MOST_WAITING:
            self._end(terminal, "the client reads too slowly", tell_viewer=True)
            return
        terminal.viewer.outbox.relay(codec.encode(message), partial(self._taken, terminal, size))

    def _taken(self, terminal: Terminal, size: int) -> None:
        terminal.waiting -= size
        terminal.owed += size
        if terminal.owed >= WINDOW_BYTES // 2 and not terminal.counts_credit:
            self._tell(terminal, TerminalCredit(terminal_id=terminal.id, bytes=terminal.owed))
            terminal.owed = 0

    async def _begin(self, terminal: Terminal, order: TerminalOpen) -> None:
        """Send the order and return when the terminal runs; raise why it does not."""
        self._around.counts.terminals += 1
        if self._is_left(terminal):
            self._tell(terminal, order)
        else:
            text = narrowed_words(terminal.session.state)
            refused = TerminalClose(terminal_id=terminal.id, reason=text, code=ErrorCode.NOT_ALLOWED)
            self._closed(terminal, refused, tell_viewer=False)
        with suppress(TimeoutError):
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                await terminal.answered.wait()
        # From now on its end is told as a message, no longer as the answer to the request.
        terminal.answered.set()
        if terminal.closed is not None:
            raise refusal(terminal.closed.code, terminal.closed.reason)

    def _wait_for_viewer(self, terminal: Terminal) -> None:
        terminal.viewer = None
        within_s = self._around.return_s
        # The agent keeps to it too, should the hub be gone by then.
        self._tell(terminal, TerminalDetach(terminal_id=terminal.id, within_s=within_s))
        asyncio.get_running_loop().call_later(within_s, self._give_up, terminal)

    def _give_up(self, terminal: Terminal) -> None:
        # Attached again, another one of this id has taken its place.
        if self._open.get(terminal.id) is terminal:
            self._end(terminal, LEFT, tell_viewer=False)

    def _end(self, terminal: Terminal, reason: str, *, tell_viewer: bool) -> None:
        self._tell(terminal, TerminalClose(terminal_id=terminal.id, reason=reason))
        ended = TerminalClose(terminal_id=terminal.id, reason=reason)
        self._closed(terminal, ended, tell_viewer=tell_viewer)

    def _lost(self, terminal: Terminal) -> None:
        ended = TerminalClose(terminal_id=terminal.id, reason=AWAY, code=ErrorCode.AGENT_OFFLINE)
        self._closed(terminal, ended, tell_viewer=terminal.answered.is_set())

    def _closed(self, terminal: Terminal, ended: TerminalClose, *, tell_viewer: bool) -> None:
        terminal.closed = ended
        terminal.answered.set()
        if not self._open.remove(terminal):
            return
        if tell_viewer and terminal.viewer is not None:
            terminal.viewer.outbox.relay(codec.encode(ended), _nothing)
        self._around.errands.start(self._write_down(terminal, ended), f"terminal-end-{terminal.id}")

    async def _write_down(self, terminal: Terminal, ended: TerminalClose) -> None:
        try:
            await self._around.logbook.closed(terminal, ended)
        except StorageError as exc:
            extra = {"terminal": terminal.id, "reason": exc.reason}
            log.warning("the end of a terminal is not written down", extra=extra)

    def _tell(
        self,
        terminal: Terminal,
        message: TerminalOpen | TerminalClose | TerminalDetach | TerminalCredit | TerminalResize,
    ) -> None:
        terminal.session.outbox.put(codec.encode(message))

    async def _offer(
        self, terminal: Terminal, message: TerminalData | TerminalResize | TerminalCredit
    ) -> None:
        # Not put: a client can send so many of these that the agent's connection would be ended for it.
        try:
            async with asyncio.timeout(_KEYS_WITHIN_S):
                await terminal.session.outbox.offer(codec.encode(message))
        except TimeoutError:
            self._end(terminal, "the server's agent takes no input", tell_viewer=True)

    def _may_still(self, terminal: Terminal, client: ClientSession) -> bool:
        role = self._around.fleet.role_on(terminal.server_id, client.principal)
        if role is None or not allows(role, ServerAction.OPERATE):
            self._end(terminal, "this is no longer yours to operate", tell_viewer=True)
            return False
        if not self._is_left(terminal):
            self._end(terminal, narrowed_words(terminal.session.state), tell_viewer=True)
            return False
        return True

    def _is_left(self, terminal: Terminal) -> bool:
        return leaves(terminal.session.state.narrowing, *needs_of_terminal(terminal.container))


def _window(terminal: Terminal, wanted: int) -> int:
    """Return the agent's window: what the viewer holds itself, else what the hub holds for it."""
    terminal.counts_credit = wanted > 0
    return min(wanted, WINDOW_BYTES) if wanted else WINDOW_BYTES


def _nothing() -> None:
    return
