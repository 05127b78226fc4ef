"""One server's output among others': whole lines, each behind the server's name. Pure."""

from collections.abc import Iterable
from typing import Final, Protocol

from chatops_tui.render.charset import Charset
from chatops_tui.render.output_lines import OutputLines
from chatops_tui.render.sgr import Styled
from chatops_tui.render.tty_text import coloured

# A longer one goes on behind another prefix: nothing is lost, and little is held.
_LONGEST_LINE: Final = 64 * 1024
_CELLS: Final = 4096


class Lines(Protocol):
    """Bytes to lines with a prefix."""

    def feed(self, data: bytes) -> bytes:
        """Return the lines that are complete now."""
        ...

    def finish(self) -> bytes:
        """Return what is left, as a line of its own."""
        ...


class RawLines:
    """For a pipe or a file: the bytes as they came."""

    def __init__(self, prefix: bytes) -> None:
        self._prefix = prefix
        self._begun = b""

    def feed(self, data: bytes) -> bytes:
        """Return the lines that are complete now."""
        *lines, self._begun = (self._begun + data).split(b"\n")
        while len(self._begun) > _LONGEST_LINE:
            lines.append(self._begun[:_LONGEST_LINE])
            self._begun = self._begun[_LONGEST_LINE:]
        return b"".join(self._prefix + line + b"\n" for line in lines)

    def finish(self) -> bytes:
        """Return what is left, as a line of its own."""
        begun, self._begun = self._begun, b""
        return self._prefix + begun + b"\n" if begun else b""


class TtyLines:
    """For a terminal: harmless, in colours; of a line that was rewritten, how it looked in the end."""

    def __init__(self, prefix: str, charset: Charset) -> None:
        self._prefix = prefix
        self._charset = charset
        self._lines = OutputLines(_CELLS)

    def feed(self, data: bytes) -> bytes:
        """Return the lines that are complete now."""
        return self._shown(line.spans for line in self._lines.feed(data))

    def finish(self) -> bytes:
        """Return what is left, as a line of its own."""
        return self._shown(line.spans for line in self._lines.finish())

    def _shown(self, lines: Iterable[tuple[Styled, ...]]) -> bytes:
        text = "".join(f"{self._prefix}{coloured(spans, self._charset)}\n" for spans in lines)
        return text.encode(errors="replace")
