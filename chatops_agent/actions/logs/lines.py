"""Bytes to lines of text. Pure."""

from typing import Final

# A line a person reads; what passes it is a dump that lost its way, and would fill a frame alone.
LONGEST_LINE: Final = 64 * 1024
CUT_MARK: Final = " [line cut]"


class LineSplitter:
    """Joins what came in parts. A line over the limit is cut there and marked; the rest of it is skipped."""

    def __init__(self, limit: int = LONGEST_LINE) -> None:
        """Begin with nothing.

        Args:
            limit: Bytes of a line.
        """
        self._limit = limit
        self._begun = bytearray()
        self._skipping = False

    @property
    def has_begun(self) -> bool:
        """Some bytes of a line are here without its end."""
        return bool(self._begun)

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that are complete now, without their ends; invalid UTF-8 is replaced."""
        *ended, begun = data.split(b"\n")
        lines: list[str] = []
        for part in ended:
            self._begin(part, lines)
            if not self._skipping:
                lines.append(self._take())
            self._skipping = False
        self._begin(begun, lines)
        return lines

    def flush(self) -> list[str]:
        """Return what has begun as a line of its own; nothing if there is none."""
        return [self._take()] if self._begun else []

    def _begin(self, part: bytes, lines: list[str]) -> None:
        if self._skipping:
            return
        self._begun += part
        if len(self._begun) > self._limit:
            # Not within a character: a cut one would show as a replacement that is not in the file.
            cut = bytes(self._begun[: self._limit])
            lines.append(cut.decode("utf-8", "ignore" if _is_cut(cut) else "replace") + CUT_MARK)
            self._begun.clear()
            self._skipping = True

    def _take(self) -> str:
        line = bytes(self._begun).removesuffix(b"\r").decode("utf-8", "replace")
        self._begun.clear()
        return line


def _is_cut(data: bytes) -> bool:
    """Say whether nothing but an unfinished last character is wrong with this text."""
    try:
        data.decode()
    except UnicodeDecodeError as exc:
        return exc.end == len(data) and exc.reason == "unexpected end of data"
    return False
