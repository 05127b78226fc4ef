"""All that is stored of one source, sample by sample or bucket by bucket: sealed or not."""

from collections.abc import Sequence
from dataclasses import dataclass

from chatops_server.domain import rollups
from chatops_server.domain.columns import HOST, PART_WIDTH, PARTS, Column, host_width
from chatops_server.domain.rollups import Rollup
from chatops_server.domain.sealing import TimedRow, rows_of
from chatops_server.domain.tiers import RAW, Tier
from chatops_server.storage.base import Script, fetch
from chatops_server.storage.sql.chunks import HOST_GROUP, Source, chunks_with
from chatops_server.storage.sql.hot import HotTable, column_names, tables_with


@dataclass(frozen=True, slots=True)
class Series:
    """A source with the columns it has."""

    source: Source
    label: str | None
    columns: Sequence[Column]

    def name(self, at: int) -> str:
        """Return what the metric in a column is called."""
        metric = self.columns[at].metric
        return metric if self.label is None else f"{metric}:{self.label}"


@dataclass(frozen=True, slots=True)
class Range:
    """Times: `start_ms` inclusive, `end_ms` exclusive."""

    start_ms: int
    end_ms: int


def servers() -> Script[list[tuple[int, str, str]]]:
    """Return number, id and name of every server, by name."""
    rows = yield from fetch("SELECT num, id, name FROM servers ORDER BY name")
    return [(row[0], row[1], row[2]) for row in rows]


def series_of(server_num: int) -> Script[list[Series]]:
    """Return the machine itself and every labelled thing of it."""
    found = [Series(Source(server_num), None, HOST)]
    rows = yield from fetch(
        "SELECT id, kind, label FROM metric_group WHERE server_num = $1 ORDER BY kind, label", server_num
    )
    for group_id, kind, label in rows:
        if kind in PARTS:
            found.append(Series(Source(server_num, group_id), label, PARTS[kind]))
    return found


def samples_of(source: Source, within: Range) -> Script[list[TimedRow]]:
    """Return every sample of a source that is kept one by one, by its time."""
    rows: list[TimedRow] = []
    for chunk in (yield from chunks_with(source, RAW, within.start_ms, within.end_ms)):
        rows += [row for row in rows_of(chunk.body) if _is_within(row, within)]
    rows += yield from _unsealed(source, within)
    return sorted(rows, key=lambda row: row[0] or 0)


def buckets_of(source: Source, tier: Tier, within: Range) -> Script[Rollup]:
    """Return every bucket of a source that begins in the range."""
    found: Rollup = {}
    for chunk in (yield from chunks_with(source, tier, within.start_ms, within.end_ms)):
        found.update(rollups.decode(chunk.body))
    unsealed = yield from _unsealed(source, within)
    if unsealed:
        times, *columns = zip(*sorted(unsealed, key=lambda row: row[0] or 0), strict=True)
        known = [ts for ts in times if ts is not None]
        found = rollups.merged(found, rollups.of_samples(known, columns, tier.step_ms))
    return {start: found[start] for start in sorted(found) if within.start_ms <= start < within.end_ms}


def _unsealed(source: Source, within: Range) -> Script[list[TimedRow]]:
    rows: list[TimedRow] = []
    for table in (yield from tables_with(within.start_ms, within.end_ms)):
        if table.has(source.server_num):
            rows += yield from _rows(table, source, within)
    # Tables of an older version have fewer columns.
    width = max(map(len, rows), default=0)
    return [(*row, *(None,) * (width - len(row))) for row in rows]


def _rows(table: HotTable, source: Source, within: Range) -> Script[list[TimedRow]]:
    if source.group_id == HOST_GROUP:
        names, name, key, number = (
            column_names(host_width(table.version)),
            table.host,
            "server_num",
            source.server_num,
        )
    else:
        names, name, key, number = column_names(PART_WIDTH), table.part, "group_id", source.group_id
    rows = yield from fetch(
        f"SELECT ts, {names} FROM {name} WHERE {key} = $1 AND ts >= $2 AND ts < $3",  # noqa: S608 - see hot.py
        number,
        within.start_ms,
        within.end_ms,
    )
    return list(rows)


def _is_within(row: TimedRow, within: Range) -> bool:
    return row[0] is not None and within.start_ms <= row[0] < within.end_ms
