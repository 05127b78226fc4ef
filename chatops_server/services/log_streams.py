"""Log lines from agents to whoever follows them: one stream of the agent's for each follower."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Final

from chatops_server.broker.action_counts import ActionCounts
from chatops_server.broker.fleet import Fleet
from chatops_server.broker.sessions import AgentSession, AgentSessions
from chatops_server.domain.inventory import is_name
from chatops_server.domain.narrowing import needs_of_log
from chatops_server.domain.permissions import Principal, ServerAction
from chatops_server.errors import (
    AgentTimeoutError,
    AllToldError,
    ChatopsError,
    InvalidRequestError,
    NotAllowedError,
    StorageError,
    TooManyRequestsError,
)
from chatops_server.services.access import Caller, server_for
from chatops_server.services.agent_post import offered, reachable
from chatops_server.services.errands import Errands
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.services.narrowing import require
from chatops_server.services.refusals import refusal
from chatops_wire import codec
from chatops_wire.codes import ErrorCode, Refusal
from chatops_wire.streams import (
    MAX_TAIL,
    LogLine,
    LogSource,
    StreamClose,
    StreamCredit,
    StreamData,
    StreamOpen,
)

log = logging.getLogger(__name__)

# A tail of the usual length comes without a pause; refilled when half of it was taken.
WINDOW_LINES: Final = 500
# More than its window: an agent that knows no credit. Its stream ends, since it cannot be slowed down.
MAX_WAITING_LINES: Final = 5_000
MAX_ON_A_SERVER: Final = 64
_RETRY_AFTER_S: Final = 5
_REASON_CHARS: Final = 200

FromAgent = StreamData | StreamClose


@dataclass(slots=True, eq=False)
class _Stream:
    id: str
    session: AgentSession
    waiting: deque[tuple[LogLine, ...]] = field(default_factory=deque)
    waiting_lines: int = 0
    closed: StreamClose | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)
    owed: int = 0


class LogStreams:
    """Follows files, units and containers. For the event loop's thread only."""

    def __init__(
        self, fleet: Fleet, sessions: AgentSessions, errands: Errands, counts: ActionCounts, ledger: Ledger
    ) -> None:
        self._ledger = ledger
        self._fleet = fleet
        self._sessions = sessions
        self._errands = errands
        self._counts = counts
        self._streams: dict[str, _Stream] = {}

    def check(self, principal: Principal, server_id: str, source: LogSource) -> None:
        """Let a wish to follow pass.

        Raises:
            InvalidRequestError: The source names not exactly one thing, or too long a tail.
            NotFoundError: The server is unknown or invisible to the user.
            AgentOfflineError: Its agent is not connected.
            TooManyRequestsError: MAX_ON_A_SERVER streams of that server are followed.
        """
        access = server_for(self._fleet, principal, server_id, ServerAction.READ)
        if sum(bool(each) for each in (source.path, source.unit, source.container)) != 1:
            raise InvalidRequestError("source: name exactly one of path, unit, container")
        if source.tail > MAX_TAIL:
            raise InvalidRequestError(f"source: a tail of at most {MAX_TAIL} lines")
        if source.container and not is_name(source.container):
            raise InvalidRequestError("source: container is no container's id or name")
        reachable(self._sessions, access.state.id)
        if sum(each.session.state.id == server_id for each in self._streams.values()) >= MAX_ON_A_SERVER:
            raise TooManyRequestsError(f"{MAX_ON_A_SERVER} streams are followed there", _RETRY_AFTER_S)

    async def follow(
        self, principal: Principal, server_id: str, source: LogSource
    ) -> AsyncGenerator[tuple[LogLine, ...], None]:
        """Yield lines as they come; after `check`. Close the iterator to end it.

        Raises:
            ChatopsError: The agent refuses, which is written down, has ended it, or is gone.
        """
        session = reachable(self._sessions, server_id)
        try:
            require(session.state, *needs_of_log(source))
        except NotAllowedError as exc:
            await self._note_refusal(principal, server_id, source, exc)
            raise
        stream = _Stream(f"str_{token_hex(8)}", session)
        self._streams[stream.id] = stream
        order = StreamOpen(stream_id=stream.id, source=source, window=WINDOW_LINES)
        self._counts.logs_followed += 1
        try:
            await offered(session, order)
            while (lines := await _next(stream)) is not None:
                yield lines
                # Only now: the follower has taken them.
                _give_credit(stream, len(lines))
            error = _ended(stream, source)
            if isinstance(error, NotAllowedError):
                await self._note_refusal(principal, server_id, source, error)
            raise error
        finally:
            self._counts.logs_followed -= 1
            if stream.closed is None:
                self._errands.start(self._part(stream), f"log-end-{stream.id}")
            else:
                del self._streams[stream.id]

    def hear(self, session: AgentSession, message: FromAgent) -> None:
        """Take what an agent says of one of its streams; of others it is not heard."""
        stream = self._streams.get(message.stream_id)
        if stream is None or stream.session is not session or stream.closed is not None:
            return
        if isinstance(message, StreamClose):
            stream.closed = message
        else:
            stream.waiting.append(message.lines)
            stream.waiting_lines += len(message.lines)
            self._counts.log_lines += len(message.lines)
            if stream.waiting_lines > MAX_WAITING_LINES:
                text = "more lines come than this connection takes"
                stream.closed = StreamClose(stream_id=stream.id, reason=text, code=Refusal.BUSY)
                session.outbox.put(codec.encode(stream.closed))
        stream.news.set()

    def disconnected(self, session: AgentSession) -> None:
        """End the streams of an agent that is gone."""
        for stream in self._streams.values():
            if stream.session is session and stream.closed is None:
                stream.closed = StreamClose(stream_id=stream.id, code=ErrorCode.AGENT_OFFLINE)
                stream.news.set()

    def connected(self, session: AgentSession) -> None:
        """End what an earlier connection of this agent carried."""
        for stream in self._streams.values():
            if stream.session.state.id == session.state.id and stream.session is not session:
                self.disconnected(stream.session)

    async def _note_refusal(
        self, principal: Principal, server_id: str, source: LogSource, error: NotAllowedError
    ) -> None:
        target = source.path or source.unit or source.container
        data = {"message": error.detail[:_REASON_CHARS]}
        deed = Deed("log.follow", Caller(principal, None), target, server_id, error.code, data)
        try:
            await self._ledger.note(deed)
        except StorageError as exc:
            extra = {"server_id": server_id, "reason": exc.reason}
            log.warning("a refusal is not written down", extra=extra)

    async def _part(self, stream: _Stream) -> None:
        # Counted until its end is queued, so that no more than MAX_ON_A_SERVER wait for a slow agent.
        try:
            with suppress(AgentTimeoutError):
                await offered(stream.session, StreamClose(stream_id=stream.id))
        finally:
            self._streams.pop(stream.id, None)


async def _next(stream: _Stream) -> tuple[LogLine, ...] | None:
    """Return the next lines; None when the stream has ended and all was read."""
    while not stream.waiting:
        if stream.closed is not None:
            return None
        stream.news.clear()
        await stream.news.wait()
    lines = stream.waiting.popleft()
    stream.waiting_lines -= len(lines)
    return lines


def _give_credit(stream: _Stream, taken: int) -> None:
    stream.owed += taken
    if stream.owed >= WINDOW_LINES // 2 and stream.closed is None:
        credit = StreamCredit(stream_id=stream.id, lines=stream.owed)
        stream.session.outbox.put(codec.encode(credit))
        stream.owed = 0


def _ended(stream: _Stream, source: LogSource) -> ChatopsError:
    closed = stream.closed or StreamClose(stream_id=stream.id)
    if closed.code is None and not source.follow:
        return AllToldError()
    return refusal(closed.code, closed.reason or "the stream has ended")
