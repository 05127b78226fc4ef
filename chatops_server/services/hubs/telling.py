"""What happens at this hub, collected for the other ones and sent in batches."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from msgspec import Raw

from chatops_server.broker.sample_frames import AnySample, stored_body
from chatops_server.broker.server_state import ServerState
from chatops_server.domain.latest_order import Mark
from chatops_server.services.hubs.live_news import LIVE, Batch, News, Sampled, encoded, raw
from chatops_server.services.hubs.node import Node

# More than five thousand watched agents sample while a batch is collected.
MAX_WAITING: Final = 10_000
# Far from what a message may be, and little enough to be packed in a few milliseconds.
_BATCH_BYTES: Final = 512 * 1024

Making = Callable[[], News]
"""Made when it is sent: what nobody hears costs nothing."""


@dataclass(slots=True)
class ToldSample:
    """A sample that is told: encoded once, when it is sent."""

    server_id: str
    sample: AnySample
    mark: Mark | None = None
    """Where it stands; None: it is not the server's latest."""
    at_ms: int = 0
    clock_ahead_ms: int | None = None
    is_news: bool = False

    def news(self) -> Sampled:
        """Return it as it is told."""
        mark = self.mark or Mark("", 0)
        return Sampled(
            server_id=self.server_id,
            sample=Raw(stored_body(self.sample)),
            at_ms=self.at_ms,
            epoch=mark.epoch,
            seq=mark.seq,
            is_live=mark.is_live,
            clock_ahead_ms=self.clock_ahead_ms,
            is_news=self.is_news,
        )


class Telling:
    """Collects news while another hub listens, at most MAX_WAITING.

    Beyond that all of them are dropped and a number is left out: the others then ask for what stands.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._waiting: list[Making] = []
        self._number = 1
        self._is_muted = False
        self._sample: ToldSample | None = None
        self._watched: tuple[str, ...] = ()
        self._has_listeners = False

    def listened(self, *, has_listeners: bool) -> None:
        """Take whether another hub is there: only then anything is collected."""
        if has_listeners and not self._has_listeners:
            # Whoever heard the beats all the while has missed what was not told.
            self._number += 1
        self._has_listeners = has_listeners

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Tell nothing of what happens in the block, where nothing is awaited: another hub has told it."""
        before, self._is_muted = self._is_muted, True
        try:
            yield
        finally:
            self._is_muted = before

    def tell(self, news: News) -> None:
        """Have the others told."""
        self._put(lambda: news)

    def observed(self, state: ServerState, sample: AnySample, mark: Mark, at_ms: int) -> None:
        """Tell of a server's latest sample."""
        if self._is_silent():
            return
        self._sample = ToldSample(state.id, sample, mark, at_ms, state.clock_ahead_ms)
        self._put(self._sample.news)

    def published(self, server_id: str, sample: AnySample) -> None:
        """Tell of a sample for those who watch its server; once, also where it is the latest one."""
        if self._is_silent():
            return
        if self._sample is not None and self._sample.sample is sample:
            self._sample.is_news = True
            return
        self._put(ToldSample(server_id, sample, is_news=True).news)

    def flush(self, watched: Collection[str], *, is_beat: bool, is_last: bool = False) -> None:
        """Send what there is, and which servers are watched here where that has changed; always at a beat."""
        self._sample = None
        now = tuple(sorted(watched))
        is_new = now != self._watched
        chunks = list(_chunks(self._taken()))
        if not chunks and (is_beat or is_last or is_new):
            chunks = [()]
        for at, chunk in enumerate(chunks):
            is_end = at == len(chunks) - 1
            self._send(chunk, now if is_end and (is_new or is_beat) else None, is_last=is_last and is_end)
        self._watched = now

    def _taken(self) -> list[Making]:
        taken, self._waiting = self._waiting, []
        return taken

    def _send(self, news: tuple[Raw, ...], watched: tuple[str, ...] | None, *, is_last: bool) -> None:
        batch = Batch(node=self._node.id, number=self._number, news=news, watched=watched, is_last=is_last)
        self._number += 1
        # Refused while the bus is away: then a number is missing when it is back.
        self._node.bus.publish(f"{LIVE}.{self._node.id}", encoded(batch))

    def _put(self, making: Making) -> None:
        if self._is_silent():
            return
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.clear()
            self._number += 1
        self._waiting.append(making)

    def _is_silent(self) -> bool:
        return self._is_muted or not self._has_listeners


def _chunks(waiting: list[Making]) -> Iterator[tuple[Raw, ...]]:
    chunk: list[Raw] = []
    size = 0
    for making in waiting:
        news = raw(making())
        chunk.append(news)
        size += len(bytes(news))
        if size >= _BATCH_BYTES:
            yield tuple(chunk)
            chunk, size = [], 0
    if chunk:
        yield tuple(chunk)
