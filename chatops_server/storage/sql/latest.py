"""The newest sample of each server, for the time after a restart until its agent is back."""

from dataclasses import dataclass

from chatops_server.storage.base import Script, execute, fetch


@dataclass(frozen=True, slots=True)
class LatestRow:
    """A server's newest sample as it was stored."""

    server_num: int
    epoch: str
    seq: int
    """The newest sequence shown of the epoch; 0 if none."""
    ts_ms: int
    body: bytes
    """broker.sample_frames.stored_body."""


def all_latest() -> Script[list[LatestRow]]:
    """Return the newest sample of every server that ever sent one."""
    rows = yield from fetch("SELECT server_num, epoch, seq, ts_ms, body FROM latest")
    return [LatestRow(*row) for row in rows]


def latest_heard_since(ms: int) -> Script[list[tuple[str, int, LatestRow]]]:
    """Return the newest samples of servers heard since then: each with its server's id, and when that was."""
    rows = yield from fetch(
        "SELECT s.id, s.last_seen_ms, l.server_num, l.epoch, l.seq, l.ts_ms, l.body"
        " FROM latest l JOIN servers s ON s.num = l.server_num WHERE s.last_seen_ms >= $1",
        ms,
    )
    return [(str(row[0]), int(row[1]), LatestRow(*row[2:])) for row in rows]


def put_latest(row: LatestRow) -> Script[None]:
    """Store a server's newest sample in place of the one before; nothing if the server is gone."""
    yield from execute(
        "INSERT INTO latest (server_num, epoch, seq, ts_ms, body)"
        " SELECT $1, $2, $3, $4, $5 WHERE EXISTS (SELECT 1 FROM servers WHERE num = $1)"
        " ON CONFLICT (server_num) DO UPDATE SET"
        " epoch = excluded.epoch, seq = excluded.seq, ts_ms = excluded.ts_ms, body = excluded.body",
        row.server_num,
        row.epoch,
        row.seq,
        row.ts_ms,
        row.body,
    )
