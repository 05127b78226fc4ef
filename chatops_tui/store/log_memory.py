"""One log as it is followed: its newest lines, and how it stands."""

from collections import deque
from collections.abc import Iterable
from typing import Final, Protocol

import msgspec

from chatops_tui.render.log_levels import LogLevel, level_of
from chatops_tui.render.text import clean
from chatops_wire.streams import LogLine

# What one scrolls through; more is a download.
KEPT_LINES: Final = 5000


class Entry(msgspec.Struct, frozen=True):
    """One line; the text is clean."""

    number: int
    """Counted from the first one that came, from 0."""
    ts: str | None
    text: str
    level: LogLevel
    origin: int = 0
    """Which log it is of, where several are read as one."""
    is_stderr: bool = False


class LogSink(Protocol):
    """Whoever is told what comes of a log."""

    def take(self, lines: Iterable[LogLine], *, may_miss: bool = False) -> None:
        """Add lines; `may_miss` says that some before them may be missing."""
        ...

    def interrupt(self) -> None:
        """Note that the connection is lost; it goes on by itself."""
        ...

    def end(self, reason: str) -> None:
        """Note that nothing more comes."""
        ...


class LogFilter(msgspec.Struct, frozen=True):
    """Which lines are shown: those with all words (`!` in front: without) of at least a level."""

    text: str = ""
    least: LogLevel = LogLevel.DEBUG

    def picks(self, entry: Entry) -> bool:
        """Return whether a line is shown. What says nothing of its level is hidden from WARNING on."""
        if entry.level < self.least:
            return False
        shown = entry.text.lower()
        return all(_holds(word, shown) for word in self.text.lower().split())


class LogMemory:
    """The newest lines; when full the oldest leave."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT_LINES)
        self.total = 0
        """How many have come."""
        self.version = 0
        """Another one whenever anything has changed."""
        self.is_interrupted = False
        self.ended = ""
        """Why nothing more comes, one sentence; empty while it is followed."""

    @property
    def first(self) -> int:
        """The number of the oldest line kept."""
        return self.total - len(self._entries)

    def shown(self, wanted: LogFilter) -> list[Entry]:
        """Return the lines a filter leaves."""
        return [entry for entry in self._entries if wanted.picks(entry)]

    def take(self, lines: Iterable[LogLine], *, may_miss: bool = False, origin: int = 0) -> None:
        """Add lines; `may_miss` says that some before them may be missing."""
        self.version += 1
        self.is_interrupted = False
        if may_miss:
            self.note_missing(origin)
        for line in lines:
            text, level = clean(line.line.expandtabs(8)), level_of(line.line)
            self._add(Entry(self.total, line.ts, text, level, origin, line.stream == "stderr"))

    def note_missing(self, origin: int) -> None:
        """Say in the log that lines may be missing."""
        self.note("… lines may be missing here: the connection was lost …", origin)

    def note(self, text: str, origin: int) -> None:
        """Put a line of our own into the log."""
        self.version += 1
        self._add(Entry(self.total, None, clean(text), LogLevel.WARNING, origin))

    def interrupt(self) -> None:
        """Note that the connection is lost; it goes on by itself."""
        self.version += 1
        self.is_interrupted = True

    def end(self, reason: str) -> None:
        """Note that nothing more comes."""
        self.version += 1
        self.ended = reason

    def _add(self, entry: Entry) -> None:
        self._entries.append(entry)
        self.total += 1


def _holds(word: str, text: str) -> bool:
    if word.startswith("!") and len(word) > 1:
        return word[1:] not in text
    return word in text
