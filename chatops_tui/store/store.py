"""Everything the screens draw from: events go in, rows and curves come out, what changed is noted."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from copy import copy, deepcopy
from typing import assert_never

from msgspec.structs import replace

from chatops_tui.store.alerts import Alerts, AlertsAnswered, AlertsFailed
from chatops_tui.store.containers import ContainerEvent, Containers
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.models import (
    Answer,
    Event,
    HistoryAnswered,
    HistoryAsked,
    HistoryFailed,
    Link,
    LinkChanged,
    LinkPhase,
    ReelAnswered,
    ReelAsked,
    Row,
    SignedIn,
    TimelineAnswered,
)
from chatops_tui.store.runs import RunAccepted, RunForgotten, RunRejected, Runs, RunsAsked, RunTold
from chatops_tui.store.selectors import Counts, counts
from chatops_wire.client import AlertMessage, EventMessage, Fleet, FleetUpdate, MetricsEvent
from chatops_wire.commands import CommandFinished, CommandOutput
from chatops_wire.rest import EventView, MetricsView, ServerView, UserView

FLEET = "fleet"
LINK = "link"
USER = "user"
RUNS = "runs"
ALERTS = "alerts"
CONTAINERS = "containers"

_FIRST = "first"
_URGENT = frozenset({LINK, USER, RUNS, ALERTS, CONTAINERS, _FIRST})


def server_topic(server_id: str) -> str:
    """Return the topic of one server's own page: samples, history, timeline."""
    return f"server:{server_id}"


