"""Several logs read as one, in the order of their times. Pure; the clock is given."""

import heapq
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from chatops_tui.store.log_memory import LogMemory
from chatops_wire.streams import LogLine
from chatops_wire.times import parse_ms

# A line waits this long for older ones from elsewhere: agents send what they have within a tenth of it, the
# rest is the way here. Longer would be felt as lag.
REORDER_MS: Final = 250
# Until then the first lines of all are waited for, as they are the past and would else stand log by log.
FIRST_LINES_WITHIN_MS: Final = 2_000
# Beyond this a flood is shown as it comes, whatever its order.
_MOST_HELD: Final = 20_000


class MergedLog:
    """Fills `memory`; a quiet log is never waited for beyond the first two seconds."""

    def __init__(self, count: int, now_ms: Callable[[], int]) -> None:
        """Begin with `count` empty logs."""
        self.memory = LogMemory()
        self.parts = tuple(LogPart(self, index) for index in range(count))
        """What each log is told to."""
        self._now_ms = now_ms
        self._began_ms = now_ms()
        self._held: list[tuple[int, int, int, LogLine]] = []
        """A heap of time, turn, which log, line."""
        self._arrivals: deque[tuple[int, int]] = deque()
        """When each came, and its time, in the order they came."""
        self._turn = 0
        self._cutoff_ms = -1

    @property
    def is_holding(self) -> bool:
        """Whether there is something that `release` will give out later."""
        return bool(self._held)

    def release(self) -> None:
        """Give out what need not wait any longer."""
        now_ms = self._now_ms()
        if self._is_waiting_for_first(now_ms):
            return
        is_at_once = len(self.parts) == 1 or len(self._held) > _MOST_HELD
        # A clock that was set back must not hold lines for ever.
        while self._arrivals and (is_at_once or abs(now_ms - self._arrivals[0][0]) >= REORDER_MS):
            self._cutoff_ms = max(self._cutoff_ms, self._arrivals.popleft()[1])
        while self._held and self._held[0][0] <= self._cutoff_ms:
            _time, _turn, index, line = heapq.heappop(self._held)
            self.memory.take((line,), origin=index)

    def take(self, index: int, lines: Iterable[LogLine]) -> None:
        """Hold lines of one log."""
        now_ms = self._now_ms()
        last_ms = now_ms
        for line in lines:
            last_ms = _time_ms(line, last_ms)
            heapq.heappush(self._held, (last_ms, self._turn, index, line))
            self._arrivals.append((now_ms, last_ms))
            self._turn += 1
        self.release()

    def told(self) -> None:
        """Note that one log is interrupted, goes on, or has ended."""
        self.memory.version += 1
        self.memory.is_interrupted = any(part.is_interrupted for part in self.parts)
        reasons = [part.ended for part in self.parts if part.ended]
        if len(reasons) == len(self.parts):
            self.memory.end(reasons[0])

    def _is_waiting_for_first(self, now_ms: int) -> bool:
        silent = any(not part.is_heard for part in self.parts)
        return silent and abs(now_ms - self._began_ms) < FIRST_LINES_WITHIN_MS


class LogPart:
    """One of the logs, as whoever follows it fills it."""

    def __init__(self, whole: MergedLog, index: int) -> None:
        self._whole = whole
        self._index = index
        self.is_heard = False
        self.is_interrupted = False
        self.ended = ""
        """Why nothing more comes from it; empty while it is followed."""

    def take(self, lines: Iterable[LogLine], *, may_miss: bool = False) -> None:
        """Add lines; `may_miss` says that some before them may be missing."""
        if self.is_interrupted:
            self.is_interrupted = False
            self._whole.told()
        self.is_heard = True
        if may_miss:
            self._whole.memory.note_missing(self._index)
        self._whole.take(self._index, lines)

    def interrupt(self) -> None:
        """Note that the connection is lost; it goes on by itself."""
        self.is_interrupted = True
        self._whole.told()

    def end(self, reason: str) -> None:
        """Note that nothing more comes."""
        self.is_heard, self.ended = True, reason
        if len(self._whole.parts) > 1:
            self._whole.memory.note(f"… ended: {reason}", self._index)
        self._whole.told()


def _time_ms(line: LogLine, otherwise: int) -> int:
    """Return the time of a line; one without stands behind the one before it."""
    if line.ts is None:
        return otherwise
    try:
        return parse_ms(line.ts)
    except (ValueError, OverflowError):
        return otherwise
