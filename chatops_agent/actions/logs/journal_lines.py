"""Lines of the journal out of `journalctl -o json`. Pure."""

from typing import Any, Final

import msgspec

from chatops_agent.actions.logs.lines import CUT_MARK, LONGEST_LINE, LineSplitter
from chatops_wire.streams import LogLine
from chatops_wire.times import format_ms

# In JSON every byte may become six; what passes this is shown as cut.
_LONGEST_ENTRY: Final = 1024 * 1024
_BYTE: Final = range(256)
_TOO_LONG: Final = "[entry too long]"


class JournalParser:
    """Makes lines of entries as they come in parts."""

    def __init__(self) -> None:
        self._splitter = LineSplitter(_LONGEST_ENTRY)

    def feed(self, data: bytes) -> list[LogLine]:
        """Return the lines of the entries that are complete now; an entry may have several."""
        return [line for entry in self._splitter.feed(data) if entry for line in _lines(entry)]


def _lines(entry: str) -> list[LogLine]:
    try:
        fields = msgspec.json.decode(entry, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return [LogLine(ts=None, stream="stdout", line=_TOO_LONG)]
    ts = _time(fields.get("__REALTIME_TIMESTAMP"))
    return [
        LogLine(
            ts=ts, stream="stdout", line=line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] + CUT_MARK
        )
        for line in _text(fields.get("MESSAGE")).split("\n")
    ]


def _time(microseconds: object) -> str | None:
    try:
        return format_ms(int(str(microseconds)) // 1000)
    except ValueError:
        return None


def _text(message: object) -> str:
    """Return what an entry says: text, a list of bytes where it is no UTF-8, or one of several fields."""
    if isinstance(message, list):
        if all(isinstance(each, int) and each in _BYTE for each in message):
            return bytes(message).decode("utf-8", "replace")
        return "\n".join(_text(each) for each in message)
    return message if isinstance(message, str) else ""
