"""/api/v1/ws and /api/v1/ws/metrics/{server_id}: a client authenticates and follows topics."""

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
from chatops_server.web.client_stream import ClientHearing, ClientStream, TokenReader, authenticated, welcome
from chatops_server.web.first_message import first_message
from chatops_server.web.frame_socket import FrameSocket, accept
from chatops_server.web.open_sockets import Admission, OpenSockets
from chatops_wire import codec
from chatops_wire.client import AuthToken

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClientDoor:
    """What clients' connections need."""

    live: Live
    tokens: TokenReader
    sockets: OpenSockets


class ClientEndpoint:
    """Serves the connections of clients."""

    def __init__(self, door: ClientDoor) -> None:
        self._door = door
        self._hearing = ClientHearing(door.live.topics, door.tokens, door.live.counters)
        self._decoder = codec.from_client()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it ends; a `server_id` in the path gives it just that topic.

        Raises:
            ChatopsError: Refused before the upgrade.
        """
        with self._door.sockets.admitted(request.remote) as admission:
            socket = admission.socket = await accept(request, self._door.sockets.patience)
            closing = await self._ended(socket, admission, request.match_info.get("server_id"))
            self._door.live.counters.ended(Peer.CLIENT, closing)
            await socket.close(closing)
            return socket.response

    async def _ended(self, socket: FrameSocket, admission: Admission, only_server: str | None) -> Closing:
        try:
            session = await self._authenticated(socket, only_server)
            admission.authenticated()
            await self._serve(socket, session)
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

    async def _serve(self, socket: FrameSocket, session: ClientSession) -> None:
        live = self._door.live
        live.clients.add(session)
        try:
            if session.only_server is not None:
                self._subscribe_only(session, session.only_server)
            await ClientStream(self._hearing, socket, session).run(self._decoder)
        finally:
            live.topics.leave(session)
            live.clients.remove(session)
            live.counters.dropped[Peer.CLIENT] += session.outbox.total_dropped

    def _subscribe_only(self, session: ClientSession, server_id: str) -> None:
        try:
            self._door.live.topics.subscribe(session, METRICS, server_id)
        except NotFoundError as exc:
            raise ConnectionEnded(ACCESS_LOST) from exc
