"""Histories between store and hub: what a screen charts is asked for once, and moments of the past."""

import asyncio
from typing import TYPE_CHECKING, Final

from chatops_tui.link_desk import Desk
from chatops_tui.requests import CurveWish, Needs, ReelWish, RequestFailedError
from chatops_tui.store.history_state import HistoryPhase
from chatops_tui.store.models import (
    HistoryAnswered,
    HistoryAsked,
    HistoryFailed,
    ReelAnswered,
    ReelAsked,
)
from chatops_tui.store.ranges import Range
from chatops_tui.store.reels import POINTS
from chatops_tui.store.store import Store
from chatops_tui.store.vitals import CHARTED
from chatops_wire.rest_moments import MomentView

if TYPE_CHECKING:
    from chatops_tui.client.http import HistoryQuery
    from chatops_wire.rest import History

# A dashboard of forty servers must not take the hub's readers from everybody else.
AT_ONCE: Final = 4


class HistoryLink:
    """Serves `Needs.histories`, `curves` and `reels`; `requests.Past`."""

    def __init__(self, store: Store, desk: Desk) -> None:
        self._store = store
        self._desk = desk
        self._free = asyncio.Semaphore(AT_ONCE)
        self._curves: frozenset[CurveWish] = frozenset()

    def serve(self, needs: Needs) -> None:
        """Ask for what is charted and not known, while there is a connection; returns at once."""
        self._forget_unwanted(needs.curves)
        for server_id, span in needs.histories:
            self._serve_curves(server_id, span, CHARTED)
        for wish in needs.curves:
            self._serve_curves(wish.server_id, wish.range, wish.metrics)
        for reel in needs.reels:
            self._serve_reel(reel)

    async def moment(self, server_id: str, at_ms: int) -> MomentView:
        """Return what a server looked like at a moment of its own clock; RequestFailedError."""
        return await self._desk.ask(self._desk.rest.moment(server_id, at_ms))

    def _forget_unwanted(self, wanted: frozenset[CurveWish]) -> None:
        gone, self._curves = self._curves - wanted, wanted
        for wish in gone:
            memory = self._store.server(wish.server_id)
            if memory is not None:
                memory.drop_curves(wish.range, wish.metrics)

    def _serve_curves(self, server_id: str, span: Range, metrics: tuple[str, ...]) -> None:
        memory = self._store.server(server_id)
        if memory is None:
            return
        memory.refill(self._desk.now_ms())
        if memory.history(span, metrics).phase is HistoryPhase.ABSENT:
            self._desk.apply(HistoryAsked(server_id, span, metrics))
            self._desk.spawn(self._load_curves(server_id, span, metrics), f"history-{span.label}")

    def _serve_reel(self, wish: ReelWish) -> None:
        memory = self._store.server(wish.server_id)
        if memory is None:
            return
        now_ms = memory.now_ms(self._desk.now_ms())
        until_ms = min(now_ms, wish.until_ms)
        if memory.reels.state(wish.metrics, wish.piece, until_ms).phase is HistoryPhase.ABSENT:
            asked = ReelAsked(wish.server_id, wish.metrics, wish.piece)
            self._desk.apply(asked)
            self._desk.spawn(self._load_reel(asked, now_ms), "reel")

    async def _load_curves(self, server_id: str, span: Range, metrics: tuple[str, ...]) -> None:
        from chatops_tui.client.http import HistoryQuery  # noqa: PLC0415 - see hub_link: aiohttp is slow

        memory, now_ms = self._store.server(server_id), self._desk.now_ms()
        end_ms = now_ms if memory is None else memory.now_ms(now_ms)
        query = HistoryQuery(server_id, metrics, max(0, end_ms - span.span_ms), end_ms, span.buckets)
        try:
            history = await self._history(query)
        except RequestFailedError as exc:
            self._desk.apply(HistoryFailed(server_id, span, str(exc), metrics))
        else:
            self._desk.apply(HistoryAnswered(span, history, metrics))

    async def _load_reel(self, asked: ReelAsked, now_ms: int) -> None:
        from chatops_tui.client.http import HistoryQuery  # noqa: PLC0415 - likewise

        piece = asked.piece
        end_ms = min(piece.end_ms, max(now_ms, piece.start_ms + 1))
        query = HistoryQuery(asked.server_id, asked.metrics, piece.start_ms, end_ms, POINTS)
        try:
            history = await self._history(query)
        except RequestFailedError as exc:
            self._desk.apply(ReelAnswered(asked, None, str(exc)))
        else:
            self._desk.apply(ReelAnswered(asked, history, until_ms=now_ms))

    async def _history(self, query: "HistoryQuery") -> "History":
        async with self._free:
            return await self._desk.ask(self._desk.rest.history(query))
