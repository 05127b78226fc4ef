"""/api/v1/ws, /ws/metrics/{server_id} and /ws/logs/{server_id}: a client authenticates and follows topics."""

import logging
from dataclasses import dataclass

from aiohttp import web

from chatops_server.broker.clients import ClientSession
from chatops_server.broker.closing import (
    ACCESS_LOST,
    INTERNAL,
    Closing,
    ConnectionEnded,
)
from chatops_server.broker.counters import Peer
from chatops_server.broker.topics import METRICS
from chatops_server.errors import NotFoundError
from chatops_server.services.live import Live
from chatops_server.services.terminals.terminals import TerminalRelay
from chatops_server.web.asking import Query
from chatops_server.web.client_feeds import LOGS, Sources
from chatops_server.web.client_stream import ClientHearing, ClientStream, TokenReader, authenticated, welcome
from chatops_server.web.first_message import first_message
from chatops_server.web.frame_socket import FrameSocket, accept
from chatops_server.web.open_sockets import Admission, OpenSockets
from chatops_wire import codec
from chatops_wire.client import AuthToken, Subscribe
from chatops_wire.streams import MAX_TAIL, LogSource

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClientDoor:
    """What clients' connections need."""

    live: Live
    sources: Sources
    terminals: TerminalRelay
    tokens: TokenReader
    sockets: OpenSockets


class ClientEndpoint:
    """Serves the connections of clients."""

    def __init__(self, door: ClientDoor) -> None:
        self._door = door
        live = door.live
        self._hearing = ClientHearing(live.topics, door.sources, door.terminals, door.tokens, live.counters)
        self._decoder = codec.from_client()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it ends; a `server_id` in the path gives it just its metrics.

        Raises:
            ChatopsError: Refused before the upgrade.
        """
        server_id = request.match_info.get("server_id")
        return await self._handle(request, None if server_id is None else _metrics_of(server_id))

    async def handle_logs(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection that gets just the log lines its query asks for, until these end.

        Raises:
            ChatopsError: Refused before the upgrade.
        """
        return await self._handle(request, _logs_of(request))

    async def _handle(self, request: web.Request, only: Subscribe | None) -> web.StreamResponse:
        with self._door.sockets.admitted(request.remote) as admission:
            socket = admission.socket = await accept(request, self._door.sockets.patience)
            closing = await self._ended(socket, admission, only)
            self._door.live.counters.ended(Peer.CLIENT, closing)
            await socket.close(closing)
            return socket.response

    async def _ended(self, socket: FrameSocket, admission: Admission, only: Subscribe | None) -> Closing:
        try:
            session = await self._authenticated(socket, None if only is None else only.server_id)
            admission.authenticated()
            await self._serve(socket, session, only)
        except ConnectionEnded as ended:
            return ended.closing
        except Exception:
            # A defect met by one client costs that client's connection, not the hub.
            log.exception("client connection failed")
        return INTERNAL

    async def _authenticated(self, socket: FrameSocket, only_server: str | None) -> ClientSession:
        auth = await first_message(socket, self._decoder, AuthToken, self._door.sockets.patience.auth_s)
        principal = authenticated(self._door.tokens, auth.token)
        session = self._door.live.topics.session(principal, only_server)
        session.outbox.reply(welcome(principal))
        return session

    async def _serve(self, socket: FrameSocket, session: ClientSession, only: Subscribe | None) -> None:
        live = self._door.live
        live.clients.add(session)
        stream = ClientStream(self._hearing, socket, session)
        try:
            if only is not None and only.topic == METRICS:
                self._subscribe_only(session, only.server_id)
            elif only is not None:
                stream.follow_only(only)
            await stream.run(self._decoder)
        finally:
            live.topics.leave(session)
            live.clients.remove(session)
            live.counters.dropped[Peer.CLIENT] += session.outbox.total_dropped

    def _subscribe_only(self, session: ClientSession, server_id: str | None) -> None:
        try:
            self._door.live.topics.subscribe(session, METRICS, server_id)
        except NotFoundError as exc:
            raise ConnectionEnded(ACCESS_LOST) from exc


def _metrics_of(server_id: str) -> Subscribe:
    return Subscribe(topic=METRICS, server_id=server_id)


def _logs_of(request: web.Request) -> Subscribe:
    query = Query(request.query)
    source = LogSource(
        path=query.text("path"),
        unit=query.text("unit"),
        container=query.text("container"),
        tail=query.whole("tail", LogSource().tail, (0, MAX_TAIL)),
        since=query.text("since"),
        until=query.text("until"),
    )
    return Subscribe(topic=LOGS, server_id=request.match_info["server_id"], source=source)
