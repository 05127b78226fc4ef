import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_server.domain.chunks import Cells, DamagedChunkError, decode, encode, width

LIMIT = 2**63 - 1
CELLS = st.one_of(st.none(), st.integers(0, 100), st.integers(-LIMIT, LIMIT), st.integers(-(2**80), 2**80))
COLUMNS = st.integers(0, 30).flatmap(
    lambda rows: st.lists(st.lists(CELLS, min_size=rows, max_size=rows), max_size=6)
)


@given(COLUMNS)
def test_columns_come_back_as_they_were(columns: list[list[int | None]]) -> None:
    chunk = encode(columns)
    assert width(chunk) == len(columns)
    assert [list(column) for column in decode(chunk, range(len(columns)))] == columns


@given(COLUMNS, st.data())
def test_some_columns_can_be_had_alone_and_in_any_order(
    columns: list[list[int | None]], data: st.DataObject
) -> None:
    rows = len(columns[0]) if columns else 0
    wanted = data.draw(st.lists(st.integers(0, len(columns) + 2), max_size=5))
    nothing: Cells = [None] * rows
    expected = [list(columns[at] if at < len(columns) else nothing) for at in wanted]
    assert [list(column) for column in decode(encode(columns), wanted)] == expected


@pytest.mark.parametrize(
    "column",
    [
        [],
        [7],
        [None],
        [0, 0, 0],
        [LIMIT, -LIMIT],
        [-LIMIT, LIMIT, None],
        [2**63],
        [-(2**63) - 1, 2**90, 1],
        [-128, 127],
        [-129, 128],
        [2**31 - 1, -(2**31)],
    ],
)
def test_numbers_at_the_edges(column: list[int | None]) -> None:
    [found] = decode(encode([column]), (0,))
    assert list(found) == column


@given(st.binary(max_size=200))
def test_bytes_that_are_no_columns_say_so(content: bytes) -> None:
    try:
        found = decode(content, range(width(content)))
    except DamagedChunkError:
        return
    assert len({len(column) for column in found}) <= 1


@given(COLUMNS, st.data())
def test_a_chunk_that_was_cut_off_says_so(columns: list[list[int | None]], data: st.DataObject) -> None:
    chunk = encode(columns)
    cut = data.draw(st.integers(0, len(chunk) - 1))
    with pytest.raises(DamagedChunkError):
        decode(chunk[:cut], range(len(columns)))


def test_what_hardly_changes_takes_hardly_any_room() -> None:
    times = [1_767_268_800_000 + at * 5_000 for at in range(720)]
    busy = [4_000 + at % 7 for at in range(720)]
    assert len(encode([times, busy])) < 200
