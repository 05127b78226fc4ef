"""Charts out of the database: hourly tables are folded in SQL, sealed hours unpacked, and all merged."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, LiteralString

from chatops_server.domain.columns import position
from chatops_server.domain.downsampling import SINGLE_MS, Partial, folded, step_for
from chatops_server.domain.tiers import HOURS, Keep
from chatops_server.domain.tiers import RAW as RAW_TIER
from chatops_server.storage.base import (
    Coverage,
    GapRow,
    HistoryAnswer,
    HistoryQuery,
    Row,
    Script,
    Statement,
    fetch,
    fetch_one,
)
from chatops_server.storage.recent import RAW, SERVER_UP, finished, scale_of, shown_step, step_of
from chatops_server.storage.sql.chunks import HOST_GROUP, Source, spans_with
from chatops_server.storage.sql.hot import HotTable, column_name, tables_with
from chatops_server.storage.sql.misdated import misdated_of
from chatops_server.storage.sql.sealed_history import Plan, has_older, planned, sealed_parts, sealed_times
from chatops_wire.metrics import MetricRef, parse

# What a chart needs of one column: count, sum (high and low half), minimum, maximum.
_AGGREGATES: Final = 5


def history(query: HistoryQuery, keep: Keep, now_ms: int) -> Script[HistoryAnswer]:
    """Return the chart; on the same samples the same answer as storage/recent gives.

    `server.up` is 1 wherever a sample stands; where none stands there is no point.
    """
    wanted = [parse(name) for name in query.metrics]
    tables = yield from tables_with(query.start_ms, query.end_ms)
    drawn = _Drawing(query, [table for table in tables if table.has(query.server_num)], keep, now_ms)
    times = yield from drawn.prepare()
    found: dict[MetricRef, dict[int, Partial]] = {}
    for refs in _by_source(wanted):
        found.update((yield from drawn.of_source(refs)))
    series = {ref.text: finished(found[ref], scale_of(ref)) for ref in wanted}
    tier = yield from drawn.tier()
    return HistoryAnswer(shown_step(drawn.step_ms, times), tier, series)


def coverage(query: HistoryQuery, keep: Keep, now_ms: int) -> Script[Coverage]:
    """Return how many samples of the range are stored, and what its agent declared lost in it."""
    tables = yield from tables_with(query.start_ms, query.end_ms)
    kept = [table for table in tables if table.has(query.server_num)]
    drawn = _Drawing(query, kept, keep, now_ms)
    yield from drawn.prepare_for(HOURS.step_ms)
    [buckets] = (yield from drawn.of_source([parse(SERVER_UP)])).values()
    [(lost,)] = yield from fetch(
        "SELECT coalesce(sum(to_seq - from_seq + 1), 0) FROM gap"
        " WHERE server_num = $1 AND ts_ms >= $2 AND ts_ms < $3",
        query.server_num,
        query.start_ms,
        query.end_ms,
    )
    gaps = yield from fetch(
        "SELECT epoch, from_seq, to_seq, reason, ts_ms FROM gap"
        " WHERE server_num = $1 AND ts_ms >= $2 AND ts_ms < $3 ORDER BY id DESC LIMIT $4",
        query.server_num,
        query.start_ms,
        query.end_ms,
        query.points,
    )
    found = [GapRow(query.server_num, *gap) for gap in gaps]
    stored = sum(part.samples for part in buckets.values())
    return Coverage(stored, int(lost), found, (yield from misdated_of(query)))


class _Drawing:
    """One chart: what is in the hourly tables, and what is sealed."""

    def __init__(self, query: HistoryQuery, tables: Sequence[HotTable], keep: Keep, now_ms: int) -> None:
        self._query = query
        self._tables = tables
        self._keep = keep
        self._now_ms = now_ms
        self._plan: Plan
        self.step_ms = SINGLE_MS

    def prepare(self) -> Script[list[int]]:
        """Choose step and tier; return when there were samples, if they fit one by one."""
        query, keep = self._query, self._keep
        if (yield from has_older(query, keep, self._now_ms)):
            unit_ms = keep.finest(query.start_ms, self._now_ms).step_ms
            self.step_ms = step_for(query.start_ms, query.end_ms, query.points, unit_ms)
            self._plan = planned(query, self.step_ms, keep, self._now_ms)
            return []
        times = yield from _times(self._tables, query)
        if len(times) <= query.points:
            times += yield from sealed_times(query, query.points - len(times))
        self.step_ms = step_of(query, times)
        # Before that there is nothing, so that it does not decide from which tier the rest is drawn.
        raw_from = min(max(query.start_ms, keep.oldest(RAW_TIER, self._now_ms)), query.end_ms)
        self._plan = planned(replace(query, start_ms=raw_from), self.step_ms, keep, self._now_ms)
        return times

    def prepare_for(self, step_ms: int) -> Script[None]:
        """Choose the tier for buckets of this width."""
        self.step_ms = step_ms
        query, keep, now_ms = self._query, self._keep, self._now_ms
        if not (yield from has_older(query, keep, now_ms)):
            raw_from = min(max(query.start_ms, keep.oldest(RAW_TIER, now_ms)), query.end_ms)
            query = replace(query, start_ms=raw_from)
        self._plan = planned(query, step_ms, keep, now_ms)

    def of_source(self, refs: Sequence[MetricRef]) -> Script[dict[MetricRef, dict[int, Partial]]]:
        """Return the buckets of metrics that stand in the same rows."""
        query = self._query
        key = yield from _row_key(refs[0], query.server_num)
        if key is None:
            return {ref: {} for ref in refs}
        source = Source(query.server_num, HOST_GROUP if refs[0].label is None else key)
        parts = yield from sealed_parts(refs, source, self._plan, self.step_ms)
        for table in self._tables:
            there = [ref for ref in refs if _expressions(ref, table.version)]
            if not there:
                continue
            values = (key, query.start_ms, query.end_ms, self.step_ms)
            rows = (yield Statement(_statement(there, table), values)).rows
            for at, ref in enumerate(there):
                parts[ref].extend(_partials(rows, 1 + at * _AGGREGATES))
        return {ref: folded(found) for ref, found in parts.items()}

    def tier(self) -> Script[str]:
        """Return from what the chart was drawn, where that is not samples alone."""
        plan = self._plan
        if plan.tier == RAW_TIER:
            return RAW
        host = Source(self._query.server_num)
        spans = yield from spans_with(host, plan.tier, plan.tier_from_ms, plan.tier_to_ms)
        return plan.tier.name if spans else RAW


def _times(tables: Sequence[HotTable], query: HistoryQuery) -> Script[list[int]]:
    """Return when there were samples; one more than fits is enough to know that they do not fit."""
    times: list[int] = []
    for table in tables:
        rows = yield from fetch(
            f"SELECT ts FROM {table.host} WHERE server_num = $1 AND ts >= $2 AND ts < $3 LIMIT $4",  # noqa: S608 - see hot.py: names of ours
            query.server_num,
            query.start_ms,
            query.end_ms,
            query.points + 1 - len(times),
        )
        times.extend(row[0] for row in rows)
        if len(times) > query.points:
            break
    return times


def _by_source(wanted: Iterable[MetricRef]) -> list[list[MetricRef]]:
    """Return the metrics that stand in the same rows together, so that these are read once."""
    sources: dict[tuple[str, str] | None, list[MetricRef]] = {}
    for ref in dict.fromkeys(wanted):
        source = None if ref.label is None else (ref.metric.group, ref.label)
        sources.setdefault(source, []).append(ref)
    return list(sources.values())


def _row_key(ref: MetricRef, server_num: int) -> Script[int | None]:
    """Return the value of the column that tells the rows of this source; None: there are none."""
    if ref.label is None:
        return server_num
    row = yield from fetch_one(
        "SELECT id FROM metric_group WHERE server_num = $1 AND kind = $2 AND label = $3",
        server_num,
        ref.metric.group,
        ref.label,
    )
    return int(row[0]) if row else None


def _statement(refs: Sequence[MetricRef], table: HotTable) -> LiteralString:
    is_host = refs[0].label is None
    name: LiteralString = table.host if is_host else table.part
    key: LiteralString = "server_num" if is_host else "group_id"
    wanted = ", ".join(_expressions(ref, table.version) for ref in refs)
    columns = f"ts - ts % $4, {wanted}"
    return f"SELECT {columns} FROM {name} WHERE {key} = $1 AND ts >= $2 AND ts < $3 GROUP BY 1"  # noqa: S608 - as above


def _expressions(ref: MetricRef, version: int) -> LiteralString:
    """Return the aggregates of one metric; empty where tables of this version do not have it."""
    if ref.metric.name == SERVER_UP:
        return "count(*), 0, count(*), 1, 1"
    at = position("host" if ref.label is None else ref.metric.group, ref.metric.name, version)
    if at is None:
        return ""
    column = column_name(at)
    # In halves, since a sum of absurd values would pass 64 bits and end the query with an error.
    return f"count({column}), sum({column} >> 32), sum({column} & 4294967295), min({column}), max({column})"


def _partials(rows: Sequence[Row], first: int) -> Iterator[tuple[int, Partial]]:
    for row in rows:
        count, high, low, smallest, largest = row[first : first + _AGGREGATES]
        if count:
            yield row[0], Partial(count, (high << 32) + low, smallest, largest)
