"""Counts by bound."""

import math

from hypothesis import given
from hypothesis import strategies as st

from chatops_server.domain.histogram import Histogram

BOUNDS = (0.5, 1.0, 2.0)


def test_a_value_on_a_bound_counts_for_it() -> None:
    histogram = Histogram(BOUNDS)
    histogram.observe(1.0)
    assert histogram.cumulative() == [(0.5, 0), (1.0, 1), (2.0, 1), (math.inf, 1)]


@given(st.lists(st.floats(0, 10)))
def test_it_counts_what_a_list_holds(values: list[float]) -> None:
    histogram = Histogram(BOUNDS)
    for value in values:
        histogram.observe(value)
    expected = [(bound, sum(value <= bound for value in values)) for bound in (*BOUNDS, math.inf)]
    assert histogram.cumulative() == expected
    assert math.isclose(histogram.total, sum(values))
