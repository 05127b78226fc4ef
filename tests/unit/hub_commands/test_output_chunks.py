"""Output as chunks: its stored form, its text, and what of a long one is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_server.domain.output_chunks import (
    AS_IT_IS,
    KEPT_BYTES,
    KEPT_HEAD_BYTES,
    SMALL,
    Chunk,
    kept,
    packed,
    text_of,
    unpacked,
)

CHUNKS = st.lists(
    st.builds(Chunk, st.integers(1, 2**63 - 1), st.sampled_from(["stdout", "stderr"]), st.binary(max_size=99))
)
MIB = 1024 * 1024


@given(chunks=CHUNKS, level=st.sampled_from([SMALL, AS_IT_IS]))
def test_what_was_packed_comes_back(chunks: list[Chunk], level: int) -> None:
    assert unpacked(packed(chunks, level)) == chunks


@given(st.binary(max_size=200))
def test_nothing_but_a_value_error_comes_out_of_what_is_not_ours(body: bytes) -> None:
    with pytest.raises(ValueError, match="damaged"):
        unpacked(body)


@given(chunks=CHUNKS.filter(bool), at=st.integers(0, 10_000))
def test_a_body_cut_short_is_damaged(chunks: list[Chunk], at: int) -> None:
    body = packed(chunks)
    with pytest.raises(ValueError, match="damaged"):
        unpacked(body[: at % len(body)])


def test_a_character_may_lie_in_two_chunks_with_the_other_stream_between() -> None:
    euro = "€".encode()
    chunks = [
        Chunk(1, "stdout", b"a" + euro[:1]),
        Chunk(2, "stderr", b"!"),
        Chunk(3, "stdout", euro[1:]),
        Chunk(4, "stderr", euro[:2]),
    ]
    assert text_of(chunks) == "a!€\ufffd"


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], (0, 0)),
        ([5], (1, 1)),
        ([KEPT_HEAD_BYTES, KEPT_HEAD_BYTES], (2, 2)),
        ([KEPT_HEAD_BYTES, 1, KEPT_HEAD_BYTES], (1, 2)),
        ([MIB] * 20, (8, 12)),
        ([KEPT_BYTES + 1], (0, 1)),
        ([1, KEPT_BYTES, 1], (1, 2)),
    ],
)
def test_of_a_long_output_both_ends_are_kept(sizes: list[int], expected: tuple[int, int]) -> None:
    assert kept(sizes) == expected


@given(st.lists(st.integers(0, 3 * MIB), max_size=30))
def test_never_more_is_kept_than_may_be_and_all_of_what_fits(sizes: list[int]) -> None:
    head, tail = kept(sizes)
    assert 0 <= head <= tail <= len(sizes)
    stays = sum(sizes[:head]) + sum(sizes[tail:])
    assert stays <= KEPT_BYTES
    if sum(sizes) <= KEPT_BYTES:
        assert head == tail
    else:
        # Not even the last piece that was left out would have fitted.
        assert stays + sizes[tail - 1] > KEPT_BYTES
