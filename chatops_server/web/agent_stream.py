"""What an authenticated agent sends and is sent, until either side ends it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from chatops_server.broker.closing import ConnectionEnded, malformed
from chatops_server.broker.containers import Containers
from chatops_server.broker.counters import Counters, Peer
from chatops_server.broker.fleet import Fleet
from chatops_server.broker.sample_frames import AnySample
from chatops_server.broker.server_state import ServerState
from chatops_server.broker.sessions import AgentSession
from chatops_server.broker.topics import Topics
from chatops_server.domain.clocks import Turn
from chatops_server.domain.latest_order import Mark, after_backlog, after_live, after_numbered
from chatops_server.errors import InvalidRequestError
from chatops_server.services.backlog_rates import BacklogRates
from chatops_server.web.both_ways import both_ways
from chatops_server.web.frame_socket import FrameSocket
from chatops_wire import codec
from chatops_wire.agent import ActionReport, Auth, FromAgent, Gap, Live, Metrics, MetricsBatch
from chatops_wire.codec import FrameDecoder, MalformedFrameError, UnknownMessage
from chatops_wire.rotation import KeyRefused, KeyStored
from chatops_wire.samples import Sample
from chatops_wire.times import parse_ms


class IngestSession(Protocol):
    """Where the samples of one connection go (services.ingest_session.IngestSession)."""

    @property
    def epoch(self) -> str:
        """The epoch; made up where the agent named none."""

    @property
    def last_seq(self) -> int:
        """The newest sequence stored when the session began."""

    async def accept(self, samples: Sequence[Sample]) -> Sequence[Sample]:
        """Queue the samples that continue the sequence and return them; raises InvalidRequestError."""

    async def gap(self, from_seq: int, to_seq: int, reason: str) -> None:
        """Queue a gap; raises InvalidRequestError."""

    async def close(self) -> None:
        """Store what is queued and end."""


class Actions(Protocol):
    """What agents were asked to do (services.agent_actions.AgentActions)."""

    def connected(self, session: AgentSession) -> None:
        """Note that an agent is there; after its `auth_success` is queued."""

    def disconnected(self, session: AgentSession) -> None:
        """Note that it is gone."""

    async def hear(self, session: AgentSession, message: ActionReport) -> None:
        """Take what it says of a request; waits only for one that sends without credit."""


class Rotation(Protocol):
    """Gives agents their next keys (services.key_rotation.KeyRotation)."""

    def connected(self, session: AgentSession) -> None:
        """Offer a next key where one was asked for; after `auth_success` is queued."""

    async def stored(self, session: AgentSession, text: str) -> None:
        """Take up the next key, which the agent has on its disk; raises InvalidRequestError."""

    async def refused(self, session: AgentSession, reason: str) -> None:
        """Note that the agent cannot keep it."""


class NoRotation:
    """For a hub that gives no next keys."""

    def connected(self, session: AgentSession) -> None:
        """Do nothing."""

    async def stored(self, session: AgentSession, text: str) -> None:
        """Refuse: nothing was offered."""
        del session, text
        raise InvalidRequestError("api_key: no key was offered")

    async def refused(self, session: AgentSession, reason: str) -> None:
        """Do nothing."""


Judge = Callable[[ServerState, AnySample], None]
"""Judges a new sample of a server by its thresholds, at once; never one of a backlog."""


@dataclass(frozen=True, slots=True)
class AgentHearing:
    """Where what an agent says goes."""

    fleet: Fleet
    topics: Topics
    containers: Containers
    actions: Actions
    counters: Counters
    judge: Judge
    clock_turned: Callable[[ServerState, Turn], None]
    """Told once an episode: the server's clock is off, or right again."""
    now_ms: Callable[[], int]
    backlogs: BacklogRates
    """How fast they may send what waited."""
    rotation: Rotation = field(default_factory=NoRotation)


