"""Lines to rows and back, held against laying them out one by one."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.render.sgr import PLAIN
from chatops_tui.widgets.output_paint import Piece
from chatops_tui.widgets.row_map import MEASURED_LINES, one_each, wrapped


class Texts:
    """Lines of these lengths."""

    def __init__(self, lengths: Sequence[int]) -> None:
        self._lengths = lengths

    def __len__(self) -> int:
        return len(self._lengths)

    def pieces(self, index: int) -> Sequence[Piece]:
        return [("x" * self._lengths[index], PLAIN)]


@given(st.lists(st.integers(0, 60), max_size=30), st.integers(1, 20))
def test_every_row_belongs_to_the_line_that_stands_there(lengths: list[int], width: int) -> None:
    rows = [(at, row) for at, length in enumerate(lengths) for row in range(max(1, -(-length // width)))]
    found = wrapped(Texts(lengths), width)
    assert found.rows == len(rows)
    assert [found.line_at(row) for row in range(len(rows))] == rows
    assert [found.row_of(at) for at in range(len(lengths))] == [
        rows.index((at, 0)) for at in range(len(lengths))
    ]
    assert found.row_of(len(lengths)) == len(rows)


def test_lines_that_are_cut_take_one_row_each() -> None:
    found = one_each(Texts([100, 0, 100]))
    assert (found.rows, found.row_of(2), found.line_at(1)) == (3, 2, (1, 0))


def test_old_lines_are_not_measured() -> None:
    found = wrapped(Texts([20] * (MEASURED_LINES + 2)), 10)
    assert found.rows == 2 + 2 * MEASURED_LINES
    assert (found.row_of(1), found.row_of(2), found.row_of(3)) == (1, 2, 4)
    assert (found.line_at(1), found.line_at(5)) == ((1, 0), (3, 1))
