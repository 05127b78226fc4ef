"""Agents that come and go: told at once in memory, written down by one task behind."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol

from chatops_server.broker.fleet import Fleet
from chatops_server.broker.sample_frames import stored_body
from chatops_server.broker.server_state import ServerState
from chatops_server.domain.clocks import Turn
from chatops_server.domain.host_facts import trimmed_capabilities, trimmed_host
from chatops_server.domain.latest_order import Mark
from chatops_server.errors import StorageError
from chatops_server.storage.base import Script, Storage
from chatops_server.storage.sql.events import NewEvent
from chatops_server.storage.sql.latest import LatestRow, put_latest
from chatops_server.storage.sql.servers import registered, seen
from chatops_wire.agent import Auth
from chatops_wire.policy import trimmed
from chatops_wire.times import parse_ms

log = logging.getLogger(__name__)

KIND: Final = "connection"
CLOCK_KIND: Final = "clock"
# One script holds the writer, which acknowledges samples meanwhile, for about as many tenths of a ms.
_AT_ONCE: Final = 50


class EventLog(Protocol):
    """Where connections are entered into the timeline (services.events.Events)."""

    def record_all(self, events: Sequence[NewEvent]) -> Awaitable[object]:
        """Store some events and publish them in this order; raises StorageError, and then stored none."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long and how many; others than these are for tests."""

    flush_every_s: float = 60.0
    """What a kill -9 costs of `last_seen`."""
    samples_every: int = 10
    """With each so many of these goes the newest sample (some 2 KB), which is shown after a kill -9 until the
    agent is back."""
    retry_after_s: float = 5.0
    """After the database took nothing."""
    max_events: int = 10_000
    """A fleet of thousands that reconnects while the disk is full must not fill the memory."""


USUAL: Final = Bounds()


@dataclass(frozen=True, slots=True)
class _Stored:
    """What of a server is in the database already."""

    last_seen_ms: int | None
    mark: Mark | None
    """Of its newest sample."""


