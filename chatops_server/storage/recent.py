"""The last hour of every server in memory: answers live charts without touching the database."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final

from chatops_server.domain.columns import HOST, Scaled, position
from chatops_server.domain.downsampling import (
    SINGLE_MS,
    Partial,
    bucket_of,
    folded,
    of_values,
    spacing,
    step_for,
)
from chatops_server.domain.ring import WINDOW_MS, Ring
from chatops_server.storage.base import Bucket, HistoryAnswer, HistoryQuery
from chatops_wire.metrics import MetricRef, parse

# Server number, the sample's own time, its columns of HOST.
StoredSample = tuple[int, int, Scaled]

RAW: Final = "raw"
# Not a column: 1 wherever a sample stands, since a gap has no points.
SERVER_UP: Final = "server.up"

# Five minutes of ten seconds each: the widest sparkline of a fleet row.
_CPU_POINTS: Final = 30
_CPU_STEP_MS: Final = 10_000
_NEVER: Final = 2**63 - 1
# Each with the samples of a few seconds: some milliseconds of the event loop.
_LOADED_AT_ONCE: Final = 100


class RecentSamples:
    """Rings by server number. Answers only what it knows to be complete."""

    def __init__(self) -> None:
        self._rings: dict[int, Ring] = {}
        # Until the last hour is loaded nothing is known to be complete.
        self._complete_from_ms = _NEVER

    def add(self, samples: Sequence[StoredSample], now_ms: int) -> None:
        """Keep samples that were just committed."""
        for server_num, ts_ms, values in samples:
            ring = self._rings.get(server_num)
            if ring is None:
                ring = self._rings[server_num] = Ring(0)
            ring.add(ts_ms, values, now_ms)

    def load(self, rings: Mapping[int, Ring], now_ms: int) -> None:
        """Put what was stored of some servers before this start ahead of what came since."""
        for server_num, before in rings.items():
            since = self._rings.get(server_num)
            if since is not None:
                before.complete_from_ms = max(before.complete_from_ms, since.complete_from_ms)
                for ts_ms, values in since.entries():
                    before.add(ts_ms, values, now_ms)
            self._rings[server_num] = before

    def loaded(self, complete_from_ms: int) -> None:
        """Answer from now on what lies at `complete_from_ms` or later: all of that is here."""
        self._complete_from_ms = complete_from_ms

    def missed(self, server_num: int, until_ms: int) -> None:
        """Take note that samples of a server went elsewhere, whose own times may be as late as `until_ms`."""
        ring = self._rings.setdefault(server_num, Ring(0))
        ring.complete_from_ms = max(ring.complete_from_ms, until_ms)

    def drop_silent(self, now_ms: int) -> None:
        """Forget servers all of whose samples have left the window."""
        for server_num, ring in list(self._rings.items()):
            if ring.newest_ms < now_ms - WINDOW_MS:
                self._complete_from_ms = max(
                    self._complete_from_ms, ring.complete_from_ms, ring.newest_ms + 1
                )
                del self._rings[server_num]

    def answer(self, query: HistoryQuery) -> HistoryAnswer | None:
        """Return the chart; None where it asks for labels or for what is not all here."""
        wanted = [parse(name) for name in query.metrics]
        ring = self._rings.get(query.server_num)
        complete_from_ms = max(self._complete_from_ms, ring.complete_from_ms if ring else 0)
        if query.start_ms < complete_from_ms or any(ref.label is not None for ref in wanted):
            return None
        ring = ring or Ring(0)
        times = ring.times(query.start_ms, query.end_ms)
        step_ms = step_of(query, times)
        series = {ref.text: finished(_buckets(ring, ref, query, step_ms), scale_of(ref)) for ref in wanted}
        return HistoryAnswer(shown_step(step_ms, times), RAW, series)

    def cpu(self, server_num: int, now_ms: int) -> list[int]:
        """Return CPU percent of the last five minutes by 10 s, oldest first; what is unknown is left out."""
        ring = self._rings.get(server_num)
        if ring is None:
            return []
        end_ms = bucket_of(max(now_ms, 0), _CPU_STEP_MS) + _CPU_STEP_MS
        # Asked of every server for each list of a fleet: without the smallest and largest that charts need.
        buckets: dict[int, list[int]] = {}
        for ts_ms, value in ring.values(_CPU_COLUMN, end_ms - _CPU_POINTS * _CPU_STEP_MS, end_ms):
            if value is not None:
                buckets.setdefault(ts_ms // _CPU_STEP_MS, []).append(value)
        scale = HOST[_CPU_COLUMN].scale
        return [round(sum(values) / (len(values) * scale)) for _, values in sorted(buckets.items())]


async def load_beside(recent: RecentSamples, rings: Mapping[int, Ring], now_ms: int) -> None:
    """Load these rings in pieces, between which the hub does its work."""
    left = iter(rings.items())
    while some := dict(islice(left, _LOADED_AT_ONCE)):
        recent.load(some, now_ms)
        await asyncio.sleep(0)


def step_of(query: HistoryQuery, times: Sequence[int]) -> int:
    """Return SINGLE_MS where the samples fit one by one, else the width of a bucket.

    Args:
        query: What is asked.
        times: When there were samples in the range; more than `query.points` need not be all of them.
    """
    if len(times) <= query.points:
        return SINGLE_MS
    return step_for(query.start_ms, query.end_ms, query.points)


def shown_step(step_ms: int, times: Sequence[int]) -> int:
    """Return the step as the answer states it."""
    return spacing(times) if step_ms == SINGLE_MS else step_ms


def scale_of(ref: MetricRef) -> int:
    """Return what the stored values of a metric were multiplied by."""
    at = position("host", ref.metric.name)
    return 1 if at is None else HOST[at].scale


def finished(buckets: Mapping[int, Partial], scale: int) -> list[Bucket]:
    """Return buckets as a chart shows them, ascending."""
    return [
        Bucket(ts_ms, part.total / (part.samples * scale), part.low / scale, part.high / scale)
        for ts_ms, part in sorted(buckets.items())
    ]


def _buckets(ring: Ring, ref: MetricRef, query: HistoryQuery, step_ms: int) -> dict[int, Partial]:
    if ref.metric.name == SERVER_UP:
        times = ring.times(query.start_ms, query.end_ms)
        return folded((bucket_of(ts_ms, step_ms), Partial(1, 1, 1, 1)) for ts_ms in times)
    at = position("host", ref.metric.name)
    if at is None:
        return {}
    return of_values(step_ms, ring.values(at, query.start_ms, query.end_ms))


def _column(name: str) -> int:
    at = position("host", name)
    if at is None:
        raise LookupError(name)
    return at


_CPU_COLUMN: Final = _column("cpu.percent")
