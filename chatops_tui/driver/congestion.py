"""Whether the wire is full, so that pictures nobody would see in time are not drawn at all.

Textual's writer thread has a queue of thirty writes and blocks the event loop when it is full: at 2 kB/s
keys are dead for eight seconds and WebSocket pings are missed. A picture is drawn only when the queue is
empty, and once it has drained the whole screen is compared again, which costs only what differs.

Behind the queue lies what the kernel, ssh and the line hold: 64 kB of a pseudo-terminal alone are thirteen
seconds at 5 kB/s. So each picture ends with a question, and whoever answers it has seen the picture.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

RETRY_S: Final = 0.05
"""How often to look whether the queue has drained."""

QUESTION: Final = "\x1b[?2026$p"
"""Whether the terminal knows mode 2026 (DECRQM); Textual asks it once, and understands the answer."""

WINDOW_BYTES: Final = 2048
"""So much may be on its way before the next picture: what a key changes waits for no answer."""

# Terminals that do not know the question, as most within tmux, are asked no more after so many pictures.
_MOST_UNHEARD: Final = 8
# An answer may be lost, e.g. to a program that had the terminal meanwhile: no line is slower than 9,600 baud.
_PATIENCE_S: Final = 3.0
_SLOWEST_BYTES_S: Final = 960


class WriteQueue(Protocol):
    """What is asked of a queue of writes."""

    def qsize(self) -> int:
        """Return how many writes wait; the one under way is not among them."""
        ...


class Congestion:
    """Decides whether to draw now, and has one repaint done when the wire is free again."""

    def __init__(
        self,
        queue: Callable[[], WriteQueue | None],
        later: Callable[[float, Callable[[], None]], object],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with a free wire.

        Args:
            queue: Gives the queue of writes; None when there is none, and then the wire is free.
            later: Calls back once after so many seconds.
            now_s: A clock that never goes back.
        """
        self._queue = queue
        self._later = later
        self._repaint: Callable[[], None] = _nothing
        self._looking = False
        self._now_s = now_s
        # Textual's own question is the first.
        self._unheard: deque[tuple[float, int]] = deque(((now_s(), 0),))
        self._answers = False
        self.skipped = 0
        """How many pictures were left out since the beginning."""

    @property
    def is_congested(self) -> bool:
        """Whether an earlier picture still waits to be written, or to be seen."""
        queue = self._queue()
        return (queue is not None and queue.qsize() > 0) or self._is_behind()

    @property
    def asks(self) -> bool:
        """Whether the next picture is to end with QUESTION."""
        return self._answers or len(self._unheard) < _MOST_UNHEARD

    def asked(self, size: int) -> None:
        """Note that a picture of so many bytes, with a question at its end, is on its way."""
        self._unheard.append((self._now_s(), size))

    def heard(self) -> None:
        """Note an answer: the oldest picture on its way has come."""
        self._answers = True
        if self._unheard:
            self._unheard.popleft()

    def forget(self) -> None:
        """Expect no more answers to what was asked: the terminal was another program's."""
        self._unheard.clear()

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

    def _is_behind(self) -> bool:
        if not self._answers or not self._unheard:
            return False
        on_its_way = sum(size for _asked_s, size in self._unheard)
        waited_s = self._now_s() - self._unheard[0][0]
        if waited_s > max(_PATIENCE_S, on_its_way / _SLOWEST_BYTES_S):
            self._unheard.clear()
            return False
        return on_its_way > WINDOW_BYTES

    def _look_again(self) -> None:
        if self.is_congested:
            self._later(RETRY_S, self._look_again)
            return
        self._looking = False
        self._repaint()


def _nothing() -> None:
    """Repaint nothing: no picture was left out yet."""
