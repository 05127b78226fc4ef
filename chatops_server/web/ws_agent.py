"""/api/v1/agents/ws: an agent authenticates, becomes its server's session, and leaves again."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

from aiohttp import web
from msgspec import UNSET

from chatops_server.broker.closing import (
    GOING_AWAY,
    INTERNAL,
    MOVED,
    SERVER_DELETED,
    UNAVAILABLE,
    Closing,
    ConnectionEnded,
)
from chatops_server.broker.counters import Peer
from chatops_server.broker.sessions import AgentSession, Attempt
from chatops_server.domain.clocks import AgentClock
from chatops_server.errors import StorageError, TokenError
from chatops_server.services.backlog_rates import BacklogRates
from chatops_server.services.live import Live
from chatops_server.services.narrowing import narrow_frame
from chatops_server.services.presence import Presence
from chatops_server.storage.base import ReferenceViolationError
from chatops_server.web.agent_stream import (
    Actions,
    AgentHearing,
    AgentStream,
    IngestSession,
    Judge,
    NoRotation,
    Rotation,
    agent_decoder,
)
from chatops_server.web.first_message import first_message
from chatops_server.web.frame_socket import FrameSocket, accept
from chatops_server.web.open_sockets import Admission, OpenSockets
from chatops_wire.agent import Auth, AuthSuccess
from chatops_wire.codes import CloseCode, ErrorCode
from chatops_wire.version import PROTOCOL, VERSION

log = logging.getLogger(__name__)

# An earlier session of the same server has to store what it accepted, which it tries for 3 s.
EARLIER_END_WITHIN_S: Final = 5.0


class VerifiedKey(Protocol):
    """A key that was right."""

    @property
    def key_id(self) -> str:
        """By which it is revoked."""

    @property
    def server_id(self) -> str:
        """Whose key it is."""

    @property
    def expires_ms(self) -> int | None:
        """When it ends by itself, Unix ms."""

    @property
    def wants_next(self) -> bool:
        """Whether the agent is to be given the next key."""


class Keys(Protocol):
    """Checks API keys (services.api_keys.ApiKeys)."""

    async def verify(self, text: str) -> VerifiedKey:
        """Return whose key it is; raises TokenError (`invalid_key`) or StorageError."""


class Ingest(Protocol):
    """Stores samples (services.ingest.Ingest)."""

    async def open(
        self,
        server_num: int,
        epoch: str,
        on_ack: Callable[[int], None],
        on_pause: Callable[[int, str], None] | None,
    ) -> IngestSession:
        """Begin to take the samples of one connection; raises StorageError."""


class Leases(Protocol):
    """Says to other hubs which agents are here (services.hubs.leases.Leases)."""

    async def take(self, session: AgentSession) -> None:
        """Take an agent before it is registered; raises ReferenceViolationError, StorageError."""

    def released(self, session: AgentSession) -> None:
        """Give it up when it has left."""


class NoLeases:
    """For a hub that is alone."""

    async def take(self, session: AgentSession) -> None:
        """Do nothing."""

    def released(self, session: AgentSession) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class AgentDoor:
    """What agents' connections need."""

    live: Live
    presence: Presence
    keys: Keys
    ingest: Ingest
    actions: Actions
    sockets: OpenSockets
    judge: Judge
    now_ms: Callable[[], int]
    rotation: Rotation = field(default_factory=NoRotation)
    leases: Leases = field(default_factory=NoLeases)


