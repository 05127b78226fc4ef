"""The output of one run as a screen keeps it: its newest lines, and a digest of all of it."""

import hashlib
from collections import deque
from collections.abc import Iterable
from typing import Final

import msgspec

from chatops_tui.render.output_lines import Line, OutputLines
from chatops_tui.render.sgr import Styled
from chatops_wire.commands import OutputStream

# What one scrolls through; the whole of it can be saved to a file.
KEPT_LINES: Final = 5000


class OutputLine(msgspec.Struct, frozen=True):
    """One line, ready to be drawn."""

    spans: tuple[Styled, ...]
    is_error: bool
    """It came by stderr."""

    @property
    def text(self) -> str:
        """What stands there, without styles."""
        return "".join(text for text, _style in self.spans)


class OutputRing:
    """Both streams in the order they came. When it is full the oldest lines leave and are counted."""

    def __init__(self, kept_lines: int = KEPT_LINES) -> None:
        self._lines: deque[OutputLine] = deque(maxlen=kept_lines)
        self._streams: dict[OutputStream, OutputLines] = {"stdout": OutputLines(), "stderr": OutputLines()}
        self._digests = {"stdout": hashlib.blake2b(digest_size=16), "stderr": hashlib.blake2b(digest_size=16)}
        self._open: tuple[OutputLine, ...] = ()
        self.dropped = 0
        """How many lines have left."""
        self.size_bytes = 0
        """How much has come, whether kept or not."""

    def __len__(self) -> int:
        return len(self._lines) + len(self._open)

    @property
    def digest(self) -> bytes:
        """The same for the same bytes on each stream, however they were cut."""
        return b"".join(digest.digest() for digest in self._digests.values())

    def line(self, index: int) -> OutputLine:
        """Return a line, 0 being the oldest kept; lines that are not complete yet come last."""
        done = len(self._lines)
        return self._lines[index] if index < done else self._open[index - done]

    def last(self) -> OutputLine | None:
        """Return the newest line with something on it, of the last few; None without one."""
        recent = (self.line(index) for index in range(len(self) - 1, max(-1, len(self) - 10), -1))
        return next((line for line in recent if line.text.strip()), None)

    def feed(self, stream: OutputStream, data: bytes) -> None:
        """Take the next chunk."""
        self.size_bytes += len(data)
        self._digests[stream].update(data)
        self._keep(self._streams[stream].feed(data), stream)
        self._open = tuple(self._under_way())

    def finish(self) -> None:
        """Take what a stream ended with; nothing more comes."""
        for stream, lines in self._streams.items():
            self._keep(lines.finish(), stream)
        self._open = ()

    def _keep(self, lines: Iterable[Line], stream: OutputStream) -> None:
        most = self._lines.maxlen or 0
        for line in lines:
            self.dropped += len(self._lines) == most
            self._lines.append(OutputLine(line.spans, stream == "stderr"))

    def _under_way(self) -> Iterable[OutputLine]:
        for stream, lines in self._streams.items():
            if not lines.is_empty:
                yield OutputLine(lines.open.spans, stream == "stderr")
