"""Which lines of a log are new when its tail is told once more. Pure."""

from collections import deque
from collections.abc import Sequence
from typing import Final

from chatops_wire.streams import LogLine

# So many lines in a row that agree are the same ones: a log that repeats itself for longer repeats a lot.
_CONVINCING: Final = 50


class Overlap:
    """Remembers as many lines as a tail has: the next tail begins within them, or something was missed."""

    def __init__(self, tail: int) -> None:
        self._recent: deque[LogLine] = deque(maxlen=max(1, tail))
        self._known: list[LogLine] = []
        """What the tail that comes may begin with."""
        self._is_aligned = False
        """The next line that comes is the first of `_known`."""

    def interrupted(self) -> None:
        """From here on the tail is told again."""
        self._known = list(self._recent)
        self._is_aligned = False

    def fresh(self, lines: Sequence[LogLine]) -> tuple[tuple[LogLine, ...], bool]:
        """Return the lines that were not told before, and whether others before them may be missing."""
        may_miss = False
        if self._known and lines and not self._is_aligned:
            may_miss = not self._align(lines)
        fresh = tuple(lines[self._skip(lines) :])
        self._recent.extend(fresh)
        return fresh, may_miss

    def _align(self, lines: Sequence[LogLine]) -> bool:
        """Find where `lines` begin; if nowhere, everything is new."""
        known = self._known
        compared = list(lines[:_CONVINCING])
        for place in range(len(known)):
            part = known[place : place + len(compared)]
            if part[0] == compared[0] and part == compared[: len(part)]:
                self._known, self._is_aligned = known[place:], True
                return True
        self._known = []
        return False

    def _skip(self, lines: Sequence[LogLine]) -> int:
        """Return how many of `lines` are known, which are thereby told."""
        count = 0
        while count < min(len(lines), len(self._known)) and lines[count] == self._known[count]:
            count += 1
        # Where they part, what else was known is not in this tail any more.
        self._known = self._known[count:] if count == len(lines) else []
        return count
