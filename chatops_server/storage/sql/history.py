"""Charts out of the hourly tables: each table is down-sampled in SQL, the parts are merged in memory."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, LiteralString

from chatops_server.domain.columns import position
from chatops_server.domain.downsampling import Partial, folded
from chatops_server.storage.base import HistoryAnswer, HistoryQuery, Row, Script, Statement, fetch, fetch_one
from chatops_server.storage.recent import RAW, SERVER_UP, finished, scale_of, shown_step, step_of
from chatops_server.storage.sql.hot import HotTable, column_name, tables_with
from chatops_wire.metrics import MetricRef, parse

# What a chart needs of one column: count, sum (high and low half), minimum, maximum.
_AGGREGATES: Final = 5


def history(query: HistoryQuery) -> Script[HistoryAnswer]:
    """Return the chart; on the same samples the same answer as storage/recent gives.

    `server.up` is 1 wherever a sample stands; where none stands there is no point.
    """
    wanted = [parse(name) for name in query.metrics]
    tables = yield from tables_with(query.start_ms, query.end_ms)
    times = yield from _times(tables, query)
    step_ms = step_of(query, times)
    found: dict[MetricRef, dict[int, Partial]] = {}
    for refs in _by_source(wanted):
        found.update((yield from _of_source(refs, tables, query, step_ms)))
    series = {ref.text: finished(found[ref], scale_of(ref)) for ref in wanted}
    return HistoryAnswer(shown_step(step_ms, times), RAW, series)


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


def _of_source(
    refs: Sequence[MetricRef], tables: Sequence[HotTable], query: HistoryQuery, step_ms: int
) -> Script[dict[MetricRef, dict[int, Partial]]]:
    key = yield from _row_key(refs[0], query.server_num)
    parts: dict[MetricRef, list[tuple[int, Partial]]] = {ref: [] for ref in refs}
    for table in tables if key is not None else ():
        there = [ref for ref in refs if _expressions(ref, table.version)]
        if not there:
            continue
        rows = (yield Statement(_statement(there, table), (key, query.start_ms, query.end_ms, step_ms))).rows
        for at, ref in enumerate(there):
            parts[ref].extend(_partials(rows, 1 + at * _AGGREGATES))
    return {ref: folded(parts[ref]) for ref in refs}


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
