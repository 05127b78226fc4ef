"""Marks of samples that stand where they arrived, because their own time lay too far in the future."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from chatops_server.storage.base import HistoryQuery, Misdated, SampleRow, Script, execute, fetch


def mark(samples: Sequence[SampleRow]) -> Script[None]:
    """Mark those of the samples that are misdated; a mark that ends right before them grows."""
    for run in _runs(samples):
        first, last = run[0], run[-1]
        grown = yield from execute(
            "UPDATE misdated SET to_seq = $4, last_ms = $5, ahead_ms = $6"
            " WHERE server_num = $1 AND epoch = $2 AND to_seq = $3 - 1",
            first.server_num,
            first.epoch,
            first.seq,
            last.seq,
            last.received_ms,
            last.ahead_ms,
        )
        if not grown:
            yield from execute(
                "INSERT INTO misdated (server_num, epoch, from_seq, to_seq, first_ms, last_ms, ahead_ms)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7)",
                first.server_num,
                first.epoch,
                first.seq,
                last.seq,
                first.received_ms,
                last.received_ms,
                last.ahead_ms,
            )


def misdated_of(query: HistoryQuery) -> Script[list[Misdated]]:
    """Return the marks that reach into the range, newest first, at most `query.points`."""
    rows = yield from fetch(
        "SELECT from_seq, to_seq, first_ms, last_ms, ahead_ms FROM misdated"
        " WHERE server_num = $1 AND last_ms >= $2 AND first_ms < $3 ORDER BY last_ms DESC LIMIT $4",
        query.server_num,
        query.start_ms,
        query.end_ms,
        query.points,
    )
    return [Misdated(*row) for row in rows]


def drop_marks_before(before_ms: int) -> Script[None]:
    """Delete marks that end earlier."""
    yield from execute("DELETE FROM misdated WHERE last_ms < $1", before_ms)


def _runs(samples: Sequence[SampleRow]) -> Iterator[list[SampleRow]]:
    """Yield the misdated ones, those without a hole between them together."""
    late = enumerate(sample for sample in samples if sample.ahead_ms)
    for _, run in groupby(late, key=lambda each: (each[1].server_num, each[1].epoch, each[1].seq - each[0])):
        yield [sample for _, sample in run]
