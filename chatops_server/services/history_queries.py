"""Charts: from the words of a request to the series of an answer."""

import asyncio
from dataclasses import dataclass
from typing import Final

from chatops_server.errors import InvalidRequestError, StorageError
from chatops_server.services.access import ServerAccess
from chatops_server.storage.base import HistoryAnswer, HistoryQuery, Misdated, Storage
from chatops_wire import metrics
from chatops_wire.rest import Coverage, GapView, History, MisdatedView, Series
from chatops_wire.times import format_ms

# Our own client waits 15 s. A chart that takes longer is drawn for nobody, and two of them keep all others
# that need the disk from being drawn.
CHART_WITHIN_S: Final = 15.0
# The newest ones; the count of what was lost covers all.
MAX_GAPS: Final = 100


@dataclass(frozen=True, slots=True)
class ChartRequest:
    """Which metrics over which range: `start_ms` inclusive, `end_ms` exclusive."""

    metrics: tuple[str, ...]
    start_ms: int
    end_ms: int
    points: int


class HistoryQueries:
    """Answers chart requests."""

    def __init__(self, storage: Storage, within_s: float = CHART_WITHIN_S) -> None:
        """Ask this storage; a chart that takes longer than `within_s` is broken off."""
        self._storage = storage
        self._within_s = within_s

    async def chart(self, access: ServerAccess, request: ChartRequest) -> History:
        """Return one series a metric, in the order asked for; a metric without samples is empty.

        Raises:
            InvalidRequestError: Unknown metric, or a range that ends before it begins.
            StorageError: The database does not answer, or not in time.
        """
        refs = [_parsed(text) for text in dict.fromkeys(request.metrics)]
        if request.start_ms >= request.end_ms:
            raise InvalidRequestError("start: it must be before end")
        names = [ref.text for ref in refs]
        answer = await self._answered(
            HistoryQuery(access.state.num, names, request.start_ms, request.end_ms, request.points)
        )
        return History(
            server_id=access.state.id,
            start=format_ms(request.start_ms),
            end=format_ms(request.end_ms),
            step_s=answer.step_ms / 1000,
            tier=answer.tier,
            series=tuple(
                Series(
                    metric=ref.text,
                    unit=ref.metric.unit,
                    points=tuple(
                        (at.ts_ms, at.avg, at.min, at.max) for at in answer.series.get(ref.text, ())
                    ),
                )
                for ref in refs
            ),
        )

    async def coverage(self, access: ServerAccess, start_ms: int, end_ms: int) -> Coverage:
        """Return how much of what the agent numbered in the range is stored.

        Raises:
            InvalidRequestError: A range that ends before it begins.
            StorageError: The database does not answer, or not in time.
        """
        if start_ms >= end_ms:
            raise InvalidRequestError("start: it must be before end")
        query = HistoryQuery(access.state.num, (), start_ms, end_ms, MAX_GAPS)
        try:
            async with asyncio.timeout(self._within_s):
                found = await self._storage.samples.coverage(query)
        except TimeoutError as exc:
            raise StorageError(f"a coverage took more than {self._within_s:g} s") from exc
        numbered = found.samples + found.lost
        return Coverage(
            server_id=access.state.id,
            start=format_ms(start_ms),
            end=format_ms(end_ms),
            percent=100 * found.samples / numbered if numbered else None,
            samples=found.samples,
            lost=found.lost,
            gaps=tuple(
                GapView(from_seq=gap.from_seq, to_seq=gap.to_seq, reason=gap.reason, ts=format_ms(gap.ts_ms))
                for gap in found.gaps
            ),
            misdated=tuple(map(_misdated_view, found.misdated)),
        )

    async def _answered(self, query: HistoryQuery) -> HistoryAnswer:
        try:
            async with asyncio.timeout(self._within_s):
                return await self._storage.samples.history(query)
        except TimeoutError as exc:
            raise StorageError(f"a chart took more than {self._within_s:g} s") from exc


def _misdated_view(mark: Misdated) -> MisdatedView:
    return MisdatedView(
        from_seq=mark.from_seq,
        to_seq=mark.to_seq,
        first=format_ms(mark.first_ms),
        last=format_ms(mark.last_ms),
        ahead_s=mark.ahead_ms / 1000,
    )


def _parsed(text: str) -> metrics.MetricRef:
    try:
        return metrics.parse(text)
    except metrics.UnknownMetricError as exc:
        raise InvalidRequestError(f"metric: {exc}") from exc
