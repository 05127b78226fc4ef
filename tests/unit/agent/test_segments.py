import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_agent.segments import (
    SEGMENT_HEAD,
    SLOT_BYTES,
    SLOTS,
    Record,
    Scan,
    State,
    decode_state,
    encode_record,
    encode_state,
    scan,
    segment_head,
)

EPOCH = "0123456789abcdef" * 2
RECORDS = st.lists(st.binary(max_size=80), max_size=12).map(lambda bodies: list(enumerate(bodies, 7)))


def segment(records: list[Record]) -> bytes:
    return segment_head(EPOCH) + b"".join(map(encode_record, records))


@given(RECORDS)
def test_what_was_written_is_read(records: list[Record]) -> None:
    assert scan(segment(records), EPOCH) == Scan(tuple(records), is_whole=True)


@given(RECORDS, st.data())
def test_a_torn_tail_costs_only_the_record_it_tears(records: list[Record], data: st.DataObject) -> None:
    content = segment(records)
    cut = data.draw(st.integers(SEGMENT_HEAD, len(content)))
    whole = [
        record
        for at, record in enumerate(records)
        if len(segment(records[: at + 1])) <= cut
    ]  # fmt: skip
    found = scan(content[:cut], EPOCH)
    assert found.records == tuple(whole)
    assert found.is_whole == (cut in {len(segment(records[:at])) for at in range(len(records) + 1)})


@given(RECORDS, st.data())
def test_damage_costs_only_what_it_touches(records: list[Record], data: st.DataObject) -> None:
    content = bytearray(segment(records))
    start = data.draw(st.integers(SEGMENT_HEAD, len(content)))
    damage = data.draw(st.binary(max_size=60))
    content[start : start + len(damage)] = damage
    untouched = [
        record
        for at, record in enumerate(records)
        if len(segment(records[: at + 1])) <= start or len(segment(records[:at])) >= start + len(damage)
    ]
    found = scan(bytes(content), EPOCH)
    assert set(untouched) <= set(found.records) <= set(records)


@given(st.binary(max_size=300))
def test_anything_can_be_scanned(content: bytes) -> None:
    assert scan(segment_head(EPOCH) + content, EPOCH).records == ()


def test_a_segment_of_another_epoch_holds_nothing() -> None:
    assert scan(segment([(1, b"a")]), "f" * 32) == Scan((), is_whole=False)


def test_a_record_written_twice_is_read_once() -> None:
    assert scan(segment([(1, b"a"), (2, b"b"), (1, b"a"), (2, b"b"), (3, b"c")]), EPOCH).records == (
        (1, b"a"),
        (2, b"b"),
        (3, b"c"),
    )


STATE = State(EPOCH, 5, 21, 3, "in_memory", "boot", "srv_1", 8)


def test_a_state_comes_back_as_it_was() -> None:
    assert decode_state(encode_state(STATE)) == STATE
    assert len(encode_state(STATE)) == SLOT_BYTES


def test_of_two_states_the_newer_counts_wherever_it_stands() -> None:
    older, newer = encode_state(STATE), encode_state(State(EPOCH, 6, generation=9))
    for content in (older + newer, newer + older):
        found = decode_state(content)
        assert found is not None
        assert found.generation == 9


@pytest.mark.parametrize("torn", range(SLOTS))
def test_one_torn_slot_leaves_the_other(torn: int) -> None:
    slots = [encode_state(STATE), encode_state(State(EPOCH, 6, generation=9))]
    noise = random.Random(1).randbytes(SLOT_BYTES)  # noqa: S311 - damage
    found = decode_state(b"".join(noise if at == torn else slot for at, slot in enumerate(slots)))
    assert found is not None
    assert found.generation == (9 if torn == 0 else 8)


@given(st.binary(max_size=2 * SLOT_BYTES))
def test_anything_else_is_no_state(content: bytes) -> None:
    assert decode_state(content) is None
