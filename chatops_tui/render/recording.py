"""Recordings of terminals as asciicast v2 (https://docs.asciinema.org/manual/asciicast/v2/). Pure."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

import msgspec

# As a terminal can be; a stranger's file may say anything.
_MOST_CELLS: Final = 1000
# A year: likewise.
_LONGEST_S: Final = 365 * 86_400.0


class RecordingError(Exception):
    """That is no recording; the text is half a sentence."""


class Shown(msgspec.Struct, frozen=True):
    """A piece of output, or a new size as `COLSxROWS`. A stranger's text: neutralise before drawing."""

    at_s: float
    """Since the beginning, never less than of the piece before."""
    kind: Literal["output", "size"]
    text: str


class Recording(msgspec.Struct, frozen=True):
    """What a terminal showed, from its beginning on."""

    cols: int
    rows: int
    pieces: Sequence[Shown]

    @property
    def lasts_s(self) -> float:
        """When the last piece came."""
        return self.pieces[-1].at_s if self.pieces else 0.0


class _Header(msgspec.Struct, frozen=True):
    version: int
    width: int
    height: int


def understood(lines: Iterable[bytes]) -> Recording:
    """Return the recording in these lines. Input, markers and broken lines are left out.

    The end of a recording that is still being written may be cut.

    Raises:
        RecordingError: The first line is no header of version 2.
    """
    rest = iter(lines)
    try:
        header = msgspec.json.decode(next(rest, b""), type=_Header)
    except msgspec.DecodeError as exc:
        raise RecordingError("it does not begin as an asciicast does") from exc
    if header.version != 2:  # noqa: PLR2004 - the form's own number
        raise RecordingError(f"it is an asciicast of version {header.version}, only 2 can be played")
    pieces: list[Shown] = []
    latest_s = 0.0
    for line in rest:
        piece = _piece(line, latest_s)
        if piece is not None:
            pieces.append(piece)
            latest_s = piece.at_s
    return Recording(_cells(header.width), _cells(header.height), pieces)


def _piece(line: bytes, latest_s: float) -> Shown | None:
    try:
        event: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeError):
        return None
    match event:
        case [int() | float() as at_s, "o", str() as text]:
            return Shown(_moment(at_s, latest_s), "output", text)
        case [int() | float() as at_s, "r", str() as text]:
            return Shown(_moment(at_s, latest_s), "size", text)
        case _:
            return None


def _moment(at_s: float, latest_s: float) -> float:
    # A whole number of any length is told as an int, which may be too large for a float.
    return float(min(max(latest_s, at_s), _LONGEST_S))


def _cells(count: int) -> int:
    return min(max(1, count), _MOST_CELLS)
