"""Some samples of one server in as little memory as the event loop's time allows.

Neighbouring values differ in their low bytes, so all lowest bytes are laid side by side, then all second ones
and so on, and compressed together: a third of the arrays' size for 2 µs a sample. The columns of sealed hours
(domain/chunks.py), each compressed by itself, take ten times as long and are larger for so few samples.
"""

import zlib
from array import array
from collections.abc import Sequence
from typing import Final

# Most values fit into 32 bits; a column that meets a larger one moves to 64. The smallest one of each
# means "no value": the columns never hold it (domain/columns.py, LIMIT; and 32 bits give way before).
NARROW: Final = "i"
WIDE: Final = "q"
NONE: Final = {NARROW: -(2**31), WIDE: -(2**63)}
NARROW_LIMIT: Final = 2**31 - 1

_ABSENT: Final = "-"
_SIZES: Final = {NARROW: array(NARROW).itemsize, WIDE: array(WIDE).itemsize, _ABSENT: 0}
# Higher ones take three times as long for two percent.
_LEVEL: Final = 1


class PackedRows:
    """Times and columns of the same length; nothing is added any more."""

    __slots__ = ("_body", "_codes", "first_ms", "last_ms", "rows")

    def __init__(self, times: "array[int]", columns: Sequence["array[int] | None"]) -> None:
        """Pack them: `times` in WIDE, each column in NARROW, WIDE, or None where it has no values."""
        self.rows = len(times)
        self.first_ms = min(times)
        self.last_ms = max(times)
        self._codes = "".join(_ABSENT if column is None else column.typecode for column in columns)
        wide = [times, *(column for column in columns if column is not None and column.typecode == WIDE)]
        narrow = [column for column in columns if column is not None and column.typecode == NARROW]
        self._body = zlib.compress(_planes(wide, _SIZES[WIDE]) + _planes(narrow, _SIZES[NARROW]), _LEVEL)

    def times(self) -> list[int]:
        """Return the times, by arrival."""
        return self._read(WIDE, 0).tolist()

    def column(self, at: int) -> list[int | None]:
        """Return the values of a column, by arrival."""
        code = self._codes[at]
        if code == _ABSENT:
            return [None] * self.rows
        # The times come before the first wide column.
        place = self._codes.count(code, 0, at) + (code == WIDE)
        none = NONE[code]
        return [None if value == none else value for value in self._read(code, place)]

    def _read(self, code: str, place: int) -> "array[int]":
        content = zlib.decompress(self._body)
        wide_bytes = (1 + self._codes.count(WIDE)) * self.rows * _SIZES[WIDE]
        planes = content[:wide_bytes] if code == WIDE else content[wide_bytes:]
        size = _SIZES[code]
        length = len(planes) // size
        raw = bytearray(self.rows * size)
        for at in range(size):
            begin = at * length + place * self.rows
            raw[at::size] = planes[begin : begin + self.rows]
        return array(code, bytes(raw))


def _planes(columns: Sequence["array[int]"], size: int) -> bytes:
    raw = b"".join(column.tobytes() for column in columns)
    return b"".join(raw[at::size] for at in range(size))
