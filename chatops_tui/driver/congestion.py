"""Whether the wire is full, so that pictures nobody would see in time are not drawn at all.

Textual's writer thread has a queue of thirty writes and blocks the event loop when it is full: at 2 kB/s
keys are dead for eight seconds and WebSocket pings are missed. A picture is drawn only when the queue is
empty, and once it has drained the whole screen is compared again, which costs only what differs.
"""

from collections.abc import Callable
from typing import Final, Protocol

RETRY_S: Final = 0.05
"""How often to look whether the queue has drained."""


class WriteQueue(Protocol):
    """What is asked of a queue of writes."""

    def qsize(self) -> int:
        """Return how many writes wait; the one under way is not among them."""
        ...


class Congestion:
    """Decides whether to draw now, and has one repaint done when the wire is free again."""

    def __init__(
        self, queue: Callable[[], WriteQueue | None], later: Callable[[float, Callable[[], None]], object]
    ) -> None:
        """Begin with a free wire.

        Args:
            queue: Gives the queue of writes; None when there is none, and then the wire is free.
            later: Calls back once after so many seconds.
        """
        self._queue = queue
        self._later = later
        self._repaint: Callable[[], None] = _nothing
        self._looking = False
        self.skipped = 0
        """How many pictures were left out since the beginning."""

    @property
    def is_congested(self) -> bool:
        """Whether an earlier picture still waits to be written."""
        queue = self._queue()
        return queue is not None and queue.qsize() > 0

    def admits(self, repaint: Callable[[], None]) -> bool:
        """Return whether a picture may be drawn now; when not, `repaint` is called once the wire is free."""
        if not self.is_congested:
            return True
        self.skipped += 1
        self._repaint = repaint
        if not self._looking:
            self._looking = True
            self._later(RETRY_S, self._look_again)
        return False

    def _look_again(self) -> None:
        if self.is_congested:
            self._later(RETRY_S, self._look_again)
            return
        self._looking = False
        self._repaint()


def _nothing() -> None:
    """Repaint nothing: no picture was left out yet."""
