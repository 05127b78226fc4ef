"""Containers on all servers: what is told of each becomes a row and two short series. Pure."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from copy import copy
from typing import Final, Literal, assert_never

import msgspec

from chatops_tui.store.container_series import ContainerSeries
from chatops_tui.store.pulls import PullEvent, Pulls
from chatops_wire.client import ContainerMessage, MetricsEvent, PullFinished, PullProgress
from chatops_wire.containers import Container, ContainerItem
from chatops_wire.rest import History, MetricsView
from chatops_wire.rest_docker import DockerState, PullBegun

ContainerKey = tuple[str, str]
"""A server's id, and the container's id there; of an agent that tells no ids, its name."""
EngineState = DockerState | Literal[""]
"""What the hub says of a server's engine; empty: nothing yet."""

# What a removal is told by, in Docker's words and in the hub's.
_GONE: Final = frozenset({"destroy", "remove"})
# Of those that were removed so many are kept, for screens that show them; a build server makes many a minute.
MOST_GONE: Final = 200
EVERYWHERE: Final = ""
"""In place of a server's id: all that the user may see."""


class ContainersAnswered(msgspec.Struct, frozen=True):
    """The hub's list of one server, or of all (`EVERYWHERE`); it replaces what was known there."""

    server_id: str
    items: tuple[ContainerItem, ...]
    engines: Mapping[str, EngineState]


class ContainersFailed(msgspec.Struct, frozen=True):
    """No list; `reason` is one sentence."""

    server_id: str
    reason: str


class DoingChanged(msgspec.Struct, frozen=True):
    """An action on its way to these containers, in a word for the user; empty: it has ended."""

    keys: tuple[ContainerKey, ...]
    word: str


class ContainerPastAnswered(msgspec.Struct, frozen=True):
    """The last minutes of some containers of a server; `ahead_ms` as in `ContainerSeries.take_past`."""

    keys: tuple[ContainerKey, ...]
    history: History
    ahead_ms: int = 0


ContainerEvent = (
    ContainersAnswered
    | ContainersFailed
    | ContainerMessage
    | PullEvent
    | DoingChanged
    | ContainerPastAnswered
)


class ContainerMemory(msgspec.Struct):
    """One container. `item` is replaced; the series grow within bounds."""

    server_id: str
    item: Container
    series: ContainerSeries = msgspec.field(default_factory=ContainerSeries)
    doing: str = ""
    """What was asked of it and is not done yet."""
    is_gone: bool = False
    """It was removed; `item` is its last state."""

    @property
    def key(self) -> ContainerKey:
        """What it is called here."""
        return self.server_id, local_id(self.item)


