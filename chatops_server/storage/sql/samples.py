"""How samples become rows, each sequence once, with the cursor in the same transaction."""

import logging
from collections.abc import Iterable, Sequence
from typing import Final

from chatops_server.domain.columns import host_row, part_rows
from chatops_server.domain.process_snapshots import EVERY_MS, encode
from chatops_server.storage.base import Bulk, GapRow, SampleRow, Script, Statement, execute, fetch, fetch_one
from chatops_server.storage.recent import StoredSample
from chatops_server.storage.sql.hot import (
    HotTable,
    hot_table,
    hour_of,
    insert_host,
    insert_part,
    insert_proc,
    mark_sealed,
    widen,
)
from chatops_server.storage.sql.misdated import drop_marks_before, mark

log = logging.getLogger(__name__)

# A path or a name a person can read; longer ones would only be an attack.
MAX_LABEL: Final = 256
# Per sample; a machine with more mounts, interfaces and containers keeps the first ones and all sums.
MAX_PARTS: Final = 512
# Per server and hour: what makes a new label for each sample may not fill the database with labels.
MAX_GROUPS: Final = 2_000

_GroupKey = tuple[int, str, str]
_CursorKey = tuple[int, str]


class HotSamples:
    """Writes samples to the hour's tables; for one thread, one transaction at a time.

    Remembers the hour's table and the numbers of its groups. After a rollback `forget` must be called.
    """

    def __init__(self) -> None:
        self._table: HotTable | None = None
        self._groups: dict[_GroupKey, int] = {}
        self._group_counts: dict[int, int] = {}
        # By server: which half minute has its snapshot of processes.
        self._pictured: dict[int, int] = {}

    def forget(self) -> None:
        """Something was rolled back: look everything up again."""
        self._table = None
        self._groups.clear()
        self._group_counts.clear()
        self._pictured.clear()

    def close(self, table: HotTable) -> Script[None]:
        """Add nothing to an hour's table any more: it is being sealed."""
        self._table = None
        yield from mark_sealed(table, table.sealed_num or 0)

    def store(self, rows: Sequence[SampleRow | GapRow]) -> Script[list[StoredSample]]:
        """Store what lies beyond the cursors, ascending within each epoch, and move the cursors.

        What is not beyond its cursor is skipped: the last line against storing a sequence twice. Rows of
        a server that was deleted meanwhile are dropped. Returns the samples that were stored.
        """
        known = yield from self._cursors(dict.fromkeys((row.server_num, row.epoch) for row in rows))
        samples, gaps, cursors = _beyond(rows, known)
        stored = yield from self._samples(samples)
        yield from mark(samples)
        if gaps:
            yield Bulk(
                "INSERT INTO gap (server_num, epoch, from_seq, to_seq, reason, ts_ms)"
                " VALUES ($1, $2, $3, $4, $5, $6)",
                [
                    (gap.server_num, gap.epoch, gap.from_seq, gap.to_seq, gap.reason, gap.ts_ms)
                    for gap in gaps
                ],
            )
        if cursors:
            yield Bulk(
                "INSERT INTO ingest_cursor (server_num, epoch, seq, updated_ms) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT (server_num, epoch) DO UPDATE SET seq = excluded.seq,"
                " updated_ms = excluded.updated_ms",
                [(*key, *cursor) for key, cursor in cursors.items()],
            )
        return stored

    def _cursors(self, keys: Iterable[_CursorKey]) -> Script[dict[_CursorKey, int | None]]:
        """Return the cursors, 0 for a new epoch, None for a server that is gone."""
        known: dict[_CursorKey, int | None] = {}
        for key in keys:
            known[key] = yield from _cursor_of_existing(*key)
        return known

    def _samples(self, samples: Sequence[SampleRow]) -> Script[list[StoredSample]]:
        if not samples:
            return []
        table = yield from self._table_for(samples)
        stored = [(row.server_num, row.ts_ms, host_row(row.sample)) for row in samples]
        yield Bulk(
            insert_host(table),
            [
                (row.server_num, row.seq, row.ts_ms, row.received_ms, *values)
                for row, (_, _, values) in zip(samples, stored, strict=True)
            ],
        )
        parts = yield from self._parts(samples, table.hour_ms)
        if parts:
            yield Bulk(insert_part(table), parts)
        pictures = self._pictures(samples)
        if pictures:
            yield Bulk(insert_proc(table), pictures)
        return stored

    def _table_for(self, samples: Sequence[SampleRow]) -> Script[HotTable]:
        # A batch stands whole in the hour of its newest row; nothing depends on a few of them being early.
        hour_ms = hour_of(max(row.received_ms for row in samples))
        table = self._table
        if table is None or table.hour_ms != hour_ms:
            # A group's first row in an hour marks it as used, so the numbers are learnt anew each hour.
            self.forget()
            table = yield from hot_table(hour_ms)
        times = [row.ts_ms for row in samples]
        self._table = yield from widen(table, min(times), max(times))
        return self._table

    def _parts(self, samples: Sequence[SampleRow], hour_ms: int) -> Script[list[tuple[int | None, ...]]]:
        rows: list[tuple[int | None, ...]] = []
        for row in samples:
            for kind, label, values in part_rows(row.sample)[:MAX_PARTS]:
                key = (row.server_num, kind, label[:MAX_LABEL])
                group_id = self._groups.get(key)
                if group_id is None:
                    group_id = yield from self._group(key, hour_ms)
                if group_id:
                    rows.append((group_id, row.seq, row.ts_ms, *values))
        return rows

    def _pictures(self, samples: Sequence[SampleRow]) -> list[tuple[int, int, bytes]]:
        rows: list[tuple[int, int, bytes]] = []
        for row in samples:
            half_minute = row.ts_ms // EVERY_MS
            if row.sample.processes and self._pictured.get(row.server_num) != half_minute:
                self._pictured[row.server_num] = half_minute
                rows.append((row.server_num, row.ts_ms, encode(row.sample.processes)))
        return rows

    def _group(self, key: _GroupKey, hour_ms: int) -> Script[int]:
        """Return the number of a group, made where it is missing; 0 when the server has too many."""
        server_num = key[0]
        count = self._group_counts.get(server_num, 0)
        if count >= MAX_GROUPS:
            if count == MAX_GROUPS:
                log.warning("too many labels, further ones are not stored", extra={"server_num": server_num})
                self._group_counts[server_num] = count + 1
            return 0
        [(group_id,)] = yield from fetch(
            "INSERT INTO metric_group (server_num, kind, label, used_ms) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (server_num, kind, label) DO UPDATE SET used_ms = excluded.used_ms RETURNING id",
            *key,
            hour_ms,
        )
        self._group_counts[server_num] = count + 1
        self._groups[key] = int(group_id)
        return int(group_id)


