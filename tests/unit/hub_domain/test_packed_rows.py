"""Samples that are packed come out as they went in."""

from array import array

from hypothesis import given
from hypothesis import strategies as st

from chatops_server.domain.packed_rows import NARROW, NARROW_LIMIT, NONE, WIDE, PackedRows

WIDE_VALUE = st.integers(NONE[WIDE] + 1, -NONE[WIDE] - 1)
NARROW_VALUE = st.integers(-NARROW_LIMIT, NARROW_LIMIT)


@given(
    st.lists(
        st.tuples(st.integers(0, 2**62), st.none() | NARROW_VALUE, st.none() | WIDE_VALUE, NARROW_VALUE),
        min_size=1,
        max_size=40,
    )
)
def test_rows_come_out_as_they_went_in(rows: list[tuple[int, int | None, int | None, int]]) -> None:
    times, one, two, three = zip(*rows, strict=True)
    packed = PackedRows(
        array(WIDE, times),
        [
            array(NARROW, [NONE[NARROW] if value is None else value for value in one]),
            None,
            array(WIDE, [NONE[WIDE] if value is None else value for value in two]),
            array(NARROW, three),
        ],
    )

    assert list(times) == packed.times()
    assert [list(one), [None] * len(rows), list(two), list(three)] == [packed.column(at) for at in range(4)]
    assert (len(rows), min(times), max(times)) == (packed.rows, packed.first_ms, packed.last_ms)
