"""Log lines on their way to the hub. Pure."""

from collections import deque
from typing import Final

from chatops_wire.streams import LogLine

# A frame is small enough that nothing urgent is far behind it; 64 KiB of a single line may become six times
# that in JSON, which a frame still holds.
_FRAME_LINES: Final = 500
_FRAME_CHARACTERS: Final = 32 * 1024
# More in memory, and the source has to wait.
_MOST_LINES: Final = 2000
_MOST_CHARACTERS: Final = 256 * 1024


class LogBuffer:
    """Lines in their order; full, it says so, and whoever reads the source stops."""

    def __init__(self, window: int) -> None:
        """Begin with nothing.

        Args:
            window: Lines that may be sent ahead of credit; 0: there is no credit.
        """
        self._lines: deque[LogLine] = deque()
        self._characters = 0
        self._window = self._credit = window

    @property
    def accepts(self) -> bool:
        """Whether to read on."""
        return len(self._lines) < _MOST_LINES and self._characters < _MOST_CHARACTERS

    @property
    def is_sent(self) -> bool:
        """Everything has been sent."""
        return not self._lines

    def add(self, lines: list[LogLine]) -> None:
        """Take lines."""
        self._lines.extend(lines)
        self._characters += sum(len(each.line) for each in lines)

    def grant(self, lines: int) -> None:
        """The hub takes so many lines more."""
        self._credit += lines

    def next_lines(self) -> tuple[LogLine, ...]:
        """Return what to send now and count it as sent; empty: nothing, or no credit for it."""
        most = min(_FRAME_LINES, self._credit) if self._window else _FRAME_LINES
        taken: list[LogLine] = []
        characters = 0
        while self._lines and len(taken) < most:
            characters += len(self._lines[0].line)
            if taken and characters > _FRAME_CHARACTERS:
                break
            taken.append(self._lines.popleft())
        self._characters -= sum(len(each.line) for each in taken)
        self._credit -= len(taken)
        return tuple(taken)