class AgentStream:
    """One session's traffic: a reading and a writing task that end together."""

    def __init__(
        self, hearing: AgentHearing, socket: FrameSocket, session: AgentSession, ingest: IngestSession
    ) -> None:
        self._hearing = hearing
        self._socket = socket
        self._session = session
        self._state = session.state
        self._ingest = ingest
        # The first sequence made after this connection began; None once it has sent a live sample.
        self._since: int | None = session.next_seq

    async def run(self, decoder: FrameDecoder[FromAgent]) -> None:
        """Read and write until the connection is to end.

        Raises:
            ConnectionEnded: Always; it says how.
        """
        await both_ways(f"agent-writer-{self._state.id}", self._read(decoder), self._write())

    async def _read(self, decoder: FrameDecoder[FromAgent]) -> None:
        while (frame := await self._socket.receive()) is not None:
            try:
                await self._hear(decoder.decode(frame))
            except MalformedFrameError as exc:
                raise ConnectionEnded(malformed(str(exc))) from exc
            except InvalidRequestError as exc:
                raise ConnectionEnded(malformed(exc.detail)) from exc
        raise ConnectionEnded(self._socket.peer_left())

    async def _write(self) -> None:
        outbox = self._session.outbox
        while True:
            await outbox.wait()
            for frame in outbox.take():
                await self._socket.send(frame, outbox.ending)
            if outbox.closing is not None:
                raise ConnectionEnded(outbox.closing)

    async def _hear(self, message: FromAgent | UnknownMessage) -> None:
        match message:
            case Metrics():
                await self._hear_metrics(message)
            case Live():
                self._hear_live(message)
            case MetricsBatch():
                await self._hear_batch(message)
            case Gap():
                self._heard()
                await self._ingest.gap(message.from_seq, message.to_seq, message.reason)
            case UnknownMessage():
                self._heard()
                self._hearing.counters.unknown(Peer.AGENT, message.type)
            case KeyStored() | KeyRefused():
                self._heard()
                await self._hear_key(message)
            case Auth():
                raise ConnectionEnded(malformed("a second auth message"))
            case _:
                # What is left are the answers to requests: FromAgent without the above is ActionReport.
                self._heard()
                await self._hearing.actions.hear(self._session, message)

    async def _hear_key(self, message: KeyStored | KeyRefused) -> None:
        if isinstance(message, KeyStored):
            await self._hearing.rotation.stored(self._session, message.api_key)
        else:
            await self._hearing.rotation.refused(self._session, message.reason)

    async def _hear_metrics(self, sample: Metrics) -> None:
        self._heard()
        if not await self._ingest.accept((sample,)):
            return
        if sample.seq >= self._session.next_seq:
            self._compare_clocks(parse_ms(sample.timestamp))
        self._show(sample, after_numbered(self._mark(), self._ingest.epoch, sample.seq))
        self._hearing.judge(self._state, sample)
        self._hearing.topics.publish_sample(self._state.id, sample)

    def _hear_live(self, sample: Live) -> None:
        try:
            said_ms = parse_ms(sample.timestamp)
        except ValueError as exc:
            raise InvalidRequestError("timestamp of a live sample is no RFC 3339 time with a zone") from exc
        self._since = None
        self._compare_clocks(said_ms)
        self._show(sample, after_live(self._mark(), self._ingest.epoch))
        self._hearing.judge(self._state, sample)
        self._hearing.topics.publish_sample(self._state.id, sample)

    async def _hear_batch(self, batch: MetricsBatch) -> None:
        self._heard()
        per_s = self._hearing.backlogs.share(self._session)
        if per_s is not None:
            self._session.outbox.pace(per_s)
        accepted = await self._ingest.accept(batch.samples)
        if accepted:
            newest = accepted[-1]
            self._show(newest, after_backlog(self._mark(), self._ingest.epoch, newest.seq, self._since))

    def _compare_clocks(self, said_ms: int) -> None:
        clock = self._session.clock
        turn = clock.read(said_ms, self._hearing.now_ms())
        self._hearing.fleet.clock_read(self._state, clock)
        if turn is not None:
            self._hearing.clock_turned(self._state, turn)

    def _mark(self) -> Mark | None:
        latest = self._state.latest
        return None if latest is None else latest.mark

    def _show(self, sample: AnySample, mark: Mark | None) -> None:
        if mark is not None:
            self._hearing.fleet.observed(self._state, sample, mark, self._hearing.now_ms())
            self._hearing.containers.observed(self._state, sample)

    def _heard(self) -> None:
        self._hearing.fleet.heard(self._state, self._hearing.now_ms())


def agent_decoder(counters: Counters) -> FrameDecoder[FromAgent]:
    """Return a decoder that any number of connections may share; it counts what it brings within bounds."""

    def count(cut: int) -> None:
        counters.cut[Peer.AGENT] += cut

    return codec.from_agent(count)
