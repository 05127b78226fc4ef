"""Buckets of one metric: order, bounds, merging, gaps."""

from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.store.track import SHORTEST_GAP_MS, Track

SAMPLES = st.lists(st.tuples(st.integers(0, 100_000), st.floats(-1e6, 1e6)), max_size=60)


@given(SAMPLES, st.integers(1, 20))
def test_whatever_comes_the_times_ascend_and_the_length_is_bounded(
    samples: list[tuple[int, float]], capacity: int
) -> None:
    track = Track(1000, capacity)
    for ts_ms, value in samples:
        track.add(ts_ms, value)
    times = track.curve(0).times_ms
    assert list(times) == sorted(set(times))
    assert all(ts_ms % 1000 == 0 for ts_ms in times)
    assert len(track) == len(times) <= capacity


@given(st.lists(st.floats(0, 100), min_size=1, max_size=20))
def test_a_bucket_holds_the_average_and_the_extremes(values: list[float]) -> None:
    track = Track(60_000, 10)
    for second, value in enumerate(values):
        track.add(second * 1000, value)
    curve = track.curve(0)
    assert curve.lows == (min(values),)
    assert curve.highs == (max(values),)
    assert abs(curve.values[0] - sum(values) / len(values)) < 1e-6


def test_a_late_sample_takes_its_place() -> None:
    track = Track(1000, 10)
    for ts_ms, value in ((1000, 1.0), (3000, 3.0), (2000, 2.0), (1500, 9.0)):
        track.add(ts_ms, value)
    curve = track.curve(0)
    assert curve.times_ms == (1000, 2000, 3000)
    assert curve.values == (9.0, 2.0, 3.0)


def test_a_late_sample_older_than_everything_in_a_full_track_is_dropped() -> None:
    track = Track(1000, 2)
    for ts_ms in (5000, 6000, 1000):
        track.add(ts_ms, 1.0)
    assert track.curve(0).times_ms == (5000, 6000)


def test_history_replaces_what_it_covers_and_live_buckets_stay_after_it() -> None:
    track = Track(1000, 100)
    for ts_ms in (8000, 9000, 10_000, 11_000):
        track.add(ts_ms, 1.0)
    track.merge([(5000, 7.0, 6.0, 8.0), (9000, 7.0, 6.0, 8.0)], 0)
    curve = track.curve(0)
    assert curve.times_ms == (5000, 9000, 10_000, 11_000)
    assert curve.values == (7.0, 7.0, 1.0, 1.0)
    assert curve.lows == (6.0, 6.0, 1.0, 1.0)
    assert curve.highs == (8.0, 8.0, 1.0, 1.0)


def test_an_empty_answer_keeps_the_live_buckets() -> None:
    track = Track(1000, 100)
    track.add(8000, 1.0)
    track.merge([], 0)
    assert track.curve(0).times_ms == (8000,)


def test_wider_buckets_of_an_answer_take_live_samples_in() -> None:
    track = Track(10_000, 100)
    track.merge([(0, 1.0, 1.0, 1.0), (30_000, 2.0, 2.0, 2.0)], 30_000)
    track.add(41_000, 9.0)
    assert track.curve(0).times_ms == (0, 30_000)
    # Six samples and one.
    assert track.curve(0).values == (1.0, 3.0)
    assert track.curve(0).highs == (1.0, 9.0)


def test_a_curve_begins_where_it_is_asked_to() -> None:
    track = Track(1000, 100)
    for ts_ms in (1000, 2000, 3000):
        track.add(ts_ms, 1.0)
    assert track.curve(2000).times_ms == (2000, 3000)


def test_the_gap_follows_the_usual_spacing() -> None:
    fast, slow = Track(1000, 100), Track(1000, 100)
    for n in range(10):
        fast.add(n * 1000, 1.0)
        slow.add(n * 60_000, 1.0)
    assert Track(1000, 5).curve(0).gap_ms == SHORTEST_GAP_MS
    assert fast.curve(0).gap_ms == SHORTEST_GAP_MS
    assert slow.curve(0).gap_ms == 150_000
