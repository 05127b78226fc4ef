"""What the outbox decided, as frames of the protocol; a sample is encoded once for all its forms."""

from typing import Any, Final, assert_never

from msgspec.structs import replace

from chatops_agent.outbox import Batch, Frame, LiveCopy
from chatops_agent.spool import Dropped, Stored
from chatops_wire.agent import MAX_FRAME_BYTES, Gap
from chatops_wire.codec import encode
from chatops_wire.samples import SampleParts

# What a frame adds around a sample (`{"type":"metrics_batch","samples":[{"seq":` …) is some 70 bytes.
MAX_BODY_BYTES: Final = MAX_FRAME_BYTES - 1024
# What goes first from a sample that is too large: the longest lists, and what charts need last.
_EXPENDABLE: Final[tuple[tuple[str, Any], ...]] = (
    ("processes", ()),
    # Not an empty list: that would say that every container is gone.
    ("containers", None),
    ("temperatures", ()),
    ("networks", ()),
    ("disks", ()),
)


def encode_sample(parts: SampleParts, limit: int = MAX_BODY_BYTES) -> tuple[bytes, tuple[str, ...]]:
    """Return the sample as a JSON object, and the names of the parts left out to make it fit."""
    body, omitted = encode(parts), []
    for name, empty in _EXPENDABLE:
        if len(body) <= limit:
            break
        parts = replace(parts, **{name: empty})
        body = encode(parts)
        omitted.append(name)
    return body, tuple(omitted)


def encode_frame(frame: Frame) -> bytes:
    """Return the text of one frame, UTF-8."""
    match frame:
        case Stored():
            return b'{"type":"metrics",' + _numbered(frame)[1:]
        case Batch(samples):
            return b'{"type":"metrics_batch","samples":[' + b",".join(map(_numbered, samples)) + b"]}"
        case LiveCopy(body):
            return b'{"type":"live",' + body[1:]
        case Dropped():
            return encode(Gap(from_seq=frame.from_seq, to_seq=frame.to_seq, reason=frame.reason))
        case _:
            assert_never(frame)


def _numbered(sample: Stored) -> bytes:
    return b'{"seq":%d,%b' % (sample.seq, sample.body[1:])
