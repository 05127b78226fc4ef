"""Gives pages that nobody needs any more back to the file system, a few at a time."""

import logging
import sqlite3
from typing import Final

log = logging.getLogger(__name__)

# Pages of the hour that was dropped are used by the next one; giving all of them back would only write them
# twice. A quarter of the file, and 16 MiB, stay free.
_SPARE_PAGES: Final = 4_096
_SPARE_SHARE: Final = 4
# Some milliseconds: each may have to be moved from the end of the file.
_AT_ONCE: Final = 200


class Reclaiming:
    """For the writer's thread, between two transactions."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def step(self) -> bool:
        """Give some pages back if too many are free; say whether there is more to do."""
        try:
            excess = self._excess()
            if excess <= 0:
                return False
            # Not execute(): that would give back a single page.
            self._connection.executescript(f"PRAGMA incremental_vacuum({min(excess, _AT_ONCE)})")
        except sqlite3.Error as exc:
            # For instance a full disk: the log cannot take the moved pages.
            log.debug("no pages were given back", extra={"reason": str(exc)})
            return False
        return excess > _AT_ONCE

    def _excess(self) -> int:
        [(free,)] = self._connection.execute("PRAGMA freelist_count").fetchall()
        if free <= _SPARE_PAGES:
            return 0
        [(pages,)] = self._connection.execute("PRAGMA page_count").fetchall()
        return int(free - max(_SPARE_PAGES, (pages - free) // _SPARE_SHARE))
