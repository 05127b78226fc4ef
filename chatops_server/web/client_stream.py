"""What an authenticated client asks and is sent, until either side ends it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, assert_never

from msgspec import UnsetType

from chatops_server.broker.clients import ClientSession
from chatops_server.broker.closing import (
    GOING_AWAY,
    LOST,
    SILENT,
    TOO_SLOW,
    Closing,
    ConnectionEnded,
    malformed,
)
from chatops_server.broker.counters import Counters, Peer
from chatops_server.broker.topics import Topics
from chatops_server.domain.permissions import Principal
from chatops_server.errors import ChatopsError, InvalidRequestError, TokenError
from chatops_server.services.errands import Errands
from chatops_server.services.terminals.terminals import TerminalRelay
from chatops_server.web.both_ways import both_ways
from chatops_server.web.client_feeds import COMMAND, LOGS, ClientFeeds, Sources
from chatops_server.web.frame_socket import FrameSocket
from chatops_server.web.terminal_requests import Asked, TerminalRequests
from chatops_wire import codec
from chatops_wire.client import (
    Authenticated,
    AuthToken,
    ClientError,
    FromClient,
    Ping,
    Pong,
    Result,
    Subscribe,
    Unsubscribe,
)
from chatops_wire.client_terminals import (
    AttachTerminal,
    CloseTerminal,
    DetachTerminal,
    ListTerminals,
    OpenTerminal,
    RequestId,
)
from chatops_wire.codec import FrameDecoder, MalformedFrameError, UnknownMessage
from chatops_wire.codes import CloseCode, ErrorCode
from chatops_wire.rest import UserView
from chatops_wire.terminals import TerminalCredit, TerminalData, TerminalResize

# A client that ended so may be back in a moment, and wants its shells as they are.
_NOBODY_S_WISH: Final = (LOST, SILENT, TOO_SLOW, GOING_AWAY)


class TokenReader(Protocol):
    """Checks access tokens (services.accounts.Accounts)."""

    def authenticate(self, access_token: str) -> Principal:
        """Return who holds the token, from memory; raises TokenError."""


@dataclass(frozen=True, slots=True)
class ClientHearing:
    """What answers a client."""

    topics: Topics
    sources: Sources
    terminals: TerminalRelay
    tokens: TokenReader
    counters: Counters


class ClientStream:
    """One session's traffic: a reading and a writing task that end together."""

    def __init__(self, hearing: ClientHearing, socket: FrameSocket, session: ClientSession) -> None:
        self._topics = hearing.topics
        self._tokens = hearing.tokens
        self._counters = hearing.counters
        self._socket = socket
        self._session = session
        self._errands = Errands()
        self._feeds = ClientFeeds(hearing.sources, session, self._errands)
        self._terminals = TerminalRequests(hearing.terminals, session, self._errands)

    def follow_only(self, request: Subscribe) -> None:
        """Follow one thing; the connection ends with it."""
        self._feeds.subscribe(request, is_only=True)

    async def run(self, decoder: FrameDecoder[FromClient]) -> None:
        """Read and write until the connection is to end.

        Raises:
            ConnectionEnded: Always; it says how.
        """
        may_return = False
        try:
            await both_ways("client-writer", self._read(decoder), self._write())
        except ConnectionEnded as ended:
            may_return = ended.closing in _NOBODY_S_WISH
            raise
        finally:
            # Terminals first: one that is just being opened ends with its request.
            self._terminals.left(may_return=may_return)
            await self._errands.stop()
            self._terminals.left(may_return=may_return)

    async def _read(self, decoder: FrameDecoder[FromClient]) -> None:
        while (frame := await self._socket.receive()) is not None:
            try:
                await self._hear(decoder.decode(frame))
            except MalformedFrameError as exc:
                raise ConnectionEnded(malformed(str(exc))) from exc
        raise ConnectionEnded(self._socket.peer_left())

    async def _write(self) -> None:
        outbox = self._session.outbox
        while outbox.closing is None:
            frame = outbox.take()
            if frame is None:
                await outbox.wait()
            else:
                # Seen by others only while the send has to wait.
                outbox.is_stalled = True
                await self._socket.send(frame, outbox.ending)
                outbox.is_stalled = False
        raise ConnectionEnded(outbox.closing)

    async def _hear(self, message: FromClient | UnknownMessage) -> None:
        match message:
            case Subscribe():
                self._answer(message.id, lambda: self._subscribe(message))
            case Unsubscribe():
                self._answer(message.id, lambda: self._unsubscribe(message))
            case Ping():
                self._session.outbox.reply(codec.encode(Pong(id=message.id)))
            case AuthToken():
                self._authenticate_again(message.token)
            case UnknownMessage():
                self._counters.unknown(Peer.CLIENT, message.type)
            case TerminalData() | TerminalResize() | TerminalCredit():
                await self._terminals.pass_on(message)
            case OpenTerminal() | AttachTerminal() | DetachTerminal() | CloseTerminal() | ListTerminals():
                self._answer(message.id, lambda: self._ask_terminals(message))
            case _:
                assert_never(message)

    def _answer(self, request_id: RequestId | UnsetType, carry_out: Callable[[], bool]) -> None:
        """Answer, unless `carry_out` returns False: then it answers by itself."""
        try:
            is_done = carry_out()
        except ChatopsError as exc:
            error = ClientError(id=request_id, code=exc.code, message=exc.detail)
            self._session.outbox.reply(codec.encode(error))
            return
        if is_done:
            # Answers overtake what a topic sends, so that this is told before its first frame.
            self._session.outbox.reply(codec.encode(Result(id=request_id)))

    def _subscribe(self, request: Subscribe) -> bool:
        self._require_free_choice()
        if request.topic in (COMMAND, LOGS):
            self._feeds.subscribe(request)
            return False
        self._topics.subscribe(self._session, request.topic, request.server_id)
        return True

    def _unsubscribe(self, request: Unsubscribe) -> bool:
        self._require_free_choice()
        if request.topic in (COMMAND, LOGS):
            self._feeds.unsubscribe(request)
        else:
            self._topics.unsubscribe(self._session, request.topic, request.server_id)
        return True

    def _ask_terminals(self, request: Asked) -> bool:
        self._require_free_choice()
        self._terminals.ask(request)
        return False

    def _require_free_choice(self) -> None:
        if self._session.only_server is not None:
            raise InvalidRequestError("this connection has one topic; /api/v1/ws has them all")

    def _authenticate_again(self, token: str) -> None:
        before = self._session.principal
        principal = authenticated(self._tokens, token)
        if principal.user_id != before.user_id:
            text = "the token is another user's"
            raise ConnectionEnded(Closing(CloseCode.UNAUTHORIZED, ErrorCode.UNAUTHORIZED, text))
        self._session.principal = principal
        self._session.outbox.reply(welcome(principal))
        if principal.role != before.role:
            self._topics.check_access(self._session)


def authenticated(tokens: TokenReader, token: str) -> Principal:
    """Return who holds the token.

    Raises:
        ConnectionEnded: It is not valid; 4401.
    """
    try:
        return tokens.authenticate(token)
    except TokenError as exc:
        raise ConnectionEnded(Closing(CloseCode.UNAUTHORIZED, exc.code, exc.detail)) from exc


def welcome(principal: Principal) -> bytes:
    """Return the answer to `auth`."""
    user = UserView(id=principal.user_id, username=principal.username, role=principal.role)
    return codec.encode(Authenticated(user=user))
