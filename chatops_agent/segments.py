"""How the spool is written: segments of checked records, and a state that is rewritten in place. Pure.

Whatever a crash, a torn write or a bad disk made of a file, reading it gives the records that are whole.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Final, Literal

SEGMENT_MAGIC: Final = b"CHATOPS1"
EPOCH_BYTES: Final = 16
# A segment begins with its magic and the epoch.
SEGMENT_HEAD: Final = len(SEGMENT_MAGIC) + EPOCH_BYTES

# Where a record may begin, looked for after a damaged one: length of the body, sequence, CRC32 of all three.
_RECORD_MAGIC: Final = b"\xc5\x5a"
_PLACE: Final = struct.Struct("<IQ")
_CRC: Final = struct.Struct("<I")
_HEAD: Final = len(_RECORD_MAGIC) + _PLACE.size + _CRC.size

# Two slots, written in turn: one torn by a power cut leaves the other. In sectors of their own, and
# rewritten in place, which a full disk does not prevent.
SLOT_BYTES: Final = 4096
SLOTS: Final = 2
_STATE_MAGIC: Final = b"CHSTATE1"
_STATE: Final = struct.Struct("<8sQ16sQQQB36s64s")

Mode = Literal["clean", "on_disk", "in_memory"]
_MODES: Final[tuple[Mode, ...]] = ("clean", "on_disk", "in_memory")

Record = tuple[int, bytes]
"""A sequence and its body."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What a segment holds: ascending records, and whether every byte of it belongs to one."""

    records: tuple[Record, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class State:
    """What outlives the process beside the samples."""

    epoch: str
    """32 hexadecimal digits."""
    next_seq: int = 1
    """What the next sample's sequence was when this was written."""
    reserved: int = 1
    """Sequences below this may have been used, whether or not their records are on disk."""
    dropped: int = 0
    """Everything up to this was dropped for want of room."""
    mode: Mode = "on_disk"
    boot_id: str = ""
    server_id: str = ""
    """Whose samples these are, as the hub named it; empty before the first welcome."""
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Segment:
    """One file: which sequences are in it, both ends included, and how large it is."""

    first: int
    last: int
    size: int


@dataclass(frozen=True, slots=True)
class Opened:
    """What an earlier process left."""

    state: State
    next_seq: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose samples they are."""

    epoch: str
    server_id: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """What is on disk after a step, and why the step did not come to its end."""

    epoch: str
    segments: tuple[Segment, ...]
    saved: int
    """The newest sequence on disk."""
    dropped: int
    """Everything up to this was dropped for want of room."""
    failure: str | None = None


def segment_head(epoch: str) -> bytes:
    """Return how a segment begins."""
    return SEGMENT_MAGIC + bytes.fromhex(epoch)


def encode_record(record: Record) -> bytes:
    """Return a record as it stands in a segment."""
    seq, body = record
    place = _PLACE.pack(len(body), seq)
    return b"".join((_RECORD_MAGIC, place, _CRC.pack(zlib.crc32(body, zlib.crc32(place))), body))


def scan(content: bytes, epoch: str) -> Scan:
    """Return what is whole in a segment of that epoch; nothing of another epoch's."""
    if content[:SEGMENT_HEAD] != segment_head(epoch):
        return Scan((), is_whole=False)
    records: list[Record] = []
    at, is_whole = SEGMENT_HEAD, True
    while at < len(content):
        found = _record_at(content, at)
        if found is None:
            is_whole = False
            at = content.find(_RECORD_MAGIC, at + 1)
            if at < 0:
                break
            continue
        record, at = found
        # One that was written twice stands here twice.
        if not records or record[0] > records[-1][0]:
            records.append(record)
    return Scan(tuple(records), is_whole)


def encode_state(state: State) -> bytes:
    """Return the content of a slot."""
    packed = _STATE.pack(
        _STATE_MAGIC,
        state.generation,
        bytes.fromhex(state.epoch),
        state.next_seq,
        state.reserved,
        state.dropped,
        _MODES.index(state.mode),
        state.boot_id.encode()[:36],
        state.server_id.encode()[:64],
    )
    return (packed + _CRC.pack(zlib.crc32(packed))).ljust(SLOT_BYTES, b"\0")


def decode_state(content: bytes) -> State | None:
    """Return the newer of the slots that are whole; None if neither is."""
    slots = (_slot(content[at * SLOT_BYTES : (at + 1) * SLOT_BYTES]) for at in range(SLOTS))
    return max(filter(None, slots), key=lambda state: state.generation, default=None)


def _record_at(content: bytes, at: int) -> tuple[Record, int] | None:
    body_at = at + _HEAD
    if content[at : at + len(_RECORD_MAGIC)] != _RECORD_MAGIC or body_at > len(content):
        return None
    place = content[at + len(_RECORD_MAGIC) : body_at - _CRC.size]
    length, seq = _PLACE.unpack(place)
    (checksum,) = _CRC.unpack(content[body_at - _CRC.size : body_at])
    end = body_at + length
    if end > len(content) or zlib.crc32(content[body_at:end], zlib.crc32(place)) != checksum:
        return None
    return (seq, content[body_at:end]), end


def _slot(content: bytes) -> State | None:
    packed = content[: _STATE.size]
    checksum = content[_STATE.size : _STATE.size + _CRC.size]
    if len(checksum) < _CRC.size or _CRC.pack(zlib.crc32(packed)) != checksum:
        return None
    magic, generation, epoch, next_seq, reserved, dropped, mode, boot_id, server_id = _STATE.unpack(packed)
    if magic != _STATE_MAGIC or mode >= len(_MODES):
        return None
    return State(
        epoch.hex(), next_seq, reserved, dropped, _MODES[mode], _text(boot_id), _text(server_id), generation
    )


def _text(padded: bytes) -> str:
    return padded.rstrip(b"\0").decode("utf-8", "replace")
