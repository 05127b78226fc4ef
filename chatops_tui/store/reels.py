"""Pieces of the past that were asked for: curves that no longer change. Pure, bounded."""

from collections.abc import Sequence
from typing import Final

import msgspec

from chatops_tui.store.history_state import HistoryPhase, HistoryState
from chatops_tui.store.models import ReelAnswered
from chatops_tui.store.time_view import Stretch
from chatops_tui.store.track import Curve, gap_of

# A few zoom levels and the pieces to both sides; 1440 points of eight metrics are 0.4 MB.
MOST_REELS: Final = 8
POINTS: Final = 1440
"""Of a piece: 360 for each of the four spans it holds, as live ranges have."""
# The newest samples may still be on their way when a piece is asked for.
_LATE_MS: Final = 15_000

Metrics = tuple[str, ...]


class _Reel(msgspec.Struct):
    state: HistoryState
    until_ms: int = 0
    """What is later had not happened yet when it was asked for."""
    curves: dict[str, Curve] = msgspec.field(default_factory=dict)
    step_ms: int = 0


class Reels:
    """What is known of the past of one server, the last MOST_REELS pieces that were asked for."""

    def __init__(self) -> None:
        self._known: dict[tuple[Metrics, Stretch], _Reel] = {}

    def state(self, metrics: Metrics, piece: Stretch, until_ms: int) -> HistoryState:
        """Return how far a piece is known; one that ends before `until_ms` is asked for again."""
        reel = self._known.get((metrics, piece))
        if reel is None:
            return HistoryState()
        is_short = reel.until_ms < min(until_ms, piece.end_ms) - _LATE_MS
        return HistoryState() if is_short and reel.state.phase is HistoryPhase.LOADED else reel.state

    def ask(self, metrics: Metrics, piece: Stretch) -> None:
        """Note that a piece is on its way; what is known of it stays meanwhile."""
        key = (metrics, piece)
        reel = self._known.pop(key, None) or _Reel(HistoryState())
        reel.state = HistoryState(HistoryPhase.LOADING)
        self._known[key] = reel
        while len(self._known) > MOST_REELS:
            del self._known[next(iter(self._known))]

    def apply(self, answer: ReelAnswered) -> None:
        """Keep an answer; one that was not asked for, or is no longer wanted, is dropped."""
        asked, history = answer.asked, answer.history
        reel = self._known.get((asked.metrics, asked.piece))
        if reel is None:
            return
        if history is None:
            reel.state = HistoryState(HistoryPhase.FAILED, answer.reason)
            return
        reel.step_ms = int(history.step_s * 1000)
        reel.curves = {one.metric: _curve(one.points, reel.step_ms) for one in history.series}
        reel.until_ms = min(answer.until_ms, asked.piece.end_ms)
        reel.state = HistoryState(HistoryPhase.LOADED)

    def curve(self, metric: str, seen: Stretch) -> Curve:
        """Return the finest curve that holds all that is seen; else the one that holds most of it."""
        having = [(piece, reel) for (_m, piece), reel in self._known.items() if metric in reel.curves]
        if not having:
            return Curve()

        def merit(one: tuple[Stretch, _Reel]) -> tuple[int, int]:
            piece, reel = one
            shared = min(piece.end_ms, seen.end_ms) - max(piece.start_ms, seen.start_ms)
            return shared, -reel.step_ms

        return max(having, key=merit)[1].curves[metric]

    def forget(self) -> None:
        """Ask again for everything; what is drawn stays until then."""
        for reel in self._known.values():
            if reel.state.phase is not HistoryPhase.LOADING:
                reel.state, reel.until_ms = HistoryState(), 0


def _curve(points: Sequence[tuple[int, float, float, float]], step_ms: int) -> Curve:
    times = tuple(point[0] for point in points)
    return Curve(
        times,
        tuple(point[1] for point in points),
        tuple(point[2] for point in points),
        tuple(point[3] for point in points),
        gap_of(times, step_ms),
        is_averaged=True,
    )
