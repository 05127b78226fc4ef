"""What waits to be sent to one agent."""

from collections import deque
from typing import Final

from msgspec import UNSET, UnsetType

from chatops_server.broker.closing import TOO_SLOW
from chatops_server.broker.offered import OfferedFrames
from chatops_server.broker.outbox import Outbox
from chatops_wire import codec
from chatops_wire.agent import Ack, AuthSuccess, Configure, Pause

# Answers and requests an agent has not been sent yet; one that reads at all never has many.
MAX_QUEUED: Final = 256


class AgentOutbox(Outbox):
    """Frames for one agent, taken by its writer.

    Of acks, intervals and pauses only the newest matters, so each has one place that is overwritten
    and cannot grow. Other frames queue in order, at most MAX_QUEUED: an agent that lets them pile up
    is closed (4429). Putting never waits; `offer` does, for what is typed or pasted into terminals,
    and what is offered goes last.
    """

    def __init__(self) -> None:
        super().__init__()
        self._queue: deque[bytes] = deque()
        self._offered = OfferedFrames()
        self._ack = 0
        self._acked = 0
        self._configure: Configure | UnsetType = UNSET
        self._pause: Pause | None = None
        self._backlog_per_s: int | UnsetType = UNSET

    def put(self, frame: bytes) -> None:
        """Queue a frame."""
        if len(self._queue) >= MAX_QUEUED:
            self.close(TOO_SLOW)
            return
        self._queue.append(frame)
        self._wake.set()

    async def offer(self, frame: bytes) -> None:
        """Queue a frame when there is room. Cancelling is safe."""
        await self._offered.put(frame)
        self._wake.set()

    def welcome(self, message: AuthSuccess) -> None:
        """Queue the first answer; it already tells `last_seq`, so no ack repeats it."""
        self._ack = self._acked = message.last_seq
        self.put(codec.encode(message))

    def acknowledge(self, seq: int) -> None:
        """Say that everything up to `seq` is stored; a `seq` said before is said again."""
        if seq <= self._acked:
            # The answer to a sequence beyond a hole: the agent shall send again from here.
            self._acked = seq - 1
        self._ack = max(self._ack, seq)
        self._wake.set()

    def configure(self, interval_s: float | None) -> None:
        """Ask for another interval; None gives the agent's own back."""
        self._configure = Configure(interval_s=interval_s)
        self._wake.set()

    def pace(self, backlog_per_s: int) -> None:
        """Tell with the next ack how fast a backlog may come."""
        self._backlog_per_s = backlog_per_s

    def pause(self, ms: int, reason: str) -> None:
        """Ask the agent to send nothing for a while."""
        self._pause = Pause(ms=ms, reason=reason)
        self._wake.set()

    def take(self) -> list[bytes]:
        """Return everything there is to send now, in order."""
        self._wake.clear()
        frames = list(self._queue)
        self._queue.clear()
        if self._pause is not None:
            frames.append(codec.encode(self._pause))
            self._pause = None
        if self._configure is not UNSET:
            frames.append(codec.encode(self._configure))
            self._configure = UNSET
        if self._ack > self._acked:
            self._acked = self._ack
            frames.append(codec.encode(Ack(seq=self._ack, backlog_per_s=self._backlog_per_s)))
            self._backlog_per_s = UNSET
        while (frame := self._offered.take()) is not None:
            frames.append(frame)
        return frames
