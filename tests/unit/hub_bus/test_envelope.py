"""How messages between hubs travel."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_server.bus.base import MAX_PAYLOAD_BYTES
from chatops_server.bus.envelope import PACKED_FROM_BYTES, Envelope, EnvelopeError

OLD, NEW = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"


@given(payload=st.binary(max_size=2 * PACKED_FROM_BYTES))
def test_what_is_sealed_is_opened(payload: bytes) -> None:
    envelope = Envelope(OLD)
    assert envelope.open("live.a", envelope.seal("live.a", payload)) == payload


def test_what_is_large_is_packed() -> None:
    assert len(Envelope(OLD).seal("live.a", b"a" * 100_000)) < 1_000


@given(sealed=st.binary(max_size=200))
def test_what_nobody_sealed_is_an_envelope_error(sealed: bytes) -> None:
    with pytest.raises(EnvelopeError):
        Envelope(OLD).open("live.a", sealed)


def test_a_message_cannot_be_moved_to_another_subject() -> None:
    envelope = Envelope(OLD)
    with pytest.raises(EnvelopeError):
        envelope.open("hub.a.agent", envelope.seal("live.a", b"x"))


def test_a_secret_that_was_changed_is_still_read() -> None:
    assert Envelope(NEW, OLD).open("live.a", Envelope(OLD).seal("live.a", b"x")) == b"x"
    with pytest.raises(EnvelopeError):
        Envelope(NEW).open("live.a", Envelope(OLD).seal("live.a", b"x"))


def test_a_message_that_unpacks_to_too_much_is_refused() -> None:
    sealed = Envelope(OLD).seal("live.a", b"a" * (MAX_PAYLOAD_BYTES + 1))
    assert len(sealed) < len(zlib.compress(b"a" * MAX_PAYLOAD_BYTES, 1)) + 1_000
    with pytest.raises(EnvelopeError):
        Envelope(OLD).open("live.a", sealed)
