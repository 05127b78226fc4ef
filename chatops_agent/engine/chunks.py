"""The chunked transfer coding of HTTP (RFC 9112, section 7.1), taken apart. Pure."""

from typing import Final

_LONGEST_SIZE: Final = 1024
_END: Final = b"\r\n"


class MalformedChunkError(ValueError):
    """This is no chunked body."""


class Dechunker:
    """Takes bytes as they come and returns what they carry."""

    def __init__(self) -> None:
        self._rest = b""
        # Of the chunk that has begun, with the line end after it.
        self._left = 0
        self.is_ended = False
        """The last chunk has come; what follows is not of this body."""

    def feed(self, data: bytes) -> bytes:
        """Return what these bytes carry.

        Raises:
            MalformedChunkError: A size that is none.
        """
        data, place, carried = self._rest + data, 0, []
        while place < len(data) and not self.is_ended:
            if self._left == 0:
                line_end = data.find(_END, place)
                if line_end < 0:
                    break
                self._left = _size(data[place:line_end]) + len(_END)
                self.is_ended = self._left == len(_END)
                place = line_end + len(_END)
            else:
                part = data[place : place + self._left]
                # The last two bytes are the line end, and may come apart from the rest.
                carried.append(part[: max(0, self._left - len(_END))])
                self._left -= len(part)
                place += len(part)
        self._rest = data[place:]
        if len(self._rest) > _LONGEST_SIZE:
            raise MalformedChunkError("a chunk without a size")
        return b"".join(carried)


def _size(line: bytes) -> int:
    # After a semicolon come extensions, which mean nothing here.
    try:
        size = int(line.partition(b";")[0], 16)
    except ValueError as exc:
        raise MalformedChunkError(f"no size of a chunk: {line[:20]!r}") from exc
    if size < 0:
        raise MalformedChunkError(f"no size of a chunk: {line[:20]!r}")
    return size
