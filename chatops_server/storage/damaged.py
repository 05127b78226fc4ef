"""Sealed hours that cannot be read: found by a check; else said in the log, and gone on without them."""

import logging

from chatops_server.domain import chunks
from chatops_server.domain.chunks import DamagedChunkError
from chatops_server.domain.process_snapshots import decode_hour
from chatops_server.domain.sealing import Piece, TimedRow, rows_of
from chatops_server.domain.tiers import PROCESSES
from chatops_server.storage.sql.chunks import ChunkRow, Source
from chatops_wire.times import format_ms

log = logging.getLogger(__name__)


def rows_or_none(row: ChunkRow) -> list[TimedRow]:
    """Return the rows of a sealed hour; none of one that is damaged."""
    try:
        return rows_of(row.body)
    except DamagedChunkError as exc:
        log.warning("a sealed hour cannot be read", extra={"t0": row.t0, "reason": str(exc)})
        return []


def merged_or_anew(piece: Piece, before: bytes | None, source: Source) -> tuple[int, bytes]:
    """Return how many rows the hour has with this piece, and its body; of a damaged one the piece alone."""
    try:
        return piece.merged(before)
    except DamagedChunkError as exc:
        log.warning(
            "a sealed hour was damaged and is begun anew",
            extra={"server_num": source.server_num, "t0": piece.t0, "reason": str(exc)},
        )
        return piece.merged(None)


def complaint(server_num: int, tier: int, t0: int, body: bytes) -> str | None:
    """Return what is wrong with a sealed hour, in a line; None: it can be read."""
    try:
        if tier == PROCESSES.number:
            decode_hour(body)
        else:
            chunks.decode(body, range(chunks.width(body)))
    except DamagedChunkError as exc:
        return f"sealed hour {format_ms(t0)} of server {server_num}, tier {tier}: {exc}"
    return None
