"""The hourly tables of raw samples: append-only, without an index, dropped whole.

Three tables an hour: `hot_<YYYYMMDDHH>_<version>_host` has one wide row a sample, `…_part` one narrow row
for each labelled thing in it, `…_proc` one packed row for the top processes of each half minute. In one
table the narrow rows, six times as many, would carry the wide row's empty columns, and a chart of the
machine would read past them.

An hour is that of reception. Clustering by server instead was measured to write 13-35 times as much.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, LiteralString

from chatops_server.domain.columns import PART_WIDTH, VERSION, host_width
from chatops_server.storage.base import Script, execute, fetch
from chatops_wire.times import LAST_MS

HOUR_MS: Final = 3_600_000
# Samples this far outside the hour that receives them (a slow link, a slightly wrong clock) are expected:
# the range of a new table includes them, so that the ordinary commit need not touch its row.
SLACK_MS: Final = 120_000
# The version of columns whose tables have processes beside them.
_WITH_PROCESSES: Final = 2
# Rows, some 15 MB: a few milliseconds of the writer's time.
_DROPPED_AT_ONCE: Final = 100_000


_FIELDS: Final = "name, hour_ms, cols_version, min_ts, max_ts, sealed_num"


@dataclass(frozen=True, slots=True)
class HotTable:
    """The tables of one hour and the range their samples' own times lie in, both ends included."""

    name: LiteralString
    hour_ms: int
    version: int
    min_ts: int
    max_ts: int
    sealed_num: int | None = None
    """Every server up to this number is in chunks instead; None while samples may still be added."""

    def has(self, server_num: int) -> bool:
        """Whether the samples of this server are here, and not in chunks."""
        return self.sealed_num is None or server_num > self.sealed_num

    @property
    def host(self) -> LiteralString:
        """Name of the table with one row a sample."""
        return self.name + "_host"

    @property
    def part(self) -> LiteralString:
        """Name of the table with one row a labelled thing."""
        return self.name + "_part"

    @property
    def proc(self) -> LiteralString | None:
        """Name of the table with one row a snapshot of processes; None in hours older than these."""
        return self.name + "_proc" if self.version >= _WITH_PROCESSES else None

    @property
    def names(self) -> tuple[LiteralString, ...]:
        """The names of all of them."""
        return (self.host, self.part) if self.proc is None else (self.host, self.part, self.proc)


def hour_of(ms: int) -> int:
    """Return the start of the hour."""
    return ms - ms % HOUR_MS


def column_name(at: int) -> LiteralString:
    """Return what the column at a position (domain/columns.py) is called."""
    return _known(f"v{at}")


def column_names(width: int) -> LiteralString:
    """Return the names of the first `width` columns, comma-separated."""
    return ", ".join(column_name(at) for at in range(width))


def insert_host(table: HotTable) -> LiteralString:
    """Return the INSERT of server_num, seq, ts, recv and the columns of HOST."""
    names = f"server_num, seq, ts, recv, {column_names(host_width(table.version))}"
    return f"INSERT INTO {table.host} ({names}) VALUES ({_placeholders(names)})"  # noqa: S608 - see _known


def insert_part(table: HotTable) -> LiteralString:
    """Return the INSERT of group_id, seq, ts and PART_WIDTH columns."""
    names = f"group_id, seq, ts, {column_names(PART_WIDTH)}"
    return f"INSERT INTO {table.part} ({names}) VALUES ({_placeholders(names)})"  # noqa: S608 - see _known


def insert_proc(table: HotTable) -> LiteralString:
    """Return the INSERT of server_num, ts and the packed processes, for tables of this program's VERSION."""
    return f"INSERT INTO {table.name}_proc (server_num, ts, body) VALUES ($1, $2, $3)"  # noqa: S608 - see _known


def select_host(table: HotTable) -> LiteralString:
    """Return the SELECT of server_num, ts and the columns of HOST of servers beyond `?`, server by server."""
    names = column_names(host_width(table.version))
    return f"SELECT server_num, ts, {names} FROM {table.host} WHERE server_num > ? ORDER BY server_num"  # noqa: S608 - see _known


def select_part(table: HotTable) -> LiteralString:
    """Return the SELECT of server_num, group_id, ts and PART_WIDTH columns, in the same order, by group."""
    names = column_names(PART_WIDTH)
    return (
        f"SELECT g.server_num, group_id, ts, {names} FROM {table.part} p"  # noqa: S608 - see _known
        " JOIN metric_group g ON g.id = p.group_id WHERE g.server_num > ? ORDER BY g.server_num, group_id"
    )


def select_proc(table: HotTable) -> LiteralString | None:
    """Return the SELECT of server_num, ts and the packed processes, in the same order; None: it has none."""
    if table.proc is None:
        return None
    return f"SELECT server_num, ts, body FROM {table.proc} WHERE server_num > ? ORDER BY server_num"  # noqa: S608 - see _known