def cursor(server_num: int, epoch: str) -> Script[int]:
    """Return the newest stored sequence of an epoch, 0 if none."""
    row = yield from fetch_one(
        "SELECT seq FROM ingest_cursor WHERE server_num = $1 AND epoch = $2", server_num, epoch
    )
    return int(row[0]) if row else 0


def drop_unused(before_ms: int, cursors_before_ms: int) -> Script[None]:
    """Delete gaps, marks and labels unused since `before_ms`, and cursors of epochs long over.

    The newest epoch of a server keeps its cursor however old it is: its agent may come back.
    """
    yield from execute("DELETE FROM metric_group WHERE used_ms < $1", before_ms)
    yield from execute("DELETE FROM gap WHERE ts_ms < $1", cursors_before_ms)
    yield from drop_marks_before(cursors_before_ms)
    yield from execute(
        # EXISTS ends at the first newer one; max() of 20,000 epochs held the writer for minutes.
        "DELETE FROM ingest_cursor WHERE updated_ms < $1 AND EXISTS (SELECT 1 FROM ingest_cursor newer"
        " WHERE newer.server_num = ingest_cursor.server_num AND newer.updated_ms > ingest_cursor.updated_ms)",
        cursors_before_ms,
    )


def _beyond(
    rows: Iterable[SampleRow | GapRow], known: dict[_CursorKey, int | None]
) -> tuple[list[SampleRow], list[GapRow], dict[_CursorKey, tuple[int, int]]]:
    samples: list[SampleRow] = []
    gaps: list[GapRow] = []
    moved: dict[_CursorKey, tuple[int, int]] = {}
    for row in rows:
        key = (row.server_num, row.epoch)
        cursor_seq = known[key]
        if cursor_seq is None or _last_seq(row) <= cursor_seq:
            continue
        if isinstance(row, SampleRow):
            samples.append(row)
            moved[key] = (row.seq, row.received_ms)
        else:
            gaps.append(row)
            moved[key] = (row.to_seq, row.ts_ms)
        known[key] = moved[key][0]
    return samples, gaps, moved


def _last_seq(row: SampleRow | GapRow) -> int:
    return row.seq if isinstance(row, SampleRow) else row.to_seq


def _cursor_of_existing(server_num: int, epoch: str) -> Script[int | None]:
    """Return the cursor, 0 for a new epoch, None for a server that is gone."""
    outcome = yield Statement(
        "SELECT c.seq FROM servers s LEFT JOIN ingest_cursor c ON c.server_num = s.num AND c.epoch = $2"
        " WHERE s.num = $1",
        (server_num, epoch),
    )
    return (outcome.rows[0][0] or 0) if outcome.rows else None
