"""Which containers there are: listed once, then kept up to date by the engine's events."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn

from chatops_agent.collectors.containers import events
from chatops_agent.collectors.containers.description import Described, describe, signature
from chatops_agent.collectors.containers.events import Event, EventLines
from chatops_agent.engine.engine import Engine
from chatops_agent.engine.errors import EngineError
from chatops_agent.engine.streaming import EngineStream
from chatops_agent.episodes import Episode
from chatops_wire.containers import DockerCode

log = logging.getLogger(__name__)

# What events have missed, if ever; the list of 30 containers costs the engine 5 ms.
_LIST_EVERY_S: Final = 45.0
# One restart is five events within a tenth of a second, and one look afterwards tells more than five within.
_SETTLE_S: Final = 0.1
# Looking for a socket costs nothing; Docker may be installed at any time.
_LOOK_EVERY_S: Final = 15.0
_RETRY_S: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
# A connection that lasted so long was a good one.
_GOOD_AFTER_S: Final = 10.0
# In one thread, one after another; a few at once would only wait for the same engine.
_INSPECTED_AT_ONCE: Final = 20
# Clocks of an engine elsewhere; what is heard twice changes nothing.
_SLACK_NS: Final = 2_000_000_000

Listener = Callable[[str, Described], None]


class Inventory:
    """The containers as their engine told them last; every engine that comes, goes and comes back."""

    def __init__(self, engine: Engine, own_id: Callable[[], str | None]) -> None:
        """Prepare; `run` does the work.

        Args:
            engine: Whose containers.
            own_id: Looks up the container this agent runs in, if it does; in a thread.
        """
        self._engine = engine
        self._look_up_own_id = own_id
        self._own_id: str | None = None
        self._known: dict[str, Described] | None = None
        self._rows: dict[str, tuple[object, ...]] = {}
        self._noticed: dict[str, list[str]] = {}
        # What is listed and what is looked at closer belong together: a container that came in between two
        # looks would pass for removed, and an older state would stand above a newer one.
        self._looking = asyncio.Lock()
        self._stirred = asyncio.Event()
        self._since_ns = 0
        self._listeners: list[Listener] = []
        self._first = asyncio.Event()
        self.changed = asyncio.Event()
        """Set by the next change of any container or of the engine; then there is another one."""
        self._episode = Episode(log, "no containers are told of", "containers are told of again")

    @property
    def containers(self) -> tuple[Described, ...] | None:
        """All there are, by name; None: no engine answers."""
        known = self._known
        return None if known is None else tuple(sorted(known.values(), key=lambda each: each.facts.name))

    def find(self, reference: str) -> Described | None:
        """Return the container of this id, name, or beginning of an id that only one has."""
        known = self._known or {}
        if reference in known:
            return known[reference]
        named = next((each for each in known.values() if each.facts.name == reference), None)
        if named is not None:
            return named
        begun = [each for each in known.values() if reference and each.id.startswith(reference)]
        return begun[0] if len(begun) == 1 else None

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call this with an action and the container's state after each change; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def first_look(self, within_s: float) -> None:
        """Wait until the engine has been listed, or is known not to be there, but no longer than this."""
        try:
            async with asyncio.timeout(within_s):
                await self._first.wait()
        except TimeoutError:
            return

    async def run(self) -> NoReturn:
        """Follow the engine until cancelled, whatever becomes of it."""
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            is_there = await self._turn()
            self._first.set()
            if not is_there:
                await asyncio.sleep(_LOOK_EVERY_S)
                continue
            failures = 0 if loop.time() - began > _GOOD_AFTER_S else failures + 1
            await asyncio.sleep(_RETRY_S[min(failures, len(_RETRY_S) - 1)])

    async def _turn(self) -> bool:
        """Follow the engine until it is lost; False: there is none."""
        try:
            if await self._engine.connect() is None:
                self._known = None
                return False
            await self._follow()
        except EngineError as exc:
            self._lose(exc)
        except Exception:
            # Whatever an engine answers, it costs its containers and never the agent.
            log.exception("containers cannot be told of by an error of the agent")
            self._lose(EngineError(DockerCode.FAILED, "the engine's answers are not understood"))
        return True

    async def look(self, ids: Sequence[str]) -> dict[str, Described]:
        """Ask the engine about these now, and return those that are still there.

        Raises:
            EngineError: It does not answer.
        """
        async with self._looking:
            rows = await self._engine.call(lambda api: api.containers(all=True, filters={"id": list(ids)}))
            described = await self._described(rows)
            if self._known is not None:
                # Lost meanwhile, these few would pass for all there are.
                self._known |= described
            for container_id in set(ids) - described.keys():
                self._forget(container_id)
        return described

    async def look_at_all(self) -> None:
        """List all, and look closer at what is new or has changed.

        Raises:
            EngineError: The engine does not answer.
        """
        async with self._looking:
            await self._list()

    async def _list(self) -> None:
        self._own_id, rows = await self._engine.call(
            lambda api: (self._look_up_own_id(), api.containers(all=True))
        )
        listed = {str(row.get("Id")) for row in rows}
        described = await self._described(
            [row for row in rows if self._rows.get(str(row.get("Id"))) != signature(row)]
        )
        before, self._known = self._known, {**(self._known or {}), **described}
        if before is None:
            self._stir()
        for container_id in self._known.keys() - listed:
            self._forget(container_id)
        for container_id in described if before is not None else ():
            self._tell(container_id, "update" if before and container_id in before else "create")

    async def _follow(self) -> None:
        """Keep the list up to date until the engine's events end.

        Raises:
            EngineError: The engine does not answer.
        """
        since_ns = self._since_ns or time.time_ns() - _SLACK_NS
        stream = self._engine.stream("events", "/events", events.parameters(since_ns), EventLines().feed)
        try:
            async with asyncio.TaskGroup() as tasks:
                keeping = tasks.create_task(self._keep(), name="containers-inventory")
                await self._hear(stream)
                keeping.cancel()
        except* EngineError as group:
            raise _first_of(group) from None
        finally:
            stream.close()

    async def _hear(self, stream: EngineStream[Event]) -> None:
        while heard := await stream.next():
            for event in heard:
                self._noticed.setdefault(event.container_id, []).append(event.action)
                self._since_ns = max(self._since_ns, event.time_ns + 1)
            self._stirred.set()

    async def _keep(self) -> NoReturn:
        loop = asyncio.get_running_loop()
        while True:
            await self.look_at_all()
            self._first.set()
            self._episode.recover()
            listed = loop.time()
            while (left_s := listed + _LIST_EVERY_S - loop.time()) > 0:
                try:
                    async with asyncio.timeout(left_s):
                        await self._stirred.wait()
                except TimeoutError:
                    break
                await asyncio.sleep(_SETTLE_S)
                self._stirred.clear()
                noticed, self._noticed = self._noticed, {}
                await self._catch_up(noticed)

    async def _catch_up(self, noticed: dict[str, list[str]]) -> None:
        there = await self.look(list(noticed))
        for container_id, described in there.items():
            for action in events.told(noticed[container_id]):
                if events.fits(action, described.facts.state):
                    self._tell(container_id, action)

    async def _described(self, rows: Sequence[dict[str, Any]]) -> dict[str, Described]:
        """Return those that are still there."""
        described: dict[str, Described] = {}
        for start in range(0, len(rows), _INSPECTED_AT_ONCE):
            some = rows[start : start + _INSPECTED_AT_ONCE]
            inspected = await self._engine.inspect([str(row.get("Id")) for row in some])
            for row, details in zip(some, inspected, strict=True):
                if details is not None:
                    each = describe(row, details, self._own_id)
                    described[each.id] = each
                    self._rows[each.id] = signature(row)
        return described

    def _forget(self, container_id: str) -> None:
        self._rows.pop(container_id, None)
        if self._known is not None and (last := self._known.pop(container_id, None)) is not None:
            self._notify("destroy", last)

    def _tell(self, container_id: str, action: str) -> None:
        described = (self._known or {}).get(container_id)
        if described is not None:
            self._notify(action, described)

    def _notify(self, action: str, described: Described) -> None:
        for listener in tuple(self._listeners):
            listener(action, described)
        self._stir()

    def _stir(self) -> None:
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    def _lose(self, exc: EngineError) -> None:
        self._engine.lost(exc.message)
        self._known = None
        self._rows.clear()
        self._noticed.clear()
        # To look at none would be to look at all.
        self._stirred.clear()
        self._stir()
        self._episode.fail(exc.code.value, detail=exc.message)


def _first_of(group: BaseExceptionGroup[EngineError]) -> EngineError:
    found = next((each for each in group.exceptions if isinstance(each, EngineError)), None)
    return found or EngineError(DockerCode.FAILED, "the engine does not answer")
