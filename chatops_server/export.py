"""`chatops-server export`: stored samples or rollups as plain rows, while the hub runs or not."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO

import msgspec

from chatops_server.config import Config
from chatops_server.domain.tiers import RAW, TIERS, Tier
from chatops_server.reading import Reading, reading
from chatops_server.storage.sql.exports import Range, Series, buckets_of, samples_of, series_of, servers
from chatops_wire import metrics
from chatops_wire.settings import SettingError
from chatops_wire.times import LAST_MS, format_ms, parse_ms

Form = Literal["csv", "jsonl"]

_SAMPLE: Final = ("ts", "server", "metric", "value")
_BUCKET: Final = ("ts", "server", "metric", "count", "avg", "min", "max")
# A spreadsheet takes a cell that begins so for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_encoder: Final = msgspec.json.Encoder()

Cells = tuple[str | float | int, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is exported."""

    servers: tuple[str, ...]
    """Names or ids; none: all."""
    metrics: tuple[str, ...]
    """Without a label the machine's own; none: all, labelled ones included."""
    within: Range
    tier: Tier


def wanted(options: dict[str, Any]) -> Wanted:
    """Return what the arguments ask for.

    Raises:
        SettingError: One of them cannot be understood.
    """
    names = tuple(options["metric"] or ())
    for name in names:
        try:
            metrics.parse(name)
        except metrics.UnknownMetricError as exc:
            raise SettingError(f"--metric: {exc}") from exc
    start_ms, end_ms = _time("--start", options["start"], 0), _time("--end", options["end"], LAST_MS)
    if start_ms >= end_ms:
        raise SettingError("--start: it must be before --end")
    tier = next(tier for tier in TIERS if tier.name == options["tier"])
    return Wanted(tuple(options["server"] or ()), names, Range(start_ms, end_ms), tier)


def export(config: Config, what: Wanted, form: Form, out: TextIO) -> int:
    """Write rows, server by server, metric by metric, by time; return how many.

    Raises:
        SettingError: There is no such server.
        StorageError: The database cannot be read.
    """
    fields = _SAMPLE if what.tier == RAW else _BUCKET
    count = 0
    put: Callable[[Cells], object] | None = None
    with reading(config.database) as stored:
        for num, name in _chosen(stored, what.servers):
            # One snapshot a server: a longer one would keep SQLite's log from starting over.
            with stored.snapshot():
                for cells in _rows_of(stored, (num, name), what):
                    # Whatever fails before the first row leaves nothing that looks like an answer.
                    put = put or _writer(out, fields, form)
                    put(cells)
                    count += 1
    if put is None:
        _writer(out, fields, form)
    return count


def _writer(out: TextIO, fields: Sequence[str], form: Form) -> Callable[[Cells], object]:
    """Return what writes a row; of CSV the line of names is written now."""
    return _csv(out, fields) if form == "csv" else _jsonl(out, fields)


def _chosen(stored: Reading, names: Sequence[str]) -> list[tuple[int, str]]:
    known = stored.run(servers())
    for name in names:
        if not any(name in (server_id, server) for _, server_id, server in known):
            raise SettingError(f"--server: there is no server {name!r}")
    return [
        (num, server) for num, server_id, server in known if not names or {server_id, server} & set(names)
    ]


def _rows_of(stored: Reading, server: tuple[int, str], what: Wanted) -> Iterator[Cells]:
    for series in stored.run(series_of(server[0])):
        columns = [at for at in range(len(series.columns)) if _is_wanted(series, at, what.metrics)]
        if not columns:
            continue
        if what.tier == RAW:
            yield from _samples(stored, series, columns, (server[1], what.within))
        else:
            yield from _buckets(stored, series, columns, (server[1], what))


def _is_wanted(series: Series, at: int, names: Sequence[str]) -> bool:
    return not names or series.name(at) in names


def _samples(
    stored: Reading, series: Series, columns: Sequence[int], asked: tuple[str, Range]
) -> Iterator[Cells]:
    server, within = asked
    rows = stored.run(samples_of(series.source, within))
    for at in columns:
        scale, name = series.columns[at].scale, series.name(at)
        for ts, *values in rows:
            value = values[at] if at < len(values) else None
            if ts is not None and value is not None:
                yield format_ms(ts), server, name, _unscaled(value, scale)


def _buckets(
    stored: Reading, series: Series, columns: Sequence[int], asked: tuple[str, Wanted]
) -> Iterator[Cells]:
    server, what = asked
    rollup = stored.run(buckets_of(series.source, what.tier, what.within))
    for at in columns:
        scale, name = series.columns[at].scale, series.name(at)
        for start, (_, parts) in rollup.items():
            part = parts[at] if at < len(parts) else None
            if part is not None:
                avg = part.total / (part.samples * scale)
                low, high = _unscaled(part.low, scale), _unscaled(part.high, scale)
                yield format_ms(start), server, name, part.samples, avg, low, high


def _unscaled(value: int, scale: int) -> float | int:
    return value if scale == 1 else value / scale


def _csv(out: TextIO, fields: Sequence[str]) -> Callable[[Cells], object]:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(fields)
    return lambda cells: writer.writerow([_harmless(cell) for cell in cells])


def _jsonl(out: TextIO, fields: Sequence[str]) -> Callable[[Cells], object]:
    def put(cells: Cells) -> None:
        out.write(_encoder.encode(dict(zip(fields, cells, strict=True))).decode() + "\n")

    return put


def _harmless(cell: str | float) -> str | float:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _time(flag: str, text: str | None, otherwise: int) -> int:
    if text is None:
        return otherwise
    try:
        if "T" in text or " " in text:
            return max(0, parse_ms(text))
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError as exc:
        raise SettingError(f"{flag}: {text!r} is no date or RFC 3339 time") from exc
