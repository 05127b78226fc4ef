"""What waits to be sent to one client: the newest state, never a backlog."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chatops_server.broker.closing import TOO_SLOW
from chatops_server.broker.fleet import FleetChanges, Gone
from chatops_server.broker.offered import OfferedFrames
from chatops_server.broker.outbox import Outbox
from chatops_wire import codec
from chatops_wire.client import Lagged

# A client that sends requests and reads no answers is at fault.
MAX_REPLIES: Final = 1024
# Agents send at most one sample a second; more come at once only when the hub itself was held up.
MAX_SAMPLES_OF_A_SERVER: Final = 32
# Events are no state, so the oldest make way; the timeline can be read again by REST.
MAX_EVENTS: Final = 256


@dataclass(frozen=True, slots=True)
class FleetNews:
    """Changes of the fleet, and their frame when it is the same for several clients."""

    changes: FleetChanges
    frame: bytes | None


class ClientOutbox(Outbox):
    """Frames for one client, taken one by one by its writer. Putting never waits.

    While the client is slow (`is_stalled`), or has MAX_SAMPLES_OF_A_SERVER waiting, a server's newer
    sample replaces those before it, which are counted in `lagged`. Fleet changes always merge. Beyond
    MAX_EVENTS events the oldest is dropped and counted; beyond MAX_REPLIES answers the client is
    closed (4429). Two lanes lose nothing: `relay` for terminals, whose sender bounds it, and `offer`
    for output and log lines, which go last and whose sender waits for room.
    """

    def __init__(self, snapshot: Callable[[], bytes], update: Callable[[FleetChanges], bytes | None]) -> None:
        """Take what makes a frame of the whole fleet, and of changes that merged (None: nothing to send)."""
        super().__init__()
        self._make_snapshot = snapshot
        self._make_update = update
        self._replies: deque[bytes] = deque()
        self._events: deque[bytes] = deque()
        self._samples: dict[str, list[bytes]] = {}
        self._relayed: deque[tuple[bytes, Callable[[], None]]] = deque()
        self._offered = OfferedFrames()
        self._snapshot_is_due = False
        self._news: FleetNews | None = None
        self._dropped = 0
        self._total_dropped = 0
        self.is_stalled = False
        """Whether the writer waits for the client to read; written by it."""

    @property
    def total_dropped(self) -> int:
        """How many frames this client was not sent because it was slow."""
        return self._total_dropped

    def reply(self, frame: bytes) -> None:
        """Queue an answer to a request; answers go first and in order."""
        if len(self._replies) >= MAX_REPLIES:
            self.close(TOO_SLOW)
            return
        self._replies.append(frame)
        self._wake.set()

    def sample(self, server_id: str, frame: bytes) -> None:
        """Put a server's newest sample."""
        waiting = self._samples.setdefault(server_id, [])
        if self.is_stalled or len(waiting) >= MAX_SAMPLES_OF_A_SERVER:
            self._drop(len(waiting))
            waiting.clear()
        waiting.append(frame)
        self._wake.set()

    def event(self, frame: bytes) -> None:
        """Queue an entry of the timeline."""
        if len(self._events) >= MAX_EVENTS:
            self._events.popleft()
            self._drop(1)
        self._events.append(frame)
        self._wake.set()

    def relay(self, frame: bytes, taken: Callable[[], None]) -> None:
        """Queue what a terminal wrote; `taken` is called when the socket has taken all before it."""
        self._relayed.append((frame, taken))
        self._wake.set()

    async def offer(self, frame: bytes) -> None:
        """Queue a part of a stream when there is room. Cancelling is safe."""
        await self._offered.put(frame)
        self._wake.set()

    def fleet_news(self, news: FleetNews) -> None:
        """Put what changed in the fleet."""
        self._news = (
            news if self._news is None else FleetNews(_merged(self._news.changes, news.changes), None)
        )
        self._wake.set()

    def fleet_snapshot(self) -> None:
        """Let the whole fleet be sent, as it stands when it is its turn; asking twice sends it once."""
        self._snapshot_is_due = True
        self._wake.set()

    def forget_fleet(self) -> None:
        """Drop what of the fleet is not yet sent."""
        self._snapshot_is_due = False
        self._news = None

    def forget_samples(self, server_id: str) -> None:
        """Drop a server's samples not yet sent."""
        self._samples.pop(server_id, None)

    def take(self) -> bytes | None:
        """Return the next frame, None when there is none now."""
        frame = self._take_in_order() or self._take_state() or self._offered.take()
        if frame is None:
            self._wake.clear()
        return frame

    def _take_in_order(self) -> bytes | None:
        if self._replies:
            return self._replies.popleft()
        if self._relayed:
            frame, taken = self._relayed.popleft()
            taken()
            return frame
        if self._events:
            return self._events.popleft()
        return None

    def _take_state(self) -> bytes | None:
        frame = self._take_fleet()
        if frame is not None:
            return frame
        if self._dropped:
            frame = codec.encode(Lagged(dropped=self._dropped))
            self._dropped = 0
            return frame
        return self._take_sample()

    def _take_fleet(self) -> bytes | None:
        news, self._news = self._news, None
        if self._snapshot_is_due:
            self._snapshot_is_due = False
            # Whatever was news is in it.
            return self._make_snapshot()
        if news is None:
            return None
        return self._make_update(news.changes) if news.frame is None else news.frame

    def _take_sample(self) -> bytes | None:
        for server_id, waiting in self._samples.items():
            frame = waiting.pop(0)
            if not waiting:
                del self._samples[server_id]
            return frame
        return None

    def _drop(self, count: int) -> None:
        self._dropped += count
        self._total_dropped += count


def _merged(first: FleetChanges, second: FleetChanges) -> FleetChanges:
    gone: dict[tuple[str, str | None], Gone] = {
        (gone.server_id, gone.only_user): gone for gone in (*first.gone, *second.gone)
    }
    return FleetChanges(first.changed | second.changed, tuple(gone.values()))
