"""The live view across hubs: what happens at one is shown by all, to whom may see it there."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec
from msgspec import Raw

from chatops_server.broker.server_state import ServerState
from chatops_server.bus.base import BusError
from chatops_server.services.hubs.hearing import Hearing
from chatops_server.services.hubs.live_news import (
    LIVE,
    Batch,
    Configured,
    Page,
    Wanted,
    batch_in,
    encoded,
    page_in,
    raw,
    understood,
    wanted_in,
)
from chatops_server.services.hubs.node import Node
from chatops_server.services.hubs.telling import Telling, ToldSample
from chatops_server.services.hubs.told import came
from chatops_server.services.live import Live

log = logging.getLogger(__name__)

# How late others are told: at a thousand agents fifty samples together, which pack to a sixth.
FLUSH_S: Final = 0.25
# How soon a hub that is new is known, and one that lost something asks.
BEAT_S: Final = 2.0
# Five beats. Where its agents are is not for us to say (leases are): only what is watched there is forgotten.
SILENT_AFTER_S: Final = 10.0
# Until then it may run, cut off from the bus, and want to know of the agents here.
FORGOTTEN_AFTER_S: Final = 600.0
_PAGE_BYTES: Final = 512 * 1024
_PAGE_WITHIN_S: Final = 3.0


@dataclass(slots=True)
class _Peer:
    """Another hub."""

    heard_at: float
    expected: int | None = None
    """The number of its next batch; None: what stands there is to be asked for."""
    watched: frozenset[str] = field(default_factory=frozenset)
    is_silent: bool = False


class LiveView:
    """Tells the other hubs what happens here, and takes over what they tell."""

    def __init__(self, node: Node, live: Live, telling: Telling, now: Callable[[], float]) -> None:
        """Take monotonic seconds as `now`."""
        self._node = node
        self._live = live
        self._telling = telling
        self._now = now
        self.hearing = Hearing(live, telling)
        self._peers: dict[str, _Peer] = {}
        self._beat_at = now()
        self._connected_at = -SILENT_AFTER_S
        self._was_connected = False

    @property
    def is_partial(self) -> bool:
        """Whether a hub is not heard, or does not hear: there are agents nothing is told of, or nobody."""
        if not self._node.bus.is_connected or any(peer.is_silent for peer in self._peers.values()):
            return True
        here = self._live.sessions.held()
        return any(
            state.is_online and state.id not in here and state.held_by not in self._peers
            for state in self._live.fleet
        )

    async def run(self) -> None:
        """Hear and tell until cancelled, from when the fleet is loaded; then say that this hub stops."""
        bus = self._node.bus
        ends = [bus.subscribe(f"{LIVE}.*", self._heard), bus.subscribe(_pages_of(self._node.id), self._asked)]
        try:
            while True:
                await asyncio.sleep(FLUSH_S)
                self.tick()
        finally:
            for end in ends:
                end()
            self._telling.flush((), is_beat=True, is_last=True)

    def tick(self) -> None:
        """Send what there is, and note who is not heard any more."""
        now = self._now()
        is_beat = now >= self._beat_at
        if is_beat:
            self._beat_at = now + BEAT_S
        self._telling.flush(self._live.topics.watched(), is_beat=is_beat)
        for node_id, peer in list(self._peers.items()):
            if now - peer.heard_at > FORGOTTEN_AFTER_S:
                del self._peers[node_id]
            if not peer.is_silent and now - peer.heard_at > SILENT_AFTER_S:
                log.info("a hub is not heard any more", extra={"node": node_id})
                peer.is_silent, peer.expected = True, None
                self._watch(peer, frozenset())
        # A bus that is back leads to those who were there before: what happens now is not to wait for a beat.
        is_heard = any(not peer.is_silent for peer in self._peers.values())
        self._telling.listened(has_listeners=is_heard or self._is_just_back(now))

    def _is_just_back(self, now: float) -> bool:
        is_connected = self._node.bus.is_connected
        if is_connected and not self._was_connected:
            self._connected_at = self._beat_at = now
        self._was_connected = is_connected
        return is_connected and bool(self._peers) and now - self._connected_at < SILENT_AFTER_S

    async def _heard(self, payload: bytes) -> None:
        try:
            batch = batch_in(payload)
        except msgspec.DecodeError as exc:
            log.debug("a batch of another hub cannot be read", extra={"reason": str(exc)})
            return
        peer = self._peers.get(batch.node)
        if peer is None:
            log.info("a hub is heard", extra={"node": batch.node})
            peer = self._peers[batch.node] = _Peer(self._now())
        elif peer.is_silent:
            log.info("a hub is heard again", extra={"node": batch.node})
        peer.heard_at, peer.is_silent = self._now(), False
        self._telling.listened(has_listeners=True)
        is_caught_up = batch.number == peer.expected or batch.is_last or await self._catch_up(batch.node)
        self._take(batch)
        peer.expected = batch.number + 1 if is_caught_up else None
        if batch.watched is not None:
            self._watch(peer, frozenset(batch.watched))
        if batch.is_last:
            self._watch(peer, frozenset())
            self._peers.pop(batch.node, None)

    async def _catch_up(self, node_id: str) -> bool:
        """Take over what stands at a hub; return whether it has told all of it."""
        held: set[str] = set()
        page, after = Page(is_whole=False), ""
        while not page.is_whole:
            try:
                async with asyncio.timeout(_PAGE_WITHIN_S):
                    page = page_in(
                        await self._node.bus.request(_pages_of(node_id), encoded(Wanted(after=after)))
                    )
            except (BusError, TimeoutError, msgspec.DecodeError) as exc:
                log.debug("a hub does not say what stands there", extra={"node": node_id, "reason": str(exc)})
                return False
            for news in understood(page.news):
                self.hearing.take(node_id, news)
            held |= set(page.held)
            after = page.held[-1] if page.held else after
        self.hearing.not_held(node_id, frozenset(held))
        return True

    def _take(self, batch: Batch) -> None:
        for news in understood(batch.news):
            self.hearing.take(batch.node, news)

    def _watch(self, peer: _Peer, watched: frozenset[str]) -> None:
        # What an agent that is connected here is asked for, or one that will be.
        for server_id in watched - peer.watched:
            self._live.watching.watch(server_id)
        for server_id in peer.watched - watched:
            self._live.watching.unwatch(server_id)
        peer.watched = watched

    async def _asked(self, payload: bytes) -> bytes:
        self._telling.listened(has_listeners=True)
        return encoded(self._page(wanted_in(payload).after))

    def _page(self, after: str) -> Page:
        held: list[str] = []
        news: list[Raw] = []
        size = 0
        wanted = sorted(server_id for server_id in self._live.sessions.held() if server_id > after)
        for server_id in wanted:
            if size >= _PAGE_BYTES:
                break
            state = self._live.fleet.get(server_id)
            standing = [] if state is None or not state.is_online else list(_standing(state))
            held.append(server_id)
            news += standing
            size += sum(len(bytes(each)) for each in standing)
        return Page(held=tuple(held), news=tuple(news), is_whole=len(held) == len(wanted))


def _standing(state: ServerState) -> Iterator[Raw]:
    yield raw(came(state))
    yield raw(Configured(server_id=state.id, interval_s=state.interval_s))
    if state.latest is not None:
        sample, mark, at_ms = state.latest.sample, state.latest.mark, state.last_seen_ms or 0
        yield raw(ToldSample(state.id, sample, mark, at_ms, state.clock_ahead_ms).news())


def _pages_of(node_id: str) -> str:
    return f"hub.{node_id}.live"
