"""What is seen of time: zooming, panning, stepping, whatever the order of keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.store.ranges import FIVE_MINUTES, HOUR_MS, MINUTE_MS, ONE_DAY, ONE_HOUR, ONE_WEEK
from chatops_tui.store.time_view import SPANS_MS, Stretch, TimeView, block_of, covering, span_label

NOW = 1_700_000_000_000

KEYS = st.lists(
    st.one_of(
        st.tuples(st.just("zoom"), st.sampled_from((-2, -1, 1, 2))),
        st.tuples(st.just("pan"), st.integers(-9, 9)),
        st.tuples(st.just("move"), st.integers(-20 * HOUR_MS, 20 * HOUR_MS)),
        st.tuples(st.just("at"), st.integers(0, NOW + HOUR_MS)),
        st.tuples(st.just("span"), st.sampled_from(SPANS_MS)),
    ),
    max_size=20,
)


def pressed(view: TimeView, keys: list[tuple[str, int]], now: int = NOW) -> TimeView:
    for key, value in keys:
        view = {
            "zoom": lambda view=view, value=value: view.zoomed(value, now),
            "pan": lambda view=view, value=value: view.panned(value, now),
            "move": lambda view=view, value=value: view.moved(value, now),
            "at": lambda view=view, value=value: view.at(value, now),
            "span": lambda view=view, value=value: view.spanning(value, now),
        }[key]()
    return view


@given(keys=KEYS)
def test_whatever_is_pressed_the_moment_is_seen_and_nothing_is_to_come(keys: list[tuple[str, int]]) -> None:
    view = pressed(TimeView(), keys)
    seen = view.stretch(NOW)
    assert seen.span_ms == view.span_ms
    assert view.span_ms in SPANS_MS
    assert seen.end_ms <= NOW
    assert (view.moment_ms is None) == (view.end_ms is None) == view.is_live
    if view.moment_ms is not None:
        assert seen.contains(view.moment_ms)
        assert view.moment_ms < NOW


@given(keys=KEYS)
def test_there_is_always_a_way_back(keys: list[tuple[str, int]]) -> None:
    view = pressed(TimeView(), keys)
    assert view.live() == TimeView(view.span_ms)


@given(start=st.integers(0, NOW), span=st.sampled_from(SPANS_MS))
def test_what_is_loaded_holds_what_is_seen_with_room_on_both_sides(start: int, span: int) -> None:
    seen = Stretch(start, start + span)
    block = block_of(seen)
    assert block.start_ms <= max(0, seen.start_ms - span // 2)
    assert block.end_ms >= seen.end_ms + span // 2
    assert block.span_ms <= 4 * span


def test_zooming_keeps_the_place_of_the_moment() -> None:
    view = TimeView(HOUR_MS, NOW - HOUR_MS, NOW - HOUR_MS - 15 * MINUTE_MS)
    closer = view.zoomed(1, NOW)
    assert closer.span_ms == 30 * MINUTE_MS
    assert closer.moment_ms == view.moment_ms
    assert closer.end_ms == NOW - HOUR_MS - 15 * MINUTE_MS + 15 * MINUTE_MS // 2
    assert TimeView(SPANS_MS[0]).zoomed(1, NOW) == TimeView(SPANS_MS[0])
    assert TimeView(SPANS_MS[-1]).zoomed(-1, NOW) == TimeView(SPANS_MS[-1])


def test_panning_moves_a_quarter_and_ends_at_live() -> None:
    once = TimeView(HOUR_MS).panned(-1, NOW)
    assert (once.end_ms, once.moment_ms) == (NOW - 15 * MINUTE_MS, NOW - 15 * MINUTE_MS)
    assert once.panned(1, NOW).is_live
    # Also where the present went on meanwhile.
    assert once.panned(1, NOW + MINUTE_MS).is_live
    assert not once.panned(1, NOW + 10 * MINUTE_MS).is_live


@pytest.mark.parametrize(
    ("span_ms", "label"),
    [(MINUTE_MS, "1m"), (90_000, "90s"), (HOUR_MS, "1h"), (24 * HOUR_MS, "24h"), (7 * 24 * HOUR_MS, "7d")],
)
def test_a_span_has_a_short_name(span_ms: int, label: str) -> None:
    assert span_label(span_ms) == label


def test_live_series_are_those_of_the_next_longer_range() -> None:
    assert [covering(span) for span in (1, FIVE_MINUTES.span_ms, FIVE_MINUTES.span_ms + 1)] == [
        FIVE_MINUTES,
        FIVE_MINUTES,
        ONE_HOUR,
    ]
    assert covering(3 * HOUR_MS) is ONE_DAY
    assert covering(10**12) is ONE_WEEK
