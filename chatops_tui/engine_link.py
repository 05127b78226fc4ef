"""Containers between store and hub: lists that are looked at are kept fresh, and actions carried out."""

from collections.abc import Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from chatops_tui.engine_requests import Stock
from chatops_tui.requests import Needs, RequestFailedError
from chatops_tui.store.container_rows import is_running
from chatops_tui.store.container_series import CHARTED, SPARK_BUCKETS, SPARK_STEP_MS
from chatops_tui.store.containers import (
    ContainerEvent,
    ContainerKey,
    ContainerMemory,
    ContainerPastAnswered,
    ContainersAnswered,
    ContainersFailed,
    DoingChanged,
)
from chatops_tui.store.models import LinkPhase
from chatops_tui.store.store import Store
from chatops_wire.client import ContainerMessage
from chatops_wire.containers import Container, ContainerItem
from chatops_wire.rest_docker import ContainerAction, ContainerOrder, EngineOrder, ProjectAction, TopView

if TYPE_CHECKING:
    from chatops_tui.client.docker_calls import DockerCalls
    from chatops_tui.client.http import Rest

T = TypeVar("T")

# Agents sample every five seconds: changes are told at once, and figures are no newer than that.
REFRESH_MS: Final = 5_000
# The hub takes 20 metrics at once, two of each container; more requests than these would be felt by it.
_PAST_OF: Final = 10
_PAST_REQUESTS: Final = 6

DOING: Final[dict[str, str]] = {
    "start": "starting…",
    "stop": "stopping…",
    "restart": "restarting…",
    "pause": "pausing…",
    "unpause": "resuming…",
    "kill": "killing…",
    "remove": "removing…",
    "rename": "renaming…",
}


class Desk(Protocol):
    """The link, as far as containers need it."""

    @property
    def rest(self) -> "Rest":
        """The hub's REST interface; RequestFailedError while there is none."""
        ...

    def now_ms(self) -> int:
        """Unix milliseconds."""
        ...

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> bool:
        """Start a task that ends with the hub's connections; False: there are none, and it is not begun."""
        ...

    async def ask(self, work: Coroutine[Any, Any, T]) -> T:
        """Await a request; RequestFailedError."""
        ...


