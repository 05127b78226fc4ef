"""A command's output as a sequence of chunks, its stored form, and what of a long one is kept."""

import zlib
from codecs import getincrementaldecoder
from collections.abc import Iterable, Sequence
from struct import Struct
from struct import error as StructError  # noqa: N812 - a class, whatever its name
from typing import Final, NamedTuple

from chatops_wire.commands import OUTPUT_LIMIT_BYTES, OutputStream

KEPT_BYTES: Final = OUTPUT_LIMIT_BYTES
KEPT_HEAD_BYTES: Final = KEPT_BYTES // 2
# Sequence, stream, length of the data that follows.
_HEAD: Final = Struct(">QBI")
_STREAMS: Final[tuple[OutputStream, ...]] = ("stdout", "stderr")
# The next level saves a tenth of a log's size and costs half as much time again.
SMALL: Final = 1
AS_IT_IS: Final = 0


class Chunk(NamedTuple):
    """A part of the output; `seq` counts the chunks of one command from 1."""

    seq: int
    stream: OutputStream
    data: bytes


def packed(chunks: Iterable[Chunk], level: int = SMALL) -> bytes:
    """Return chunks in the form they are stored in; `level` AS_IT_IS does not compress."""
    squeezer = zlib.compressobj(level)
    parts = []
    for seq, stream, data in chunks:
        parts.append(squeezer.compress(_HEAD.pack(seq, _STREAMS.index(stream), len(data))))
        parts.append(squeezer.compress(data))
    parts.append(squeezer.flush())
    return b"".join(parts)


def unpacked(body: bytes) -> list[Chunk]:
    """Return the chunks of `packed`.

    Raises:
        ValueError: The body is none of ours, or damaged.
    """
    try:
        raw = memoryview(zlib.decompress(body))
        chunks = []
        at = 0
        while at < len(raw):
            seq, stream, size = _HEAD.unpack_from(raw, at)
            at += _HEAD.size
            chunks.append(Chunk(seq, _STREAMS[stream], bytes(raw[at : at + size])))
            at += size
    except (zlib.error, StructError, IndexError) as exc:
        raise ValueError("damaged output") from exc
    return chunks


class OutputText:
    """Decodes output piece by piece, each stream for itself; what is no UTF-8 is replaced."""

    def __init__(self) -> None:
        self._decoders = {stream: getincrementaldecoder("utf-8")("replace") for stream in _STREAMS}

    def of(self, chunks: Iterable[Chunk]) -> str:
        """Return the next chunks as text, both streams in their order."""
        return "".join(self._decoders[chunk.stream].decode(chunk.data) for chunk in chunks)

    def rest(self) -> str:
        """Return what half characters at the end are replaced by."""
        return "".join(decoder.decode(b"", final=True) for decoder in self._decoders.values())


def text_of(chunks: Iterable[Chunk]) -> str:
    """Return the output as text, both streams in their order; what is no UTF-8 is replaced."""
    text = OutputText()
    return text.of(chunks) + text.rest()


def kept(sizes: Sequence[int]) -> tuple[int, int]:
    """Return which pieces of an output stay: those before the first number, those from the second on.

    All of at most KEPT_BYTES; of more, a head of at most KEPT_HEAD_BYTES and a tail that fills the rest.
    """
    if sum(sizes) <= KEPT_BYTES:
        return len(sizes), len(sizes)
    head, head_bytes = 0, 0
    while head < len(sizes) and head_bytes + sizes[head] <= KEPT_HEAD_BYTES:
        head_bytes += sizes[head]
        head += 1
    tail, left = len(sizes), KEPT_BYTES - head_bytes
    while tail > head and sizes[tail - 1] <= left:
        tail -= 1
        left -= sizes[tail]
    return head, tail
