"""One moment of one server: the newest sample up to it, or the bucket of a rollup that holds it."""

import logging
from collections.abc import Sequence
from typing import Final

from chatops_server.domain.chunks import DamagedChunkError
from chatops_server.domain.columns import HOST, PART_WIDTH
from chatops_server.domain.moments import Moment, Part, values_of
from chatops_server.domain.process_snapshots import EVERY_MS
from chatops_server.domain.sealing import TimedRow, rows_of
from chatops_server.domain.tiers import RAW, ROLLUPS, Keep, Tier
from chatops_server.storage.base import Script, fetch
from chatops_server.storage.sql.chunks import Source, chunks_with
from chatops_server.storage.sql.exports import Range, Series, buckets_of, samples_of, series_of
from chatops_server.storage.sql.hot import column_names, tables_with
from chatops_server.storage.sql.process_snapshots import snapshot_at
from chatops_wire.metrics import CATALOGUE

log = logging.getLogger(__name__)

# A sample this old still tells what was: agents sample each 5 s, at their slowest each 5 minutes.
REACH_MS: Final = 5 * 60_000
# What a snapshot shows holds a little longer than until the next one is due: that may have been missed.
_SNAPSHOT_REACH_MS: Final = 3 * EVERY_MS


def moment(server_num: int, ts_ms: int, keep: Keep, now_ms: int) -> Script[Moment | None]:
    """Return what is stored of a server at `ts_ms`; None: nothing, or only what is much older."""
    rows = yield from _rows_up_to(server_num, ts_ms)
    if not rows:
        return (yield from _rolled_up(server_num, ts_ms, keep, now_ms))
    at, *cells = rows[-1]
    newest_ms = at or 0
    parts = yield from _parts(server_num, newest_ms)
    snapshot = yield from snapshot_at(server_num, ts_ms - _SNAPSHOT_REACH_MS, ts_ms + 1)
    return Moment(newest_ms, RAW.name, values_of(HOST, cells), parts, snapshot)


def _rows_up_to(server_num: int, ts_ms: int) -> Script[list[TimedRow]]:
    try:
        return (yield from samples_of(Source(server_num), Range(max(ts_ms - REACH_MS, 0), ts_ms + 1)))
    except DamagedChunkError as exc:
        _complain(server_num, ts_ms, exc)
        return []


def _parts(server_num: int, ts_ms: int) -> Script[tuple[Part, ...]]:
    """Return the labelled things of the sample of exactly this time."""
    series = yield from series_of(server_num)
    cells = yield from _waiting(server_num, ts_ms)
    found = []
    for one in series[1:]:
        row = cells.get(one.source.group_id) or (yield from _sealed(one, ts_ms))
        if row is not None:
            found.append(_part(one, values_of(one.columns, row)))
    return tuple(found)


def _waiting(server_num: int, ts_ms: int) -> Script[dict[int, Sequence[int | None]]]:
    """Return the rows of hourly tables by group: all of them with one look at each table."""
    found: dict[int, Sequence[int | None]] = {}
    for table in (yield from tables_with(ts_ms, ts_ms + 1)):
        if not table.has(server_num):
            continue
        rows = yield from fetch(
            f"SELECT group_id, {column_names(PART_WIDTH)} FROM {table.part} WHERE ts = $2"  # noqa: S608 - see hot.py
            " AND group_id IN (SELECT id FROM metric_group WHERE server_num = $1)",
            server_num,
            ts_ms,
        )
        found.update({group_id: cells for group_id, *cells in rows})
    return found


def _sealed(series: Series, ts_ms: int) -> Script[Sequence[int | None] | None]:
    for chunk in (yield from chunks_with(series.source, RAW, ts_ms, ts_ms + 1)):
        try:
            rows: list[TimedRow] = rows_of(chunk.body)
        except DamagedChunkError as exc:
            _complain(series.source.server_num, chunk.t0, exc)
            continue
        for at, *cells in rows:
            if at == ts_ms:
                return cells
    return None


def _rolled_up(server_num: int, ts_ms: int, keep: Keep, now_ms: int) -> Script[Moment | None]:
    """Return the averages of the finest bucket that holds the time, where samples are kept no longer."""
    for tier in ROLLUPS:
        if ts_ms >= keep.oldest(RAW, now_ms) or ts_ms < keep.oldest(tier, now_ms):
            continue
        start_ms = tier.start_of(ts_ms)
        host, *labelled = yield from series_of(server_num)
        values = yield from _averages(host, tier, start_ms)
        if values is None:
            continue
        parts = []
        for one in labelled:
            found = yield from _averages(one, tier, start_ms)
            if found:
                parts.append(_part(one, found))
        return Moment(start_ms, tier.name, values, tuple(parts))
    return None


def _averages(series: Series, tier: Tier, start_ms: int) -> Script[dict[str, float] | None]:
    try:
        buckets = yield from buckets_of(series.source, tier, Range(start_ms, start_ms + tier.step_ms))
    except DamagedChunkError as exc:
        _complain(series.source.server_num, start_ms, exc)
        return None
    bucket = buckets.get(start_ms)
    if bucket is None:
        return None
    means = [None if part is None else part.total / part.samples for part in bucket[1]]
    return values_of(series.columns, means)


def _part(series: Series, values: dict[str, float]) -> Part:
    # A series with a label is of the group its metrics belong to.
    return Part(CATALOGUE[series.columns[0].metric].group, series.label or "", values)


def _complain(server_num: int, ts_ms: int, exc: DamagedChunkError) -> None:
    # The moment lacks what stood there; `chatops-server verify` finds it too.
    log.error(
        "a sealed hour cannot be read",
        extra={"server_num": server_num, "t0": ts_ms, "reason": str(exc)},
    )