class Presence:
    """Keeps the fleet, the timeline and the stored state in step with who is connected.

    Events wait in a queue of `max_events`; while the database takes none the oldest are dropped, and
    their number is logged.
    """

    def __init__(
        self,
        fleet: Fleet,
        storage: Storage,
        events: EventLog,
        now_ms: Callable[[], int],
        bounds: Bounds = USUAL,
    ) -> None:
        self._bounds = bounds
        self._fleet = fleet
        self._storage = storage
        self._event_log = events
        self._now_ms = now_ms
        self._events: deque[NewEvent] = deque()
        self._dropped = 0
        self._due: set[str] = set()
        self._new_facts: set[str] = set()
        # Whose newest sample is to be written though its agent is there.
        self._samples_due: set[str] = set()
        self._flushes = 0
        self._stored: dict[str, _Stored] = {}
        self._wake = asyncio.Event()
        self._failure: str | None = None

    @property
    def failure(self) -> str | None:
        """Why the last attempt to write something down failed; None while all is well."""
        return self._failure

    def connected(self, state: ServerState, auth: Auth) -> None:
        """Show the server as online, with what its agent said; an event if it was not online before."""
        host, capabilities = trimmed_host(auth.agent), trimmed_capabilities(auth.capabilities)
        policy = None if auth.policy is None else trimmed(auth.policy)
        told = (state.host, state.capabilities, state.policy)
        if (host, capabilities, policy) != told or state.last_seen_ms is None:
            self._new_facts.add(state.id)
            self._due.add(state.id)
        was_online = state.is_online
        self._fleet.connected(state, host, capabilities, self._now_ms(), policy)
        if not was_online:
            self._tell(state, f"{state.name} connected")
        self._wake.set()

    def disconnected(self, state: ServerState, reason: str) -> None:
        """Show the server as offline, after its one and newest session; `reason` is for people."""
        self._fleet.disconnected(state)
        if self._fleet.get(state.id) is not state:
            # Deleted: there is nothing left to store, and the timeline says so already.
            return
        self._due.add(state.id)
        self._tell(state, f"{state.name} disconnected: {reason}")
        self._wake.set()

    def moved(self, state: ServerState) -> None:
        """Take leave of an agent that is connected to another hub now: it is online, and nothing happened."""
        self._due.add(state.id)
        self._wake.set()

    def abandoned(self, state: ServerState) -> None:
        """Tell that the hub which held a server's agent is gone; where it is again shows by itself."""
        self._tell(state, f"{state.name} disconnected: its hub is gone")
        self._wake.set()

    def stopped(self, state: ServerState) -> None:
        """Show the server as offline because the hub stops: no event, since nothing happened to it."""
        self._fleet.disconnected(state)
        self._due.add(state.id)

    def write_samples(self) -> None:
        """Write down soon the newest sample of each agent that is here: other hubs read it there."""
        here = {state.id for state in self._fleet if state.is_online and not state.held_by}
        self._due |= here
        self._samples_due |= here
        self._wake.set()

    def clock_turned(self, state: ServerState, turn: Turn) -> None:
        """Tell that a server's clock is off by more than half a minute, or right again."""
        text = clock_words(state.clock_ahead_ms or 0, turn)
        logged = log.warning if turn == "off" else log.info
        logged("an agent's clock", extra={"server_id": state.id, "ahead_ms": state.clock_ahead_ms})
        self._tell(state, f"{state.name}: {text}", CLOCK_KIND)
        self._wake.set()

    async def run(self) -> None:
        """Write down what changes, until cancelled."""
        loop = asyncio.get_running_loop()
        flush_at = loop.time() + self._bounds.flush_every_s
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(flush_at):
                    await self._wake.wait()
            self._wake.clear()
            if loop.time() >= flush_at:
                flush_at = loop.time() + self._bounds.flush_every_s
                self._look_for_stale()
                self._flushes += 1
                if self._flushes % self._bounds.samples_every == 0:
                    self._samples_due |= self._due
            await self._try_to_write()

    async def flush(self) -> None:
        """Write down everything that is not yet; at the end of the hub.

        Raises:
            StorageError: The database does not take it.
        """
        self._look_for_stale()
        await self._write()

    async def _try_to_write(self) -> None:
        try:
            await self._write()
        except StorageError as exc:
            if self._failure is None:
                log.warning("connections are not written down", extra={"reason": exc.reason})
            self._failure = exc.reason
            await asyncio.sleep(self._bounds.retry_after_s)
            self._wake.set()
            return
        if self._failure is not None:
            log.info("connections are written down again", extra={"events_dropped": self._dropped})
        self._failure, self._dropped = None, 0

    async def _write(self) -> None:
        while self._due:
            # Taken out first: what changes during the write is due again.
            chosen = set(islice(self._due, _AT_ONCE))
            self._due -= chosen
            try:
                await self._write_states(chosen)
            except BaseException:
                self._due |= chosen
                raise
        while self._events:
            some = [self._events.popleft() for _ in range(min(_AT_ONCE, len(self._events)))]
            try:
                await self._event_log.record_all(some)
            except BaseException:
                self._events.extendleft(reversed(some))
                raise

    async def _write_states(self, chosen: set[str]) -> None:
        states = [state for state in map(self._fleet.get, chosen) if state is not None]
        with_sample = {state.id for state in states if self._wants_sample(state)}
        stored = {state.id: self._after(state, with_sample) for state in states}
        new_facts = self._new_facts & chosen
        self._new_facts -= chosen
        try:
            await self._storage.write(_stored_states(states, new_facts, with_sample))
        except BaseException:
            self._new_facts |= new_facts
            raise
        self._stored |= stored
        self._samples_due -= with_sample

    def _wants_sample(self, state: ServerState) -> bool:
        before = self._stored.get(state.id)
        if before is None or before.mark is None:
            return True
        return not state.is_online or state.id in self._samples_due

    def _after(self, state: ServerState, with_sample: set[str]) -> _Stored:
        mark, before = _mark_of(state), self._stored.get(state.id)
        if state.id not in with_sample and before is not None:
            mark = before.mark
        return _Stored(state.last_seen_ms, mark)

    def _tell(self, state: ServerState, message: str, kind: str = KIND) -> None:
        if len(self._events) >= self._bounds.max_events:
            self._events.popleft()
            self._dropped += 1
        self._events.append(NewEvent(kind, message, state.id))

    def _look_for_stale(self) -> None:
        self._due.update(state.id for state in self._fleet if self._is_stale(state))
        for server_id in [server_id for server_id in self._stored if self._fleet.get(server_id) is None]:
            del self._stored[server_id]
            self._samples_due.discard(server_id)

    def _is_stale(self, state: ServerState) -> bool:
        if state.held_by:
            # The hub that its agent is connected to sees to it.
            return False
        before = self._stored.get(state.id)
        if before is None:
            # Never connected in this run: what was loaded is what is stored.
            return state.is_online
        return before != _Stored(state.last_seen_ms, _mark_of(state))


def clock_words(ahead_ms: int, turn: Turn) -> str:
    """Return what is told of a clock."""
    if turn == "right":
        return "the clock is right again"
    return f"the clock is {abs(ahead_ms) / 1000:.0f} s {'ahead of' if ahead_ms > 0 else 'behind'} the hub's"


def _mark_of(state: ServerState) -> Mark | None:
    return None if state.latest is None else state.latest.mark


def _stored_states(states: Iterable[ServerState], new_facts: set[str], with_sample: set[str]) -> Script[None]:
    for state in states:
        if state.last_seen_ms is None:
            continue
        if state.id in new_facts and state.host is not None:
            yield from registered(state.num, state.host, state.capabilities, state.policy, state.last_seen_ms)
        else:
            yield from seen(state.num, state.last_seen_ms)
        if state.latest is not None and state.id in with_sample:
            sample, mark = state.latest.sample, state.latest.mark
            ts_ms = parse_ms(sample.timestamp)
            yield from put_latest(LatestRow(state.num, mark.epoch, mark.seq, ts_ms, stored_body(sample)))
