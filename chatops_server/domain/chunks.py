"""Columns of integers as bytes: each compressed by itself, so that a chart reads only those it shows.

Neighbouring samples differ little, so most columns are kept as differences, in the narrowest integers that
hold them. Whatever does not fit into 64 bits is kept as text: absurd, but not lost.
"""

import struct
import zlib
from array import array
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final

Cells = Sequence[int | None]

_COUNTS: Final = struct.Struct("<HI")
_LENGTH: Final = struct.Struct("<I")
_FIRST: Final = struct.Struct("<q")
# How a column is kept: the type of its integers, whether they are differences, whether some are missing.
_TEXT: Final = ord("t")
_WIDTHS: Final = {"b": 7, "h": 15, "i": 31, "q": 63}
_PLAIN: Final = 0
_DIFFERENCES: Final = 1
_MASKED: Final = 2
# deflate makes at most 1,032 bytes of one. A column takes a byte a row, so bytes that claim more rows lie,
# but for columns without a value, which take none: of those no more than any hour has.
_RATIO: Final = 1032
_MOST_EMPTY_ROWS: Final = 1_000_000
# Of a value that is kept as text, its blank included: no longer one is read as a number.
_LONGEST_TEXT: Final = 4301
_LONGEST: Final = 8
# Of 720 small integers; a higher level takes twice as long for one percent.
_LEVEL: Final = 6


class DamagedChunkError(ValueError):
    """These bytes are no columns."""


def encode(columns: Sequence[Cells]) -> bytes:
    """Return columns of the same length as bytes; None where there is no value."""
    bodies = [_encoded(column) for column in columns]
    rows = len(columns[0]) if columns else 0
    return b"".join((_COUNTS.pack(len(bodies), rows), *(_LENGTH.pack(len(body)) for body in bodies), *bodies))


def width(chunk: bytes) -> int:
    """Return how many columns there are.

    Raises:
        DamagedChunkError: See there.
    """
    return _counts(chunk)[0]


def decode(chunk: bytes, wanted: Sequence[int]) -> list[Cells]:
    """Return the columns at these positions; one beyond the last is empty of values.

    Raises:
        DamagedChunkError: See there.
    """
    count, rows = _counts(chunk)
    ends = list(
        accumulate(
            (_LENGTH.unpack_from(chunk, _COUNTS.size + at * _LENGTH.size)[0] for at in range(count)),
            initial=_COUNTS.size + count * _LENGTH.size,
        )
    )
    if ends[-1] != len(chunk):
        raise DamagedChunkError("it is not as long as it says")
    nothing: Cells = (None,) * rows
    return [
        _decoded(chunk[ends[at] : ends[at + 1]], rows) if at < count and ends[at] < ends[at + 1] else nothing
        for at in wanted
    ]


def _counts(chunk: bytes) -> tuple[int, int]:
    if len(chunk) < _COUNTS.size:
        raise DamagedChunkError("it is too short")
    count, rows = _COUNTS.unpack_from(chunk)
    if len(chunk) < _COUNTS.size + count * _LENGTH.size:
        raise DamagedChunkError("it is too short")
    if rows > _MOST_EMPTY_ROWS + _RATIO * len(chunk):
        raise DamagedChunkError("it cannot have as many rows as it says")
    return count, rows


def _encoded(column: Cells) -> bytes:
    values = [value for value in column if value is not None]
    if not values:
        return b""
    mask = b"" if len(values) == len(column) else bytes(value is not None for value in column)
    flags = _MASKED if mask else _PLAIN
    differences = [after - before for before, after in pairwise(values)]
    best = _narrowest(differences)
    plain = _narrowest(values)
    if plain is None:
        text = " ".join(map(str, values)).encode()
        return bytes((_TEXT, flags)) + _FIRST.pack(0) + zlib.compress(mask + text, _LEVEL)
    if best is None or _WIDTHS[best] > _WIDTHS[plain]:
        return bytes((ord(plain), flags)) + _FIRST.pack(0) + _packed(mask, plain, values)
    return (
        bytes((ord(best), flags | _DIFFERENCES)) + _FIRST.pack(values[0]) + _packed(mask, best, differences)
    )


def _packed(mask: bytes, code: str, values: Sequence[int]) -> bytes:
    return zlib.compress(mask + array(code, values).tobytes(), _LEVEL)


def _narrowest(values: Sequence[int]) -> str | None:
    """Return the type that holds all values; None if none does."""
    if not values:
        return "b"
    bits = max(max(values).bit_length(), (~min(values)).bit_length() if min(values) < 0 else 0)
    return next((code for code, most in _WIDTHS.items() if bits <= most), None)


def _decoded(body: bytes, rows: int) -> Cells:
    try:
        code, flags = body[0], body[1]
        (first,) = _FIRST.unpack_from(body, 2)
        content = _unpacked(
            body[2 + _FIRST.size :], rows * (1 + (_LONGEST_TEXT if code == _TEXT else _LONGEST))
        )
        mask, content = (content[:rows], content[rows:]) if flags & _MASKED else (b"", content)
        values = _values(code, content)
    except (zlib.error, struct.error, IndexError, ValueError) as exc:
        raise DamagedChunkError(str(exc)) from exc
    if flags & _DIFFERENCES:
        values = list(accumulate(values, initial=first))
    if len(values) != (mask.count(1) if mask else rows):
        raise DamagedChunkError("a column is not as long as the others")
    if not mask:
        return values
    present = iter(values)
    return [next(present) if there else None for there in mask]


def _unpacked(packed: bytes, most: int) -> bytes:
    """Return at most `most` bytes: what a few damaged ones unpack to must not fill the memory."""
    inflating = zlib.decompressobj()
    content = inflating.decompress(packed, most + 1)
    if len(content) > most or not inflating.eof:
        raise DamagedChunkError("a column is longer than its rows, or cut short")
    return content


def _values(code: int, content: bytes) -> list[int]:
    if code == _TEXT:
        return [int(text) for text in content.split()]
    return array(chr(code), content).tolist()
