"""Bucket widths and the merging of sums."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_server.domain.downsampling import (
    NICE_STEPS_MS,
    USUAL_SPACING_MS,
    Partial,
    bucket_of,
    buckets_touched,
    folded,
    of_values,
    spacing,
    step_for,
)

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

TIMES = st.integers(0, 4_000_000_000_000)
VALUES = st.integers(-(2**63) + 1, 2**63 - 1)
PARTIALS = st.lists(VALUES, min_size=1, max_size=4).map(
    lambda values: Partial(len(values), sum(values), min(values), max(values))
)


@pytest.mark.parametrize(
    ("start_ms", "end_ms", "points", "step_ms"),
    [
        (0, 300 * SECOND, 300, SECOND),
        (0, 301 * SECOND, 300, 2 * SECOND),
        (500, 300 * SECOND + 500, 300, 2 * SECOND),
        (0, HOUR, 300, 15 * SECOND),
        (1, HOUR + 1, 240, 30 * SECOND),
        (0, DAY, 300, 5 * MINUTE),
        (0, 7 * DAY, 300, HOUR),
        (0, 30 * DAY, 300, 3 * HOUR),
        (0, 365 * DAY, 300, 2 * DAY),
        (0, 3650 * DAY, 10, 448 * DAY),
        (0, 1, 1, SECOND),
    ],
)
def test_the_step_is_the_narrowest_nice_one_that_fits(
    start_ms: int, end_ms: int, points: int, step_ms: int
) -> None:
    assert step_ms == step_for(start_ms, end_ms, points)


@given(TIMES, st.integers(1, 400 * DAY), st.integers(1, 2_000))
def test_never_more_buckets_than_points(start_ms: int, length_ms: int, points: int) -> None:
    step_ms = step_for(start_ms, start_ms + length_ms, points)
    touched = {bucket_of(at, step_ms) for at in (start_ms, start_ms + length_ms - 1)}
    assert buckets_touched(start_ms, start_ms + length_ms, step_ms) <= points
    assert len(touched) <= points


@given(TIMES, st.integers(1, 400 * DAY), st.integers(2, 2_000))
def test_a_narrower_nice_step_would_not_fit(start_ms: int, length_ms: int, points: int) -> None:
    end_ms = start_ms + length_ms
    step_ms = step_for(start_ms, end_ms, points)
    narrower = [step for step in NICE_STEPS_MS if step < step_ms]
    assert all(buckets_touched(start_ms, end_ms, step) > points for step in narrower)


def test_an_empty_range_touches_no_bucket() -> None:
    assert buckets_touched(5 * SECOND, 5 * SECOND, SECOND) == 0


@given(PARTIALS, PARTIALS, PARTIALS)
def test_merging_is_associative_and_commutative(one: Partial, two: Partial, three: Partial) -> None:
    assert one.merged(two).merged(three) == one.merged(two.merged(three))
    assert one.merged(two) == two.merged(one)


@given(
    st.lists(st.tuples(st.integers(0, 100_000), st.none() | VALUES), max_size=30),
    st.sampled_from((1, SECOND, 5 * SECOND)),
    st.integers(0, 30),
)
def test_it_does_not_matter_how_samples_were_split_over_sources(
    values: list[tuple[int, int | None]], step_ms: int, cut: int
) -> None:
    parts = [*of_values(step_ms, values[:cut]).items(), *of_values(step_ms, values[cut:]).items()]
    assert of_values(step_ms, values) == folded(parts)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([], USUAL_SPACING_MS),
        ([7], USUAL_SPACING_MS),
        ([7, 7], USUAL_SPACING_MS),
        ([20_000, 0, 10_000], 10_000),
        ([0, 5_000, 10_000, 15_000, 900_000], 5_000),
    ],
)
def test_spacing_is_the_median_distance(times: list[int], expected: int) -> None:
    assert expected == spacing(times)