class Store:
    """The state of one terminal. Not safe for several threads; one task applies and draws."""

    def __init__(self) -> None:
        self._servers: dict[str, ServerMemory] = {}
        self._dirty: set[str] = set()
        self._rows: list[Row] | None = None
        self._counted: Counts | None = None
        """Both made when they are asked for and a row has changed: every key asks for them."""
        self.link = Link(LinkPhase.CONNECTING)
        self.runs = Runs()
        """Commands started here; what they print is drawn as soon as it comes."""
        self.alerts = Alerts()
        self.containers = Containers()
        self.user: UserView | None = None
        self.hub = ""
        self.heard_ms = 0
        """When the hub was last heard, Unix milliseconds; whoever feeds the store sets it."""
        self.is_loaded = False
        """Whether the fleet has been told once; before, no servers means "not known yet"."""

    def apply(self, event: Event, now_ms: int) -> None:
        """Fold one event in and note what it changed.

        Args:
            event: From the feed, or the answer to a request.
            now_ms: When it arrived, Unix milliseconds.

        Raises:
            ValueError: A time in it is none; what came before it in the event is kept.
        """
        match event:
            case Fleet() | FleetUpdate():
                self._take_fleet(event, now_ms)
            case MetricsEvent() | MetricsView():
                self._take_sample(event, now_ms)
            case EventMessage():
                self._take_event(event.event)
            case AlertMessage() | AlertsAnswered() | AlertsFailed():
                self._dirty.add(ALERTS)
                self.alerts.apply(event)
            case LinkChanged():
                self._change_link(event.link, now_ms)
            case SignedIn():
                self.user, self.hub = event.user, event.hub
                self._dirty.add(USER)
            case (
                RunsAsked()
                | RunAccepted()
                | RunRejected()
                | RunForgotten()
                | RunTold()
                | CommandOutput()
                | CommandFinished()
            ):
                self.runs.apply(event)
                self._dirty.add(RUNS)
            case _:
                self._take_answer(event)

    def take_container_news(self, event: ContainerEvent, now_ms: int) -> None:
        """Fold in what is told of containers; as `apply`."""
        self.containers.apply(event, now_ms)
        self._dirty.add(CONTAINERS)

    @property
    def is_urgent(self) -> bool:
        """Whether some of it should not wait for the next second: link, user, runs, alerts, first answers."""
        return not self._dirty.isdisjoint(_URGENT)

    def hurry(self) -> None:
        """Note that something that comes by itself has changed: what is followed is drawn as it comes."""
        self._dirty.add(RUNS)

    def take_dirty(self) -> frozenset[str]:
        """Return the topics that changed since the last call, and forget them."""
        dirty = frozenset(self._dirty)
        self._dirty.clear()
        return dirty

    def rows(self) -> list[Row]:
        """Return every server in the hub's order; the list is kept until one changes: leave it alone."""
        if self._rows is None:
            self._rows = [memory.row for memory in self._servers.values()]
        return self._rows

    def counted(self) -> Counts:
        """Return how many servers stand how."""
        if self._counted is None:
            self._counted = counts(self.rows())
        return self._counted

    def server(self, server_id: str) -> ServerMemory | None:
        """Return what is remembered of one server; None once it is gone."""
        return self._servers.get(server_id)

    def look_away(self, server_id: str) -> None:
        """Drop the processes of a server nobody looks at any more: soon they are not those of now."""
        memory = self._servers.get(server_id)
        if memory is not None:
            memory.sample = None

    def still(self, watched: AbstractSet[str]) -> "Store":
        """Return what the servers are now, for a picture that shall not move.

        Only the series of `watched` stay as they are; those of the others are kept as long as live ones.
        """
        made = copy(self)
        made._servers = {  # noqa: SLF001 - its own class
            server_id: (deepcopy if server_id in watched else copy)(memory)
            for server_id, memory in self._servers.items()
        }
        made._dirty = set()  # noqa: SLF001 - likewise
        made.alerts = self.alerts.still()
        made.containers = self.containers.still()
        return made

    def with_server(self, memory: ServerMemory, alerts: Alerts, containers: Containers) -> "Store":
        """Return the same with another memory of one server, and with these alerts and containers."""
        made = copy(self)
        made._servers = {**self._servers, memory.row.id: memory}  # noqa: SLF001 - its own class
        made._change_rows()  # noqa: SLF001 - likewise
        made._dirty = set()  # noqa: SLF001 - likewise
        made.alerts, made.containers = alerts, containers
        return made

    def reset(self) -> None:
        """Forget everything a user saw: somebody else may sign in."""
        self._servers.clear()
        self._change_rows()
        self.runs.clear()
        self.alerts.clear()
        self.containers = Containers()
        self.user, self.is_loaded = None, False
        self._dirty.update((FLEET, USER))

    def _change_rows(self) -> None:
        self._rows = self._counted = None

    def _take_fleet(self, event: Fleet | FleetUpdate, now_ms: int) -> None:
        self._change_rows()
        if isinstance(event, Fleet):
            self._replace_fleet(event.servers, now_ms)
        else:
            self._update_fleet(event, now_ms)

    def _replace_fleet(self, views: Iterable[ServerView], now_ms: int) -> None:
        known = self._servers
        self._servers = {}
        for view in views:
            memory = self._servers[view.id] = known.get(view.id) or ServerMemory(Row(view, None, None, None))
            self._take_view(memory, view, now_ms)
        self._dirty.update(server_topic(server_id) for server_id in known.keys() - self._servers.keys())
        self._dirty.update((FLEET,) if self.is_loaded else (FLEET, _FIRST))
        self.is_loaded = True

    def _update_fleet(self, update: FleetUpdate, now_ms: int) -> None:
        for view in update.servers:
            memory = self._servers.get(view.id)
            if memory is None:
                memory = self._servers[view.id] = ServerMemory(Row(view, None, None, None))
            self._take_view(memory, view, now_ms)
        for server_id in update.removed:
            self._servers.pop(server_id, None)
            self.alerts.forget_server(server_id)
            self.containers.forget_server(server_id)
            self._dirty.add(server_topic(server_id))
        self._dirty.add(FLEET)

    def _take_view(self, memory: ServerMemory, view: ServerView, now_ms: int) -> None:
        memory.take_view(view, now_ms)
        if isinstance(view.cpu_recent, tuple):
            memory.take_spark(view.cpu_recent, now_ms)
        self._dirty.add(server_topic(view.id))

    def _take_sample(self, sample: MetricsEvent | MetricsView, now_ms: int) -> None:
        memory = self._servers.get(sample.server_id)
        if memory is not None:
            self._change_rows()
            memory.take_sample(sample, None if isinstance(sample, MetricsView) else now_ms)
            if isinstance(sample, MetricsEvent):
                memory.hear_drain(is_draining=sample.seq is None, now_ms=now_ms)
                self.containers.take_sample(sample, now_ms)
            self._dirty.update((FLEET, server_topic(sample.server_id)))

    def _take_event(self, event: EventView) -> None:
        memory = self._servers.get(event.server_id or "")
        if memory is not None:
            memory.take_event(event)
            self._dirty.add(server_topic(memory.row.id))

    def _take_answer(self, answer: Answer) -> None:
        memory = self._servers.get(answer.server_id)
        if memory is None:  # gone meanwhile
            return
        match answer:
            case HistoryAsked():
                memory.ask_history(answer.range, answer.metrics)
            case HistoryAnswered():
                memory.take_history(answer.range, answer.history, answer.metrics)
                self._dirty.add(_FIRST)
            case HistoryFailed():
                memory.fail_history(answer.range, answer.reason, answer.metrics)
            case ReelAsked():
                memory.reels.ask(answer.metrics, answer.piece)
            case ReelAnswered():
                memory.reels.apply(answer)
                self._dirty.add(_FIRST)
            case TimelineAnswered():
                memory.take_timeline(answer.events)
            case _:
                assert_never(answer)
        self._dirty.add(server_topic(answer.server_id))

    def _change_link(self, link: Link, now_ms: int) -> None:
        was_live = self.link.phase is LinkPhase.LIVE
        if link.phase is self.link.phase:
            link = replace(link, since_ms=self.link.since_ms)
        # A newer round trip alone is nothing to hurry for.
        if replace(link, rtt_ms=None) != replace(self.link, rtt_ms=None):
            self._dirty.add(LINK)
        self.link = link
        if link.phase is LinkPhase.LIVE and not was_live:
            self.containers.forget_pasts()
            for memory in self._servers.values():
                memory.forget_history()
                memory.expect_backlog(now_ms)
                self._dirty.add(server_topic(memory.row.id))
