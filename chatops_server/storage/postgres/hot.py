"""How samples become rows on PostgreSQL: as everywhere, but for what other hubs do meanwhile."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, cast

from chatops_server.domain.columns import part_rows
from chatops_server.storage.base import GapRow, SampleRow, Script, Statement, Value, fetch
from chatops_server.storage.postgres.locks import TABLES
from chatops_server.storage.recent import StoredSample
from chatops_server.storage.sql.hot import HOUR_MS, HotTable, hot_table, hour_of
from chatops_server.storage.sql.samples import MAX_GROUPS, MAX_LABEL, MAX_PARTS, HotSamples

# Hours are sealed 65 minutes after their end (storage/upkeep.py). Whoever writes to one this late asks each
# time whether it is still open; half an hour is more than clocks of hubs differ and a commit takes.
LATE_MS: Final = 30 * 60_000

_CursorKey = tuple[int, str]


class PostgresHotSamples(HotSamples):
    """See HotSamples. Knows besides whose samples came through this hub alone."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        super().__init__()
        self._now_ms = now_ms
        # The cursors as this hub left them; what differs in the database, another hub has written.
        self._own: dict[_CursorKey, int] = {}
        self._moved: dict[_CursorKey, int] = {}
        self._strangers: set[int] = set()

    def is_own(self, server_num: int, cursors: Sequence[tuple[str, int]]) -> bool:
        """Whether this hub has stored everything up to these cursors, (epoch, sequence), of a server."""
        return all(self._own.get((server_num, epoch)) == seq for epoch, seq in cursors)

    def adopt(self, cursors: Iterable[tuple[int, str, int]]) -> None:
        """Take note of cursors, (server, epoch, sequence), up to which everything is in memory."""
        for server_num, epoch, seq in cursors:
            self._own.setdefault((server_num, epoch), seq)

    def strangers(self) -> set[int]:
        """Return, once, the servers of which another hub has stored something since this one last did."""
        found, self._strangers = self._strangers, set()
        return found

    def committed(self) -> None:
        """What was stored last is there to stay."""
        self._own.update(self._moved)
        self._moved.clear()

    def forget(self) -> None:
        """See HotSamples."""
        super().forget()
        self._moved.clear()

    def store(self, rows: Sequence[SampleRow | GapRow]) -> Script[list[StoredSample]]:
        """See HotSamples."""
        for row in rows:
            last = row.seq if isinstance(row, SampleRow) else row.to_seq
            key = (row.server_num, row.epoch)
            self._moved[key] = max(last, self._moved.get(key, 0))
        return (yield from super().store(rows))

    def _cursors(self, keys: Iterable[_CursorKey]) -> Script[dict[_CursorKey, int | None]]:
        wanted = sorted(keys)
        known: dict[_CursorKey, int | None] = dict.fromkeys(wanted)
        known.update((yield from _locked(wanted)))
        new = [key for key in wanted if known[key] is None]
        if new:
            # The row is there before the first sample, so that two hubs cannot both take it for new.
            yield Statement(_ADD_CURSORS, _columns(new))
            known.update((yield from _locked(new)))
        for key, seq in known.items():
            if seq is None:
                self._moved.pop(key, None)
                continue
            self._moved[key] = max(seq, self._moved[key])
            if seq != self._own.get(key, 0):
                self._strangers.add(key[0])
        return known

    def _table_for(self, samples: Sequence[SampleRow]) -> Script[HotTable]:
        hour_ms = hour_of(max(row.received_ms for row in samples))
        is_late = hour_ms + HOUR_MS + LATE_MS < self._now_ms()
        if is_late or self._table is None or self._table.hour_ms != hour_ms:
            self._forget_hour()
            self._table = yield from _opened(hour_ms)
        times = [row.ts_ms for row in samples]
        self._table = yield from _widened(self._table, min(times), max(times))
        if is_late:
            table, self._table = self._table, None
            return table
        return self._table

    def _forget_hour(self) -> None:
        moved = dict(self._moved)
        self.forget()
        self._moved.update(moved)

    def _parts(self, samples: Sequence[SampleRow], hour_ms: int) -> Script[list[tuple[int | None, ...]]]:
        new: dict[tuple[int, str, str], None] = {}
        for row in samples:
            for kind, label, _ in part_rows(row.sample)[:MAX_PARTS]:
                key = (row.server_num, kind, label[:MAX_LABEL])
                if key not in self._groups and "\x00" not in label:
                    new[key] = None
        yield from self._learn(new, hour_ms)
        return (yield from super()._parts(samples, hour_ms))

    def _learn(self, keys: Iterable[tuple[int, str, str]], hour_ms: int) -> Script[None]:
        """Look up many groups at once, where SQLite looks up each; those beyond MAX_GROUPS are left out."""
        wanted = []
        counts = dict(self._group_counts)
        for key in keys:
            counts[key[0]] = counts.get(key[0], 0) + 1
            if counts[key[0]] <= MAX_GROUPS:
                wanted.append(key)
        if not wanted:
            return
        params = (*_columns(wanted), hour_ms)
        outcome = yield Statement(_LEARN_GROUPS, params)
        for group_id, server_num, kind, label in outcome.rows:
            self._groups[server_num, kind, label] = group_id
            self._group_counts[server_num] = self._group_counts.get(server_num, 0) + 1


