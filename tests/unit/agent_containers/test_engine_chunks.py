"""The chunked coding of HTTP, whatever pieces it comes in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_agent.engine.chunks import Dechunker, MalformedChunkError


def _coded(parts: list[bytes]) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


@given(st.lists(st.binary(min_size=1, max_size=50)), st.lists(st.integers(1, 40)))
def test_what_was_coded_comes_back_however_it_is_cut(parts: list[bytes], cuts: list[int]) -> None:
    whole, chunks, carried = _coded(parts), Dechunker(), b""
    for cut in [*cuts, len(whole)]:
        piece, whole = whole[:cut], whole[cut:]
        carried += chunks.feed(piece)
    assert b"".join(parts) == carried
    assert chunks.is_ended


def test_part_of_a_chunk_is_handed_on_at_once() -> None:
    assert Dechunker().feed(b"ff\r\nabc") == b"abc"


def test_extensions_mean_nothing() -> None:
    assert Dechunker().feed(b"3;name=value\r\nabc\r\n") == b"abc"


@pytest.mark.parametrize("data", [b"xyz\r\n", b"-3\r\n", b"\r\n", b"1" * 2000])
def test_what_is_no_chunk_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedChunkError):
        Dechunker().feed(data)
