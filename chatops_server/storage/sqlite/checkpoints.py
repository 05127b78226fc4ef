"""When the write-ahead log is copied into the database file, so that it neither grows nor delays an ack."""

import logging
import sqlite3
from pathlib import Path
from typing import Final

from chatops_server.storage.sqlite.connections import BUSY_TIMEOUT_MS, WAL_LIMIT_BYTES

log = logging.getLogger(__name__)

# Measured: the longest PASSIVE checkpoint of 2,000 pages delays the next commit by a few milliseconds.
_PASSIVE_EVERY_PAGES: Final = 2_000
# A commit touches the ends of the hourly tables and some cursors, and about 25 changed rows fill a page.
_PAGES_A_COMMIT: Final = 8
_ROWS_A_PAGE: Final = 25
# Idle for this long, a log larger than this is given back to the file system.
IDLE_S: Final = 5.0
_WORTH_TRUNCATING_BYTES: Final = 4 * 1024 * 1024


class Checkpoints:
    """Counts what was written; for the writer's thread, between two transactions."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._wal = path.with_name(path.name + "-wal")
        self._changes = connection.total_changes
        self._pages = 0
        self._is_failing = False

    @property
    def idle_s(self) -> float | None:
        """Seconds of silence after which `idle` has something to do; None: nothing to do."""
        return IDLE_S if self._pages else None

    def committed(self) -> None:
        """Take note of a commit and checkpoint when enough has come together."""
        changes = self._connection.total_changes
        self._pages += _PAGES_A_COMMIT + (changes - self._changes) // _ROWS_A_PAGE
        self._changes = changes
        if self._pages < _PASSIVE_EVERY_PAGES:
            return
        # Readers that stay on an old snapshot keep a PASSIVE checkpoint from starting the log over.
        self._checkpoint("TRUNCATE" if self._size() > WAL_LIMIT_BYTES else "PASSIVE")

    def idle(self) -> None:
        """Nobody waits: copy everything, and give a large log back."""
        self._checkpoint("TRUNCATE" if self._size() > _WORTH_TRUNCATING_BYTES else "PASSIVE")

    def _checkpoint(self, mode: str) -> None:
        self._pages = 0
        try:
            # TRUNCATE would wait for readers as long as the busy timeout; the next one will do.
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
        except sqlite3.Error as exc:
            if not self._is_failing:
                log.warning("checkpoint failed", extra={"reason": str(exc)})
            self._is_failing = True
        else:
            self._is_failing = False
        finally:
            self._connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")

    def _size(self) -> int:
        try:
            return self._wal.stat().st_size
        except FileNotFoundError:
            return 0
