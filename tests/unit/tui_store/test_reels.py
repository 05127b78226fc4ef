"""Pieces of the past: asked for once, kept within bounds, never joined over a gap."""

import pytest

from chatops_tui.store.history_state import HistoryPhase
from chatops_tui.store.models import ReelAnswered, ReelAsked
from chatops_tui.store.reels import MOST_REELS, Reels
from chatops_tui.store.time_view import Stretch
from chatops_tui.store.track import gap_of
from chatops_wire.rest import History, Series

CPU = ("cpu.percent",)
NOW = 1_700_000_000_000
HOUR = 3_600_000


def history(start_ms: int, end_ms: int, step_ms: int) -> History:
    points = tuple((at, 50.0, 40.0, 60.0) for at in range(start_ms, end_ms, step_ms))
    series = (Series(metric=CPU[0], unit="percent", points=points),)
    return History(server_id="a", start="", end="", step_s=step_ms / 1000, tier="raw", series=series)


def loaded(reels: Reels, piece: Stretch, step_ms: int = 10_000, until_ms: int = NOW) -> None:
    asked = ReelAsked("a", CPU, piece)
    reels.ask(CPU, piece)
    reels.apply(ReelAnswered(asked, history(piece.start_ms, piece.end_ms, step_ms), until_ms=until_ms))


def test_a_piece_is_absent_then_asked_for_then_known() -> None:
    reels, piece = Reels(), Stretch(NOW - 4 * HOUR, NOW - HOUR)
    assert reels.state(CPU, piece, NOW).phase is HistoryPhase.ABSENT
    reels.ask(CPU, piece)
    assert reels.state(CPU, piece, NOW).phase is HistoryPhase.LOADING
    loaded(reels, piece)
    assert reels.state(CPU, piece, NOW).phase is HistoryPhase.LOADED
    curve = reels.curve(CPU[0], Stretch(NOW - 2 * HOUR, NOW - HOUR))
    assert (curve.values[0], curve.lows[0], curve.highs[0], curve.is_averaged) == (50, 40, 60, True)


def test_a_piece_that_had_not_all_happened_is_asked_for_again() -> None:
    reels, piece = Reels(), Stretch(NOW - HOUR, NOW + HOUR)
    loaded(reels, piece, until_ms=NOW)
    assert reels.state(CPU, piece, NOW).phase is HistoryPhase.LOADED
    assert reels.state(CPU, piece, NOW + 60_000).phase is HistoryPhase.ABSENT


def test_a_failure_says_why_and_an_answer_nobody_waits_for_is_dropped() -> None:
    reels, piece = Reels(), Stretch(0, HOUR)
    asked = ReelAsked("a", CPU, piece)
    reels.apply(ReelAnswered(asked, history(0, HOUR, 1000)))
    assert not reels.curve(CPU[0], piece).times_ms
    reels.ask(CPU, piece)
    reels.apply(ReelAnswered(asked, None, "No."))
    assert reels.state(CPU, piece, 0).reason == "No."


def test_the_finest_piece_that_holds_what_is_seen_is_drawn() -> None:
    reels = Reels()
    loaded(reels, Stretch(NOW - 100 * HOUR, NOW), 600_000)
    loaded(reels, Stretch(NOW - 3 * HOUR, NOW), 10_000)
    near = reels.curve(CPU[0], Stretch(NOW - 2 * HOUR, NOW - HOUR))
    assert near.times_ms[1] - near.times_ms[0] == 10_000
    far = reels.curve(CPU[0], Stretch(NOW - 90 * HOUR, NOW - HOUR))
    assert far.times_ms[1] - far.times_ms[0] == 600_000


def test_only_the_last_pieces_are_kept() -> None:
    reels = Reels()
    pieces = [Stretch(n * HOUR, (n + 1) * HOUR) for n in range(MOST_REELS + 3)]
    for piece in pieces:
        loaded(reels, piece)
    kept = [piece for piece in pieces if reels.state(CPU, piece, 0).phase is HistoryPhase.LOADED]
    assert kept == pieces[3:]


def test_what_was_missed_is_asked_for_again_and_drawn_until_it_comes() -> None:
    reels, piece = Reels(), Stretch(0, HOUR)
    loaded(reels, piece)
    reels.forget()
    assert reels.state(CPU, piece, 0).phase is HistoryPhase.ABSENT
    assert reels.curve(CPU[0], piece).times_ms


@pytest.mark.parametrize(
    ("step_ms", "missing", "is_gap"),
    [(5000, 1, False), (5000, 2, False), (5000, 3, True), (60_000, 1, True), (1_680_000, 1, True)],
)
def test_samples_may_be_late_and_a_bucket_without_one_is_a_gap(
    step_ms: int, missing: int, *, is_gap: bool
) -> None:
    starts = [n * step_ms for n in range(20)]
    assert ((missing + 1) * step_ms > gap_of(starts, step_ms)) is is_gap


def test_the_crosshair_finds_the_nearest_point_but_none_in_a_gap() -> None:
    reels, piece = Reels(), Stretch(0, HOUR)
    loaded(reels, piece, 60_000)
    curve = reels.curve(CPU[0], piece)
    assert curve.nearest(61_000) == 1
    assert curve.nearest(119_000) == 2
    assert curve.nearest(-(10**9)) is None
    assert curve.nearest(10 * HOUR) is None
