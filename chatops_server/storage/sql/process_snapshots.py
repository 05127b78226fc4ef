"""Snapshots of processes: sealed hours as chunks of the tier PROCESSES, the others in hourly tables."""

import logging
from collections.abc import Iterable
from typing import Any

from chatops_server.domain.chunks import DamagedChunkError
from chatops_server.domain.process_snapshots import Snapshot, decode, decode_hour, encode_hour
from chatops_server.domain.tiers import PROCESSES
from chatops_server.storage.base import Script, fetch
from chatops_server.storage.sql.chunks import ChunkRow, Source, chunk_at, chunks_with
from chatops_server.storage.sql.hot import HotTable, tables_with

log = logging.getLogger(__name__)


def packed_hours(server_num: int, rows: Iterable[tuple[Any, ...]]) -> Script[list[ChunkRow]]:
    """Return one server's rows of an hourly table as chunks, with what was sealed of the same hours.

    The rows are server_num, ts and the packed processes, in any order.
    """
    hours: dict[int, list[Snapshot]] = {}
    for _, ts_ms, body in rows:
        hours.setdefault(PROCESSES.chunk_of(ts_ms), []).extend(_unpacked(server_num, ts_ms, body))
    source = Source(server_num)
    found = []
    for t0, snapshots in hours.items():
        before = yield from chunk_at(source, PROCESSES, t0)
        count, packed = encode_hour([*_unpacked_hour(source, t0, before), *snapshots])
        found.append(ChunkRow(source, PROCESSES.number, t0, count, packed))
    return found


def snapshot_at(server_num: int, start_ms: int, end_ms: int) -> Script[Snapshot | None]:
    """Return the newest snapshot of [start_ms, end_ms); None where there is none."""
    found = yield from snapshots_of(server_num, start_ms, end_ms)
    return found[-1] if found else None


def snapshots_of(server_num: int, start_ms: int, end_ms: int) -> Script[list[Snapshot]]:
    """Return all snapshots of [start_ms, end_ms), by time."""
    source = Source(server_num)
    found: list[Snapshot] = []
    for chunk in (yield from chunks_with(source, PROCESSES, start_ms, end_ms)):
        found += _unpacked_hour(source, chunk.t0, chunk.body)
    for table in (yield from tables_with(start_ms, end_ms)):
        if table.has(server_num):
            found += yield from _waiting(table, server_num, start_ms, end_ms)
    return sorted((one for one in found if start_ms <= one.ts_ms < end_ms), key=lambda one: one.ts_ms)


def _waiting(table: HotTable, server_num: int, start_ms: int, end_ms: int) -> Script[list[Snapshot]]:
    if table.proc is None:
        return []
    rows = yield from fetch(
        f"SELECT ts, body FROM {table.proc} WHERE server_num = $1 AND ts >= $2 AND ts < $3",  # noqa: S608 - see hot.py
        server_num,
        start_ms,
        end_ms,
    )
    return [one for ts_ms, body in rows for one in _unpacked(server_num, ts_ms, body)]


def _unpacked(server_num: int, ts_ms: int, body: bytes) -> list[Snapshot]:
    try:
        return [decode(ts_ms, body)]
    except DamagedChunkError as exc:
        _complain(server_num, ts_ms, exc)
        return []


def _unpacked_hour(source: Source, t0: int, body: bytes | None) -> list[Snapshot]:
    try:
        return [] if body is None else decode_hour(body)
    except DamagedChunkError as exc:
        _complain(source.server_num, t0, exc)
        return []


def _complain(server_num: int, ts_ms: int, exc: DamagedChunkError) -> None:
    # Nobody is told who used the machine then; `chatops-server verify` finds it too.
    log.error(
        "processes of the past cannot be read",
        extra={"server_num": server_num, "t0": ts_ms, "reason": str(exc)},
    )
