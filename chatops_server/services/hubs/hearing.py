"""Takes over what another hub tells of its agents, as if it had happened here."""

from typing import assert_never

from chatops_server.broker.sample_frames import StoredSample, from_stored
from chatops_server.broker.server_state import Latest, ServerState
from chatops_server.domain.inventory import Change
from chatops_server.domain.latest_order import Mark
from chatops_server.services.hubs.live_news import (
    AlertChanged,
    Came,
    Configured,
    ContainerChanged,
    Left,
    News,
    Pulled,
    Recorded,
    Sampled,
)
from chatops_server.services.hubs.telling import Telling
from chatops_server.services.live import Live
from chatops_server.storage.sql.latest import LatestRow
from chatops_wire.containers import ContainerEvent

_OfAgent = Came | Left | Sampled | Configured
_OfServer = _OfAgent | ContainerChanged | Pulled


class Hearing:
    """Knows no hub by itself. What is told of a server whose agent is connected here is not taken over."""

    def __init__(self, live: Live, telling: Telling) -> None:
        self._live = live
        self._telling = telling

    def take(self, node_id: str, news: News) -> None:
        """Take over news of a hub, and tell them nobody; nothing here waits."""
        with self._telling.muted():
            match news:
                case Recorded():
                    self._live.topics.event_recorded(news.event)
                case AlertChanged():
                    self._live.topics.alert_changed(news.alert)
                case _:
                    state = self._live.fleet.get(news.server_id)
                    if state is not None:
                        self._take_of_server(state, node_id, news)

    def read(self, server_id: str, heard_ms: int, row: LatestRow) -> None:
        """Take over a server's newest sample as another hub has stored it; not where its agent is."""
        state = self._live.fleet.get(server_id)
        if state is None or server_id in self._live.sessions.held():
            return
        try:
            sample = from_stored(row.body)
        except ValueError:
            # Of a hub of another version.
            return
        mark = Mark(row.epoch, row.seq, is_live=sample.seq is None)
        if state.latest is not None and not _is_later(state.latest, Latest(sample, mark)):
            return
        with self._telling.muted():
            self._live.fleet.observed(state, sample, mark, heard_ms)
            self._live.containers.observed(state, sample)
            self._live.topics.publish_sample(server_id, sample)

    def not_held(self, node_id: str, held: frozenset[str]) -> None:
        """Show as offline what a hub held and holds no more."""
        with self._telling.muted():
            for state in self._live.fleet:
                if state.held_by == node_id and state.id not in held:
                    self._live.fleet.disconnected(state)

    def _take_of_server(self, state: ServerState, node_id: str, news: _OfServer) -> None:
        match news:
            case Pulled():
                self._live.topics.publish_containers(state.id, news.message)
            case ContainerChanged():
                self._container_changed(state, news)
            case _ if state.id not in self._live.sessions.held():
                self._take_of_agent(state, node_id, news)
            case _:
                # A session here that is older is ended by its lease; its hub tells all of it again then.
                return

    def _take_of_agent(self, state: ServerState, node_id: str, news: _OfAgent) -> None:
        fleet = self._live.fleet
        match news:
            case Came():
                fleet.connected(state, news.host, news.capabilities, news.at_ms, news.policy)
                fleet.is_at(state, node_id)
            case Left():
                if state.held_by in ("", node_id):
                    fleet.disconnected(state)
            case Configured():
                fleet.configured(state, news.interval_s)
            case Sampled():
                self._sampled(state, node_id, news)
            case _:
                assert_never(news)

    def _sampled(self, state: ServerState, node_id: str, news: Sampled) -> None:
        try:
            sample = from_stored(bytes(news.sample))
        except ValueError:
            # Of a hub of another version.
            return
        self._live.fleet.is_at(state, node_id)
        if news.at_ms and _is_newer(state, news):
            self._show(state, sample, news)
        if news.is_news:
            self._live.topics.publish_sample(state.id, sample)

    def _show(self, state: ServerState, sample: StoredSample, news: Sampled) -> None:
        self._live.fleet.clock_told(state, news.clock_ahead_ms)
        mark = Mark(news.epoch, news.seq, is_live=news.is_live)
        self._live.fleet.observed(state, sample, mark, news.at_ms)
        self._live.containers.observed(state, sample)

    def _container_changed(self, state: ServerState, news: ContainerChanged) -> None:
        if news.is_told_at_once:
            event = ContainerEvent(action=news.action, container=news.container)
            self._live.containers.heard(state, event)
            return
        change = Change(news.action, news.container)
        self._live.containers.changed(state, change, is_news=news.is_news)


def _is_later(known: Latest, read: Latest) -> bool:
    if known.mark.epoch != read.mark.epoch:
        return True
    if known.mark != read.mark:
        return (read.mark.seq, read.mark.is_live) > (known.mark.seq, known.mark.is_live)
    # Of live samples, which have no numbers, another one; none is read twice.
    return read.mark.is_live and read.sample.timestamp != known.sample.timestamp


def _is_newer(state: ServerState, news: Sampled) -> bool:
    """Return whether it may be shown: pages and batches may tell the same twice, the older one last."""
    if state.latest is None or state.latest.mark.epoch != news.epoch:
        return True
    mark = state.latest.mark
    return news.is_live or news.seq > mark.seq
