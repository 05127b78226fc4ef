"""The last hour in memory, against a plain list."""

from hypothesis import given
from hypothesis import strategies as st

from chatops_server.domain.columns import HOST, LIMIT, Scaled
from chatops_server.domain.ring import CAPACITY, WINDOW_MS, Ring

NOW_MS = 1_767_268_800_000
VALUE = (
    st.none()
    | st.integers(-10, 10)
    | st.integers(-LIMIT, LIMIT)
    | st.sampled_from((2**31 - 1, 2**31, -(2**31), -(2**31) + 1, LIMIT, -LIMIT))
)


def columns(*first: int | None) -> Scaled:
    return (*first, *(None,) * (len(HOST) - len(first)))


@given(
    st.lists(
        st.tuples(st.integers(-WINDOW_MS - 5_000, 5_000), VALUE, VALUE, st.integers(0, 60_000)), max_size=150
    ),
    st.integers(-WINDOW_MS, 0),
    st.integers(0, WINDOW_MS),
)
def test_it_holds_what_a_list_holds_from_when_it_is_complete(
    arrivals: list[tuple[int, int | None, int | None, int]], start: int, length: int
) -> None:
    ring, model, now_ms = Ring(0), list[tuple[int, int | None, int | None]](), NOW_MS
    for ago, one, two, passed in arrivals:
        now_ms += passed
        ring.add(now_ms + ago, columns(one, two), now_ms)
        model.append((now_ms + ago, one, two))
    start_ms = max(now_ms + start, ring.complete_from_ms)
    end_ms = start_ms + length
    inside = [entry for entry in model if start_ms <= entry[0] < end_ms]
    assert [ts_ms for ts_ms, _, _ in inside] == ring.times(start_ms, end_ms)
    for at in (0, 1):
        kept = [value for value in ring.values(at, start_ms, end_ms) if value[1] is not None]
        assert [(entry[0], entry[1 + at]) for entry in inside if entry[1 + at] is not None] == kept


@given(st.lists(VALUE, max_size=40))
def test_entries_come_back_as_they_went_in(values: list[int | None]) -> None:
    ring = Ring(0)
    for value in values:
        ring.add(NOW_MS, columns(value), NOW_MS)
    assert [(NOW_MS, columns(value)) for value in values] == list(ring.entries())


def test_full_it_drops_the_oldest_and_says_from_when_it_is_complete() -> None:
    ring = Ring(0)
    for at in range(CAPACITY + 1):
        ring.add(NOW_MS + at, columns(at), NOW_MS)
    assert len(ring) <= CAPACITY
    first = ring.times(0, 2 * NOW_MS)[0]
    assert first == ring.complete_from_ms


def test_a_part_is_found_also_after_a_clock_went_back_and_that_has_left() -> None:
    ring = Ring(0)
    for at in range(200):
        ring.add(NOW_MS + (at if at != 100 else 5), columns(at), NOW_MS + at)
    assert ring.values(0, NOW_MS + 5, NOW_MS + 6) == [(NOW_MS + 5, 5), (NOW_MS + 5, 100)]
    later_ms = NOW_MS + WINDOW_MS + 150
    for at in range(200):
        ring.add(later_ms + at, columns(at), later_ms + at)
    assert ring.values(0, later_ms + 7, later_ms + 9) == [(later_ms + 7, 7), (later_ms + 8, 8)]
    assert ring.times(later_ms + 7, later_ms + 9) == [later_ms + 7, later_ms + 8]


def test_what_left_the_window_is_dropped() -> None:
    ring = Ring(0)
    for at in range(200):
        ring.add(NOW_MS + at, columns(at), NOW_MS + at)
    ring.add(NOW_MS + 2 * WINDOW_MS, columns(1), NOW_MS + 2 * WINDOW_MS)
    assert len(ring) < 200
    assert ring.complete_from_ms > NOW_MS
    assert ring.newest_ms == NOW_MS + 2 * WINDOW_MS


def test_a_sample_from_before_the_window_is_not_kept() -> None:
    ring = Ring(0)
    ring.add(NOW_MS - WINDOW_MS - 1, columns(1), NOW_MS)
    assert len(ring) == 0
    assert ring.complete_from_ms == NOW_MS - WINDOW_MS


def test_an_empty_ring_has_no_newest() -> None:
    assert Ring(0).newest_ms == -1


def test_a_full_hour_is_all_there_packed_or_not() -> None:
    ring = Ring(0)
    times = [NOW_MS + 5_000 * at for at in range(720)]
    for at, ts_ms in enumerate(times):
        ring.add(ts_ms, columns(at, 2**40 + at, None if at % 7 else at), ts_ms)

    assert ring.times(0, 2 * NOW_MS) == times
    assert ring.values(0, times[50], times[250]) == [(times[at], at) for at in range(50, 250)]
    assert ring.values(1, times[650], times[719]) == [(times[at], 2**40 + at) for at in range(650, 719)]
    assert ring.newest_ms == times[-1]
    assert list(ring.entries()) == [
        (ts_ms, columns(at, 2**40 + at, None if at % 7 else at)) for at, ts_ms in enumerate(times)
    ]