_LOCK_CURSORS: Final = (
    "SELECT c.server_num, c.epoch, c.seq FROM ingest_cursor c"
    " JOIN unnest($1::bigint[], $2::text[]) AS k (server_num, epoch)"
    " ON c.server_num = k.server_num AND c.epoch = k.epoch"
    " ORDER BY c.server_num, c.epoch FOR UPDATE OF c"
)
_ADD_CURSORS: Final = (
    "INSERT INTO ingest_cursor (server_num, epoch, seq, updated_ms)"
    " SELECT s.num, k.epoch, 0, 0 FROM unnest($1::bigint[], $2::text[]) AS k (server_num, epoch)"
    " JOIN servers s ON s.num = k.server_num ORDER BY 1, 2 ON CONFLICT (server_num, epoch) DO NOTHING"
)
_LEARN_GROUPS: Final = (
    "INSERT INTO metric_group (server_num, kind, label, used_ms)"
    " SELECT k.server_num, k.kind, k.label, $4"
    " FROM unnest($1::bigint[], $2::text[], $3::text[]) AS k (server_num, kind, label)"
    " ON CONFLICT (server_num, kind, label) DO UPDATE SET used_ms = excluded.used_ms"
    " RETURNING id, server_num, kind, label"
)


def _locked(keys: Sequence[_CursorKey]) -> Script[dict[_CursorKey, int]]:
    """Return the cursors that are there; no other hub moves them until the commit."""
    outcome = yield Statement(_LOCK_CURSORS, _columns(keys))
    return {(server_num, epoch): seq for server_num, epoch, seq in outcome.rows}


def _columns(keys: Sequence[tuple[Any, ...]]) -> tuple[Value, ...]:
    # Arrays, which only statements of this module take.
    return cast("tuple[Value, ...]", tuple(list(column) for column in zip(*keys, strict=True)))


def _opened(hour_ms: int) -> Script[HotTable]:
    """Return the tables of an hour, or of the next that is not sealed; not to be sealed until the commit."""
    while True:
        yield Statement(TABLES)
        table = yield from hot_table(hour_ms)
        still_open = yield from fetch(
            "SELECT 1 FROM hot_table WHERE name = $1 AND sealed_num IS NULL FOR SHARE", table.name
        )
        if still_open:
            return table


def _widened(table: HotTable, first_ts: int, last_ts: int) -> Script[HotTable]:
    """Return the table with a range that includes both times, and what other hubs have widened it to."""
    if table.min_ts <= first_ts and last_ts <= table.max_ts:
        return table
    [(min_ts, max_ts)] = yield from fetch(
        "UPDATE hot_table SET min_ts = least(min_ts, $2), max_ts = greatest(max_ts, $3) WHERE name = $1"
        " RETURNING min_ts, max_ts",
        table.name,
        first_ts,
        last_ts,
    )
    return HotTable(table.name, table.hour_ms, table.version, min_ts, max_ts)
