"""What sealed hours add to a chart: single samples at its ends, whole buckets of a rollup between them."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chatops_server.domain import chunks, rollups
from chatops_server.domain.chunks import DamagedChunkError
from chatops_server.domain.columns import position
from chatops_server.domain.downsampling import Partial
from chatops_server.domain.rollups import PRESENCE, Sums, Within
from chatops_server.domain.tiers import HOURS, RAW, Keep, Tier
from chatops_server.storage.base import HistoryQuery, Script
from chatops_server.storage.recent import SERVER_UP
from chatops_server.storage.sql.chunks import ChunkRow, Source, chunks_with, spans_with
from chatops_wire.metrics import MetricRef

log = logging.getLogger(__name__)

# Of a raw chunk: a sample's own time, then its columns.
_TIMES: Final = 0
_FIRST_COLUMN: Final = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """From which chunks a chart is drawn: `tier` from `tier_from_ms` to `tier_to_ms`, raw ones around it."""

    tier: Tier
    tier_from_ms: int
    tier_to_ms: int
    raw: tuple[tuple[int, int], ...]
    """Ranges for which samples are taken one by one."""


def planned(query: HistoryQuery, step_ms: int, keep: Keep, now_ms: int) -> Plan:
    """Return the plan for buckets of this width.

    A bucket at an end of the range holds samples of the range only, as long as samples are kept one by one;
    beyond that the range is widened to whole buckets of the tier.
    """
    start_ms, end_ms = query.start_ms, query.end_ms
    tier = keep.best(step_ms, start_ms, now_ms)
    if tier == RAW:
        return Plan(RAW, start_ms, start_ms, ((start_ms, end_ms),))
    raw_from = keep.oldest(RAW, now_ms)
    first, last = tier.start_of(start_ms), tier.start_of(end_ms)
    if first < start_ms and start_ms >= raw_from:
        first += tier.step_ms
    if last < end_ms and last < raw_from:
        last += tier.step_ms
    if first >= last:
        return Plan(RAW, start_ms, start_ms, ((start_ms, end_ms),))
    around = ((start_ms, min(first, end_ms)), (max(last, start_ms), end_ms))
    return Plan(tier, first, last, tuple(part for part in around if part[0] < part[1]))


def has_older(query: HistoryQuery, keep: Keep, now_ms: int) -> Script[bool]:
    """Say whether the range reaches back to where samples are no longer kept one by one, and has some."""
    raw_from = keep.oldest(RAW, now_ms)
    if query.start_ms >= raw_from:
        return False
    within = Within(HOURS.start_of(query.start_ms), min(raw_from, query.end_ms), HOURS.step_ms)
    for row in (yield from chunks_with(Source(query.server_num), HOURS, within.start_ms, within.end_ms)):
        try:
            if rollups.has_buckets(row.body, within):
                return True
        except DamagedChunkError as exc:
            _complain(row.source, row.t0, exc)
    return False


def sealed_times(query: HistoryQuery, limit: int) -> Script[list[int]]:
    """Return when there were samples; as soon as they are more than `limit`, no more than that is true."""
    source = Source(query.server_num)
    spans = yield from spans_with(source, RAW, query.start_ms, query.end_ms)
    inside = sum(
        rows
        for t0, rows in spans
        if query.start_ms <= t0 and t0 + RAW.span_ms <= query.end_ms
    )  # fmt: skip
    if inside > limit:
        return [query.start_ms] * (limit + 1)
    times: list[int] = []
    for row in (yield from chunks_with(source, RAW, query.start_ms, query.end_ms)):
        try:
            [column] = chunks.decode(row.body, (_TIMES,))
        except DamagedChunkError as exc:
            _complain(source, row.t0, exc)
            continue
        times.extend(ts for ts in column if ts is not None and query.start_ms <= ts < query.end_ms)
    return times


def sealed_parts(
    refs: Sequence[MetricRef], source: Source, plan: Plan, step_ms: int
) -> Script[dict[MetricRef, list[tuple[int, Partial]]]]:
    """Return (bucket, partial) of metrics that stand in the same rows."""
    sums: dict[int, Sums] = {at: {} for at in map(_column, refs) if at is not None}
    for start_ms, end_ms in plan.raw:
        within = Within(start_ms, end_ms, step_ms)
        for row in (yield from chunks_with(source, RAW, start_ms, end_ms)):
            _fold(_fold_raw, row, within, sums)
    if plan.tier != RAW:
        within = Within(plan.tier_from_ms, plan.tier_to_ms, step_ms)
        for row in (yield from chunks_with(source, plan.tier, within.start_ms, within.end_ms)):
            _fold(rollups.fold_metrics, row, within, sums)
    return {ref: _parts(sums, _column(ref)) for ref in refs}


def _parts(sums: Mapping[int, Sums], at: int | None) -> list[tuple[int, Partial]]:
    found = sums[at] if at is not None else {}
    return [(bucket, Partial(*values)) for bucket, values in found.items()]


_Folding = Callable[[bytes, Within, Mapping[int, Sums]], None]


def _fold(folding: _Folding, row: ChunkRow, within: Within, sums: Mapping[int, Sums]) -> None:
    try:
        folding(row.body, within, sums)
    except DamagedChunkError as exc:
        _complain(row.source, row.t0, exc)


def _fold_raw(body: bytes, within: Within, sums: Mapping[int, Sums]) -> None:
    wanted = [_FIRST_COLUMN + at for at in sums if at != PRESENCE]
    times, *columns = chunks.decode(body, (_TIMES, *wanted))
    fields = iter(columns)
    for at, found in sums.items():
        values = [1] * len(times) if at == PRESENCE else next(fields)
        rollups.fold_samples(times, values, within, found)


def _column(ref: MetricRef) -> int | None:
    if ref.metric.name == SERVER_UP:
        return PRESENCE
    return position("host" if ref.label is None else ref.metric.group, ref.metric.name)


def _complain(source: Source, t0: int, exc: DamagedChunkError) -> None:
    # The chart has a gap there; `chatops-server verify` finds it too.
    log.error(
        "a sealed hour cannot be read",
        extra={"server_num": source.server_num, "group_id": source.group_id, "t0": t0, "reason": str(exc)},
    )