class Containers:
    """Everything that is known of containers; of those that are gone the last MOST_GONE."""

    def __init__(self) -> None:
        self._known: dict[ContainerKey, ContainerMemory] = {}
        self._gone: dict[ContainerKey, None] = {}
        """In the order they went."""
        self._engines: dict[str, EngineState] = {}
        self._reasons: dict[str, str] = {}
        self._failed: dict[str, str] = {}
        self._loaded: set[str] = set()
        self.pulls = Pulls()

    def apply(self, event: ContainerEvent, now_ms: int) -> None:
        """Fold one event in; `now_ms` is when it came."""
        match event:
            case ContainersAnswered():
                self._take_answer(event, now_ms)
            case ContainersFailed():
                self._failed[event.server_id] = event.reason
            case ContainerMessage():
                self._take_change(event, now_ms)
            case PullBegun() | PullProgress() | PullFinished():
                self.pulls.apply(event)
            case DoingChanged():
                self._take_doing(event)
            case ContainerPastAnswered():
                self._take_past(event)
            case _:
                assert_never(event)

    def take_sample(self, sample: MetricsEvent | MetricsView, now_ms: int) -> None:
        """Take what a sample tells of the containers of a server: those it does not name are gone.

        One that tells nothing of them (None) says nothing: its engine may be away for a moment.
        """
        server_id = sample.server_id
        if sample.engine is not None:
            self._engines[server_id] = sample.engine.state
            self._reasons[server_id] = sample.engine.reason
        if sample.containers is None:
            return
        known = [item for item in sample.containers if local_id(item)]
        self._loaded.add(server_id)
        self._keep_only(server_id, {(server_id, local_id(item)) for item in known})
        for item in known:
            self._put(server_id, item).series.take_figures(item, now_ms)

    def rows(self, server_id: str = EVERYWHERE) -> list[ContainerMemory]:
        """Return the containers of one server, or all there are."""
        return [
            memory
            for memory in self._known.values()
            if not memory.is_gone and server_id in {EVERYWHERE, memory.server_id}
        ]

    def get(self, key: ContainerKey) -> ContainerMemory | None:
        """Return one container, also one that was just removed."""
        return self._known.get(key)

    def engine(self, server_id: str) -> EngineState:
        """Return how a server's engine stands."""
        return self._engines.get(server_id, "")

    def engine_reason(self, server_id: str) -> str:
        """Return why a server's engine does not answer, in its agent's words; empty where it does not say."""
        return self._reasons.get(server_id, "")

    def is_loaded(self, server_id: str) -> bool:
        """Return whether there was a list; before it, no rows means "not known yet"."""
        return not self._loaded.isdisjoint({server_id, EVERYWHERE})

    def failure(self, server_id: str) -> str:
        """Return why the last list did not come, one sentence; empty when it came."""
        return self._failed.get(server_id, "")

    def forget_pasts(self) -> None:
        """Fill the short lines again: samples were missed while the link was down."""
        for memory in self._known.values():
            memory.series.has_past = False

    def forget_server(self, server_id: str) -> None:
        """Forget the containers of a server that is gone."""
        for key in [key for key in self._known if key[0] == server_id]:
            del self._known[key]
            self._gone.pop(key, None)

    def still(self) -> "Containers":
        """Return what they are now, for a picture that shall not move."""
        made = copy(self)
        made._known = {key: copy(memory) for key, memory in self._known.items()}  # noqa: SLF001 - its own class
        return made

    def _take_answer(self, answer: ContainersAnswered, now_ms: int) -> None:
        scope = answer.server_id
        self._loaded.add(scope)
        self._failed.pop(scope, None)
        self._engines.update(answer.engines)
        known = [item for item in answer.items if local_id(item)]
        told = {(item.server_id, local_id(item)) for item in known}
        # While an agent is away nothing is told of its containers: they are as they were, as far as is known.
        away = {server_id for server_id, state in answer.engines.items() if state == "offline"}
        self._keep_only(scope, told | {key for key in self._known if key[0] in away})
        for item in known:
            self._put(item.server_id, item).series.take_figures(item, now_ms)

    def _take_change(self, change: ContainerMessage, now_ms: int) -> None:
        item = change.container
        if not local_id(item):
            return
        memory = self._put(item.server_id, item)
        memory.series.take_figures(item, now_ms)
        if change.action in _GONE:
            self._let_go(memory)

    def _take_doing(self, event: DoingChanged) -> None:
        for key in event.keys:
            memory = self._known.get(key)
            if memory is not None:
                memory.doing = event.word

    def _take_past(self, event: ContainerPastAnswered) -> None:
        for key in event.keys:
            memory = self._known.get(key)
            if memory is not None:
                memory.series.take_past(event.history, memory.item.name, event.ahead_ms)

    def _keep_only(self, scope: str, told: AbstractSet[ContainerKey]) -> None:
        """Note that what was not told is gone; a screen may still show it, and says so."""
        for key, memory in tuple(self._known.items()):
            if key not in told and scope in {EVERYWHERE, key[0]} and not memory.is_gone:
                self._let_go(memory)

    def _let_go(self, memory: ContainerMemory) -> None:
        memory.is_gone = True
        self._gone[memory.key] = None
        while len(self._gone) > MOST_GONE:
            oldest = next(iter(self._gone))
            del self._gone[oldest], self._known[oldest]

    def _put(self, server_id: str, item: Container) -> ContainerMemory:
        key = (server_id, local_id(item))
        memory = self._known.get(key)
        if memory is None:
            memory = self._known[key] = ContainerMemory(server_id, item)
        memory.item, memory.is_gone = item, False
        self._gone.pop(key, None)
        return memory


def local_id(item: Container) -> str:
    """Return what tells a container from others of its server; empty for what cannot be asked about."""
    return item.id or item.name