def hot_table(hour_ms: int) -> Script[HotTable]:
    """Return the hour's tables for rows of this program's VERSION, made where they are missing.

    Those of a later hour where these are being sealed: samples that waited long for a slow disk.
    """
    while (yield from _is_closed(hour_ms)):
        hour_ms += HOUR_MS
    moment = datetime.fromtimestamp(min(hour_ms, LAST_MS) // 1000, UTC)
    table = HotTable(
        _known(f"hot_{moment:%Y%m%d%H}_{VERSION}"),
        hour_ms,
        VERSION,
        hour_ms - SLACK_MS,
        hour_ms + HOUR_MS + SLACK_MS,
    )
    known = yield from fetch("SELECT min_ts, max_ts FROM hot_table WHERE name = $1", table.name)
    if known:
        return HotTable(table.name, hour_ms, VERSION, *known[0])
    yield from execute(
        "INSERT INTO hot_table (name, hour_ms, cols_version, min_ts, max_ts) VALUES ($1, $2, $3, $4, $5)",
        table.name,
        table.hour_ms,
        table.version,
        table.min_ts,
        table.max_ts,
    )
    yield from execute(
        f"CREATE TABLE {table.host} (server_num INTEGER NOT NULL, seq BIGINT NOT NULL, ts BIGINT NOT NULL,"
        f" recv BIGINT NOT NULL, {_declared(host_width(VERSION))})"
    )
    yield from execute(
        f"CREATE TABLE {table.part} (group_id INTEGER NOT NULL, seq BIGINT NOT NULL, ts BIGINT NOT NULL,"
        f" {_declared(PART_WIDTH)})"
    )
    yield from execute(
        f"CREATE TABLE {table.name}_proc (server_num INTEGER NOT NULL, ts BIGINT NOT NULL,"
        " body BLOB NOT NULL)"
    )
    return table


def _is_closed(hour_ms: int) -> Script[bool]:
    closed = yield from fetch(
        "SELECT 1 FROM hot_table WHERE hour_ms = $1 AND sealed_num IS NOT NULL LIMIT 1", hour_ms
    )
    return bool(closed)


def widen(table: HotTable, first_ts: int, last_ts: int) -> Script[HotTable]:
    """Return the table with a range that includes both times, stored if that changes it."""
    if table.min_ts <= first_ts and last_ts <= table.max_ts:
        return table
    wider = HotTable(
        table.name, table.hour_ms, table.version, min(table.min_ts, first_ts), max(table.max_ts, last_ts)
    )
    yield from execute(
        "UPDATE hot_table SET min_ts = $2, max_ts = $3 WHERE name = $1",
        wider.name,
        wider.min_ts,
        wider.max_ts,
    )
    return wider


def tables_with(start_ms: int, end_ms: int) -> Script[list[HotTable]]:
    """Return the tables that may hold samples of [start_ms, end_ms), oldest hour first."""
    rows = yield from fetch(
        f"SELECT {_FIELDS} FROM hot_table"  # noqa: S608 - see _known
        " WHERE max_ts >= $1 AND min_ts < $2 ORDER BY hour_ms, cols_version",
        start_ms,
        end_ms,
    )
    return [HotTable(_known(name), *rest) for name, *rest in rows]


def tables_to_seal(hour_ms: int) -> Script[list[HotTable]]:
    """Return the tables of hours that ended at `hour_ms` or earlier, oldest first."""
    rows = yield from fetch(
        f"SELECT {_FIELDS} FROM hot_table WHERE hour_ms + $2 <= $1 ORDER BY hour_ms, cols_version",  # noqa: S608 - see _known
        hour_ms,
        HOUR_MS,
    )
    return [HotTable(_known(name), *rest) for name, *rest in rows]


def mark_sealed(table: HotTable, server_num: int) -> Script[None]:
    """Write down that every server up to this number is in chunks; 0 closes the table to new samples."""
    yield from execute("UPDATE hot_table SET sealed_num = $2 WHERE name = $1", table.name, server_num)


def shrink_table(table: HotTable) -> Script[int]:
    """Delete some rows of an hour that is to be dropped; return how many, 0 when few enough are left."""
    for name in table.names:
        [(rows,)] = yield from fetch(f"SELECT coalesce(max(rowid) - min(rowid), 0) FROM {name}")  # noqa: S608 - see _known
        if rows > _DROPPED_AT_ONCE:
            return (
                yield from execute(
                    f"DELETE FROM {name} WHERE rowid < (SELECT min(rowid) FROM {name}) + $1",  # noqa: S608 - likewise
                    _DROPPED_AT_ONCE,
                )
            )
    return 0


def drop_table(table: HotTable) -> Script[None]:
    """Drop an hour; about 40 ms for 100 MB."""
    for name in table.names:
        yield from execute(f"DROP TABLE IF EXISTS {name}")
    yield from execute("DELETE FROM hot_table WHERE name = $1", table.name)


def _declared(width: int) -> LiteralString:
    return ", ".join(f"{column_name(at)} BIGINT" for at in range(width))


def _placeholders(names: LiteralString) -> LiteralString:
    return ", ".join(_known(f"${at}") for at in range(1, names.count(",") + 2))


def _known(text: str) -> LiteralString:
    # Made of numbers of ours only (hours, versions, positions); no text of a user or an agent comes here.
    return text
