"""What a client follows at its own pace: a command's output, log lines. Nothing is left out for slowness."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from chatops_server.broker.clients import ClientSession
from chatops_server.broker.closing import ACCESS_LOST, Closing
from chatops_server.broker.fleet import Fleet
from chatops_server.errors import (
    ChatopsError,
    InvalidRequestError,
    NotFoundError,
    TooManyRequestsError,
    UnknownTopicError,
)
from chatops_server.services.commands.history import History
from chatops_server.services.errands import Errands
from chatops_server.services.log_streams import LogStreams
from chatops_wire import codec
from chatops_wire.client import ClientError, LogLines, Result, Subscribe, SubscriptionEnded, Unsubscribe
from chatops_wire.codes import CloseCode
from chatops_wire.commands import CommandFinished, CommandOutput
from chatops_wire.streams import LogSource

COMMAND: Final = "command"
LOGS: Final = "logs"
# A batch over a fleet is followed by one client; each follower may hold half a MiB.
MAX_FEEDS: Final = 200
_RETRY_AFTER_S: Final = 1

Key = tuple[str, str, LogSource | None]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where feeds come from."""

    fleet: Fleet
    history: History
    log_streams: LogStreams


@dataclass(slots=True, eq=False)
class _Feed:
    request: Subscribe
    server_id: str = ""
    is_answered: bool = False
    is_only: bool = False
    """Whether the connection ends with it."""
    task: asyncio.Task[None] | None = field(default=None)


class ClientFeeds:
    """The feeds of one client; a task each. For the event loop's thread only."""

    def __init__(self, sources: Sources, session: ClientSession, errands: Errands) -> None:
        self._sources = sources
        self._session = session
        self._errands = errands
        self._feeds: dict[Key, _Feed] = {}

    def subscribe(self, request: Subscribe, *, is_only: bool = False) -> None:
        """Begin a feed; its `result`, or why not, is told from its task. Once more changes nothing.

        Raises:
            InvalidRequestError: It does not say of what.
            TooManyRequestsError: The client has MAX_FEEDS already.
        """
        key = _key(request)
        if key in self._feeds:
            self._session.outbox.reply(codec.encode(Result(id=request.id)))
            return
        if len(self._feeds) >= MAX_FEEDS:
            raise TooManyRequestsError(f"at most {MAX_FEEDS} followed at once", _RETRY_AFTER_S)
        feed = self._feeds[key] = _Feed(request, is_only=is_only)
        feed.task = self._errands.start(self._run(key, feed), f"feed-{request.topic}")

    def unsubscribe(self, request: Unsubscribe) -> None:
        """End what the same words began; what was not begun, or has ended, is no error.

        Raises:
            InvalidRequestError: It does not say of what.
        """
        feed = self._feeds.pop(_key(request), None)
        if feed is not None and feed.task is not None:
            feed.task.cancel()

    async def _run(self, key: Key, feed: _Feed) -> None:
        try:
            if feed.request.topic == COMMAND:
                await self._follow_command(feed, key[1])
            else:
                await self._follow_logs(feed, key[1], feed.request.source or LogSource())
        except ChatopsError as exc:
            await self._tell_end(feed, exc)
        finally:
            if self._feeds.get(key) is feed:
                del self._feeds[key]

    async def _follow_command(self, feed: _Feed, command_id: str) -> None:
        row = await self._sources.history.row(self._session.principal, command_id)
        feed.server_id = row.server_id
        self._answer(feed)
        async with aclosing(self._sources.history.followed(row)) as items:
            async for item in items:
                self._require_visible(row.server_id)
                if isinstance(item, CommandFinished):
                    await self._session.outbox.offer(codec.encode(item))
                    continue
                for seq, stream, data in item:
                    output = CommandOutput(command_id=row.id, seq=seq, stream=stream, data=data)
                    await self._session.outbox.offer(codec.encode(output))

    async def _follow_logs(self, feed: _Feed, server_id: str, source: LogSource) -> None:
        feed.server_id = server_id
        self._sources.log_streams.check(self._session.principal, server_id, source)
        self._answer(feed)
        principal = self._session.principal
        async with aclosing(self._sources.log_streams.follow(principal, server_id, source)) as pieces:
            async for lines in pieces:
                self._require_visible(server_id)
                message = LogLines(server_id=server_id, source=source, lines=lines)
                await self._session.outbox.offer(codec.encode(message))

    def _require_visible(self, server_id: str) -> None:
        # Looked at whenever something is to be sent: a right may have ended since.
        if self._sources.fleet.role_on(server_id, self._session.principal) is None:
            raise NotFoundError("no such server")

    def _answer(self, feed: _Feed) -> None:
        feed.is_answered = True
        if not feed.is_only:
            self._session.outbox.reply(codec.encode(Result(id=feed.request.id)))

    async def _tell_end(self, feed: _Feed, error: ChatopsError) -> None:
        outbox, request = self._session.outbox, feed.request
        if feed.is_only:
            is_gone = isinstance(error, NotFoundError) and not feed.is_answered
            outbox.close(ACCESS_LOST if is_gone else Closing(CloseCode.NORMAL, error.code, error.detail))
        elif not feed.is_answered:
            outbox.reply(codec.encode(ClientError(id=request.id, code=error.code, message=error.detail)))
        else:
            ended = SubscriptionEnded(
                topic=request.topic,
                server_id=feed.server_id,
                code=error.code,
                message=error.detail,
                command_id=request.command_id,
                source=request.source,
            )
            # Behind what was told before: an answer would overtake it.
            await outbox.offer(codec.encode(ended))


def _key(request: Subscribe | Unsubscribe) -> Key:
    if request.topic == COMMAND:
        if not request.command_id:
            raise InvalidRequestError("command_id is missing")
        return COMMAND, request.command_id, None
    if request.topic != LOGS:
        raise UnknownTopicError(f"unknown topic {request.topic[:40]!r}")
    if not request.server_id:
        raise InvalidRequestError("server_id is missing")
    if request.source is None:
        raise InvalidRequestError("source is missing")
    return LOGS, request.server_id, request.source