class AgentEndpoint:
    """Serves the connections of agents."""

    def __init__(self, door: AgentDoor) -> None:
        self._door = door
        self._backlogs = BacklogRates(time.monotonic)
        live = door.live
        self._hearing = AgentHearing(
            live.fleet,
            live.topics,
            live.containers,
            door.actions,
            live.counters,
            door.judge,
            door.presence.clock_turned,
            door.now_ms,
            self._backlogs,
            door.rotation,
        )
        self._decoder = agent_decoder(live.counters)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it ends.

        Raises:
            ChatopsError: Refused before the upgrade.
        """
        with self._door.sockets.admitted(request.remote) as admission:
            socket = admission.socket = await accept(request, self._door.sockets.patience)
            closing = await self._ended(socket, admission)
            self._door.live.counters.ended(Peer.AGENT, closing)
            await socket.close(closing)
            return socket.response

    async def _ended(self, socket: FrameSocket, admission: Admission) -> Closing:
        sessions = self._door.live.sessions
        try:
            with sessions.attempt() as attempt:
                auth, session = await self._authenticated(socket)
                await self._taken(session)
                earlier = self._registered(session, attempt)
            admission.authenticated()
            return await self._serve(socket, auth, session, earlier)
        except ConnectionEnded as ended:
            return ended.closing
        except Exception:
            # A defect met by one agent costs that agent's connection, not the hub.
            log.exception("agent connection failed")
            return INTERNAL

    async def _authenticated(self, socket: FrameSocket) -> tuple[Auth, AgentSession]:
        auth = await first_message(socket, self._decoder, Auth, self._door.sockets.patience.auth_s)
        if auth.protocol > PROTOCOL:
            text = f"protocol {auth.protocol} is newer than {PROTOCOL}, which this hub speaks"
            raise ConnectionEnded(Closing(CloseCode.MALFORMED, ErrorCode.UNSUPPORTED_PROTOCOL, text))
        key = await self._verified(auth.api_key)
        state = self._door.live.fleet.get(key.server_id)
        if state is None:
            raise ConnectionEnded(SERVER_DELETED)
        clock = AgentClock(is_off=state.clock_is_off)
        return auth, AgentSession(
            state,
            key.key_id,
            auth.next_seq,
            socket.has_ended,
            clock=clock,
            rotates_key=auth.rotates_key,
            wants_next_key=key.wants_next,
            key_expires_ms=key.expires_ms,
        )

    async def _verified(self, api_key: str) -> VerifiedKey:
        try:
            async with asyncio.timeout(self._door.sockets.patience.auth_s):
                return await self._door.keys.verify(api_key)
        except TokenError as exc:
            raise ConnectionEnded(Closing(CloseCode.UNAUTHORIZED, exc.code, exc.detail)) from exc
        except (StorageError, TimeoutError) as exc:
            raise ConnectionEnded(UNAVAILABLE) from exc

    async def _taken(self, session: AgentSession) -> None:
        try:
            async with asyncio.timeout(self._door.sockets.patience.auth_s):
                await self._door.leases.take(session)
        except ReferenceViolationError as exc:
            raise ConnectionEnded(SERVER_DELETED) from exc
        except (StorageError, TimeoutError) as exc:
            raise ConnectionEnded(UNAVAILABLE) from exc

    def _registered(self, session: AgentSession, attempt: Attempt) -> Collection[AgentSession]:
        try:
            return self._door.live.sessions.register(session, attempt)
        except ConnectionEnded:
            self._door.leases.released(session)
            raise

    async def _serve(
        self, socket: FrameSocket, auth: Auth, session: AgentSession, earlier: Collection[AgentSession]
    ) -> Closing:
        closing = INTERNAL
        try:
            ingest = await self._opened(session, auth.epoch, earlier)
            try:
                self._welcome(session, auth, ingest.last_seq)
                await AgentStream(self._hearing, socket, session, ingest).run(self._decoder)
            except ConnectionEnded as ended:
                closing = ended.closing
            finally:
                # Shown as offline first: storing the rest and parting from the peer take their time.
                self._leave(session, closing)
                await self._part(socket, closing, session, ingest)
        finally:
            self._backlogs.ended(session)
            self._leave(session, closing)
            self._door.leases.released(session)
            self._door.live.sessions.finished(session)
        return closing

    async def _opened(
        self, session: AgentSession, epoch: str, earlier: Collection[AgentSession]
    ) -> IngestSession:
        # They may still be storing what the agent would otherwise be asked to send again.
        with suppress(TimeoutError):
            async with asyncio.timeout(EARLIER_END_WITHIN_S):
                for each in earlier:
                    await each.ended.wait()
        outbox = session.outbox
        try:
            return await self._door.ingest.open(session.state.num, epoch, outbox.acknowledge, outbox.pause)
        except StorageError as exc:
            raise ConnectionEnded(UNAVAILABLE) from exc

    def _welcome(self, session: AgentSession, auth: Auth, last_seq: int) -> None:
        # No await in here: whoever revokes, replaces or watches does so wholly before or after.
        state, live = session.state, self._door.live
        if session.outbox.closing is not None:
            raise ConnectionEnded(session.outbox.closing)
        self._door.presence.connected(state, auth)
        interval_s = live.watching.interval_s(state.id)
        live.fleet.configured(state, interval_s)
        has_backlog = auth.next_seq - 1 > last_seq
        per_s = self._backlogs.share(session) if has_backlog else None
        session.outbox.welcome(
            AuthSuccess(
                server_id=state.id,
                message=f"{state.name} is connected to ChatOps {VERSION}",
                interval_s=interval_s,
                last_seq=last_seq,
                backlog_per_s=UNSET if per_s is None else per_s,
            )
        )
        if state.narrowing is not None:
            # Before anything is asked of it.
            session.outbox.put(narrow_frame(state.narrowing))
        self._door.actions.connected(session)
        self._door.rotation.connected(session)

    def _leave(self, session: AgentSession, closing: Closing) -> None:
        if not self._door.live.sessions.unregister(session) or not session.state.is_online:
            return
        self._door.actions.disconnected(session)
        if closing is GOING_AWAY:
            self._door.presence.stopped(session.state)
        elif closing is MOVED:
            self._door.presence.moved(session.state)
        else:
            self._door.presence.disconnected(session.state, closing.text)

    async def _part(
        self, socket: FrameSocket, closing: Closing, session: AgentSession, ingest: IngestSession
    ) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(socket.close(closing), name="agent-close")
            await ingest.close()
            # A newer session waits for this, and not for a peer that may be gone.
            self._door.live.sessions.finished(session)