class EngineLink:
    """`engine_requests.Engines`, and what the visible screen shows of containers."""

    def __init__(self, store: Store, desk: Desk) -> None:
        self._store = store
        self._desk = desk
        self._asked_ms: dict[str, int] = {}
        """When each list was last asked for; one that is under way is not asked for again."""
        self._on_their_way: set[str] = set()

    def serve(self, needs: Needs) -> None:
        """Ask for the lists that are looked at and not known, or old; returns at once."""
        if self._store.link.phase is not LinkPhase.LIVE:
            self._asked_ms.clear()
            return
        # What is opened again is asked for again.
        self._asked_ms = {scope: at for scope, at in self._asked_ms.items() if scope in needs.containers}
        now_ms = self._desk.now_ms()
        for scope in needs.containers - self._on_their_way:
            if abs(now_ms - self._asked_ms.get(scope, -REFRESH_MS)) >= REFRESH_MS:
                self._asked_ms[scope] = now_ms
                self._on_their_way.add(scope)
                if not self._desk.spawn(self._load(scope), "containers"):
                    self._on_their_way.discard(scope)

    async def act(self, key: ContainerKey, action: ContainerAction, order: ContainerOrder) -> None:
        """Do something with a container; the store tells how it then stands."""
        server_id, container_id = key
        before = self._store.containers.get(key)
        with self._doing((key,), DOING[action]):
            after = await self._desk.ask(self._docker.act(server_id, container_id, action, order))
        if after is not None:
            self._tell(ContainerMessage(action=action, container=after))
        elif before is not None:
            self._tell(ContainerMessage(action="destroy", container=_of_server(server_id, before.item)))

    async def act_on_project(
        self, server_id: str, project: str, action: ProjectAction, order: EngineOrder
    ) -> None:
        """Do something with the containers of a compose project on one server."""
        keys = [row.key for row in self._store.containers.rows(server_id) if row.item.project == project]
        with self._doing(keys, DOING[action]):
            after = await self._desk.ask(self._docker.act_on_project(server_id, project, action, order))
        for item in after:
            self._tell(ContainerMessage(action=action, container=item))

    async def inspect(self, key: ContainerKey, *, reveal: bool = False) -> dict[str, Any]:
        """Return what the engine says of a container, redacted by the agent unless an admin wants it all."""
        return await self._desk.ask(self._docker.inspect(*key, reveal=reveal))

    async def top(self, key: ContainerKey) -> TopView:
        """Return the processes of a container."""
        return await self._desk.ask(self._docker.top(*key))

    async def stock(self, server_id: str, kind: Stock) -> tuple[dict[str, Any], ...]:
        """Return the images, volumes or networks of a server."""
        return await self._desk.ask(self._docker.stock(server_id, kind))

    async def disk_use(self, server_id: str) -> dict[str, Any]:
        """Return what images, containers and volumes take on disk."""
        return await self._desk.ask(self._docker.disk_use(server_id))

    async def pull(self, server_id: str, image: str) -> None:
        """Begin to pull an image; the store tells how it goes."""
        self._tell(await self._desk.ask(self._docker.pull(server_id, image)))

    async def remove(self, server_id: str, kind: Stock, item_id: str, *, force: bool = False) -> None:
        """Remove an image, a volume or a network."""
        await self._desk.ask(self._docker.remove(server_id, kind, item_id, force=force))

    async def prune(self, server_id: str, kind: Stock, *, everything: bool = False) -> dict[str, Any]:
        """Remove all of a kind that nothing uses; return what the engine says of it.

        `everything`: images and volumes that have a name, too.
        """
        return await self._desk.ask(self._docker.prune(server_id, kind, everything=everything))

    @property
    def _docker(self) -> "DockerCalls":
        return self._desk.rest.docker

    def _tell(self, event: ContainerEvent) -> None:
        self._store.take_container_news(event, self._desk.now_ms())

    @contextmanager
    def _doing(self, keys: Iterable[ContainerKey], word: str) -> Iterator[None]:
        """Say of containers what is done to them meanwhile."""
        known = tuple(keys)
        self._tell(DoingChanged(known, word))
        try:
            yield
        finally:
            self._tell(DoingChanged(known, ""))

    async def _load(self, scope: str) -> None:
        try:
            found = await self._desk.ask(self._docker.containers(scope))
        except RequestFailedError as exc:
            self._tell(ContainersFailed(scope, str(exc)))
        else:
            self._tell(ContainersAnswered(scope, found.items, found.engines))
            self._fill_lines(scope)
        finally:
            self._on_their_way.discard(scope)

    def _fill_lines(self, scope: str) -> None:
        """Ask for the last minutes of those whose short line has just begun, a few requests' worth."""
        wanted: dict[str, list[ContainerMemory]] = {}
        for memory in self._store.containers.rows(scope):
            if is_running(memory.item) and not memory.series.has_past:
                wanted.setdefault(memory.server_id, []).append(memory)
        batches = [
            (server_id, memories[start : start + _PAST_OF])
            for server_id, memories in wanted.items()
            for start in range(0, len(memories), _PAST_OF)
        ]
        for server_id, memories in batches[:_PAST_REQUESTS]:
            for memory in memories:
                memory.series.has_past = True
            self._desk.spawn(self._load_past(server_id, memories), "containers-past")

    async def _load_past(self, server_id: str, memories: Sequence[ContainerMemory]) -> None:
        from chatops_tui.client.http import HistoryQuery  # noqa: PLC0415 - see hub_link: aiohttp is slow

        server = self._store.server(server_id)
        if server is None:
            return
        end_ms = server.now_ms(self._desk.now_ms())
        start_ms = max(0, end_ms - SPARK_STEP_MS * SPARK_BUCKETS)
        metrics = tuple(f"{metric}:{memory.item.name}" for memory in memories for metric in CHARTED)
        query = HistoryQuery(server_id, metrics, start_ms, end_ms, SPARK_BUCKETS)
        try:
            history = await self._desk.ask(self._desk.rest.history(query))
        except RequestFailedError:  # the line begins now, then
            return
        keys = tuple(memory.key for memory in memories)
        self._tell(ContainerPastAnswered(keys, history, end_ms - self._desk.now_ms()))


def _of_server(server_id: str, item: Container) -> ContainerItem:
    fields = {name: getattr(item, name) for name in Container.__struct_fields__}
    return ContainerItem(server_id=server_id, **fields)
