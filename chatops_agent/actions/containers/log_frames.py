"""Lines out of the log of a container, as its engine sends it. Pure; at least 200,000 lines a second.

Without a TTY the body is frames: `[1 out, 2 err] 0 0 0` and a length, then a time, a blank and some text.
The text of a line over 16 KiB comes in several, each with the same time in front and only the last one with
a line end. With a TTY there are no frames, and long lines have the time again within.
"""

from typing import Final

from chatops_agent.actions.containers.moments import of_line
from chatops_agent.actions.logs.lines import CUT_MARK, LONGEST_LINE
from chatops_wire.streams import LogLine
from chatops_wire.times import format_ms

_HEADER: Final = 8
_STREAMS: Final = {0: "stdout", 1: "stdout", 2: "stderr"}
_RAW: Final = "application/vnd.docker.raw-stream"
# `2026-01-31T12:00:00.123456789Z`: always so long in Docker's logs, in UTC.
_STAMP: Final = 30
_MILLISECONDS: Final = 23
_PART: Final = 16 * 1024
# A frame is at most a part and its time; what claims to be longer is no frame.
_LONGEST_FRAME: Final = 16 * 1024 * 1024
_NS_IN_MS: Final = 1_000_000


class LogFrames:
    """Takes the bytes of a log as they come."""

    def __init__(self, *, has_tty: bool) -> None:
        """Begin.

        Args:
            has_tty: The container's own setting; old engines do not say it with the answer.
        """
        self._has_tty = has_tty
        self._rest = b""
        self._begun: dict[str, _Begun] = {}
        self.newest: bytes = b""
        """The time of the newest line as the engine wrote it."""

    def feed(self, data: bytes, content_type: str = "") -> list[LogLine]:
        """Return the lines that are complete now."""
        if self._rest:
            data = self._rest + data
        if self._has_tty or content_type.startswith(_RAW):
            return self._plain(data)
        return self._framed(data)

    def _framed(self, data: bytes) -> list[LogLine]:
        lines: list[LogLine] = []
        place, size = 0, len(data)
        while size - place >= _HEADER:
            length = int.from_bytes(data[place + 4 : place + _HEADER], "big")
            stream = _STREAMS.get(data[place])
            if stream is None or data[place + 1 : place + 4] != b"\0\0\0" or length > _LONGEST_FRAME:
                # Podman may send a TTY's log without saying so.
                self._has_tty = True
                return lines + self._plain(data[place:])
            end = place + _HEADER + length
            if end > size:
                break
            self._take(stream, data[place + _HEADER : end], lines)
            place = end
        self._rest = data[place:]
        return lines

    def _take(self, stream: str, payload: bytes, lines: list[LogLine]) -> None:
        """Add the lines of one frame; almost always it is exactly one."""
        stamp, _, text = payload.partition(b" ")
        begun = self._begun.get(stream)
        if begun is None and text.endswith(b"\n") and len(text) <= LONGEST_LINE:
            self.newest = stamp
            lines.append(_line(stamp, stream, text[:-1]))
            return
        if begun is None:
            begun = self._begun[stream] = _Begun(stamp)
        begun.add(text.removesuffix(b"\n"))
        if text.endswith(b"\n"):
            self.newest = stamp
            lines.append(begun.line(stream))
            del self._begun[stream]

    def _plain(self, data: bytes) -> list[LogLine]:
        *ended, self._rest = data.split(b"\n")
        if len(self._rest) > 2 * LONGEST_LINE:
            # It will be cut there anyway; its end is told from its beginning by the time in front.
            self._rest = self._rest[: LONGEST_LINE + _STAMP + 1 + LONGEST_LINE // 2]
        lines = []
        for each in ended:
            stamp, _, text = each.partition(b" ")
            if len(text) > _PART:
                text = _joined(stamp, text)
            self.newest = stamp
            lines.append(_line(stamp, "stdout", text.removesuffix(b"\r")))
        return lines


class _Begun:
    """A line whose end has not come yet; of a very long one only the beginning is kept."""

    def __init__(self, stamp: bytes) -> None:
        self._stamp = stamp
        self._text = bytearray()

    def add(self, text: bytes) -> None:
        """Take more of it."""
        self._text += text[: LONGEST_LINE + 1 - len(self._text)]

    def line(self, stream: str) -> LogLine:
        """Return it as a line."""
        return _line(self._stamp, stream, bytes(self._text))


def _joined(stamp: bytes, text: bytes) -> bytes:
    """Return a long line without the times in front of its parts."""
    between = stamp + b" "
    parts = [text[:_PART]]
    place = _PART
    while place < len(text):
        if text.startswith(between, place):
            place += len(between)
        parts.append(text[place : place + _PART])
        place += _PART
    return b"".join(parts)


def _line(stamp: bytes, stream: str, text: bytes) -> LogLine:
    words = text.decode("utf-8", "replace")
    if len(text) > LONGEST_LINE:
        words = text[:LONGEST_LINE].decode("utf-8", "ignore") + CUT_MARK
    if len(stamp) == _STAMP and stamp.endswith(b"Z"):
        return LogLine(ts=stamp[:_MILLISECONDS].decode("ascii", "replace") + "Z", stream=stream, line=words)
    moment = of_line(stamp)
    if moment is None:
        # No time at all: then it belongs to the line.
        return LogLine(ts=None, stream=stream, line=f"{stamp.decode('utf-8', 'replace')} {words}".rstrip(" "))
    return LogLine(ts=format_ms(moment // _NS_IN_MS), stream=stream, line=words)
