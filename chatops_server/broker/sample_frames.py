"""A sample as clients get it: encoded once, and with the server's id spliced in."""

from typing import Final

import msgspec

from chatops_wire import codec
from chatops_wire.agent import Live, Metrics
from chatops_wire.bounds import clamp_of_struct
from chatops_wire.samples import Sample, SampleParts

_LIVE_PREFIX: Final = b'{"type":"live",'
_METRICS_PREFIX: Final = b'{"type":"metrics",'


class StoredSample(SampleParts, frozen=True, kw_only=True, omit_defaults=True):
    """A sample read back from storage; a live one has no `seq`."""

    seq: int | None = None


AnySample = Metrics | Live | Sample | StoredSample

_within_bounds: Final = clamp_of_struct(StoredSample)
_stored: Final = msgspec.json.Decoder(StoredSample)


def metrics_frame(server_id: str, sample: AnySample) -> bytes:
    """Return the `metrics` message clients get."""
    return b'{"type":"metrics","server_id":%b,%b' % (_text(server_id), _fields(sample))


def whole_body(server_id: str, sample: AnySample) -> bytes:
    """Return the JSON of chatops_wire.rest.MetricsView; `seq` is absent for a live sample."""
    return b'{"server_id":%b,%b' % (_text(server_id), _fields(sample))


def stored_body(sample: AnySample) -> bytes:
    """Return what is stored as a server's latest sample."""
    return b"{" + _fields(sample)


def from_stored(body: bytes) -> StoredSample:
    """Return the sample of `stored_body`, within bounds though an earlier hub knew none.

    Raises:
        ValueError: Not such a body.
    """
    try:
        return _stored.decode(body)
    except msgspec.ValidationError:
        return msgspec.convert(_within_bounds(msgspec.json.decode(body))[0], StoredSample)


def sequence(sample: AnySample) -> int | None:
    """Return the sample's sequence; a live one has none."""
    return None if isinstance(sample, Live) else sample.seq


def _fields(sample: AnySample) -> bytes:
    # Encoding our own struct, never passing on the peer's bytes: those may hold a `server_id`.
    frame = codec.encode(sample)
    for prefix in (_METRICS_PREFIX, _LIVE_PREFIX):
        if frame.startswith(prefix):
            return frame[len(prefix) :]
    return frame[1:]


def _text(value: str) -> bytes:
    return msgspec.json.encode(value)
