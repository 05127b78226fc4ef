"""When samples that wait are worth a commit: pure, of times and counts.

A commit writes a dozen pages whatever is in it, and costs two threads a switch: at a commit a sample, a
hundred agents at 5 s were measured to write 47 GB a day. So commits are spread, the wider the fewer samples
come, but nobody waits for company that is not to be expected.
"""

from typing import Final

# Few samples: one commit a second. Their agents notice nothing; clients see a sample before it is stored.
SLOW_GAP_S: Final = 1.0
# More of them than a hundred and fifty agents at 5 s send. What an ack may wait is 250 ms.
FAST_GAP_S: Final = 0.15
_FAST_ROWS_A_S: Final = 30.0
# So many together are committed at once: half the pages of their commit are full then.
ENOUGH_ROWS: Final = 100
# Commits that need no gap: a hub that has little to do answers at once.
_BURST: Final = 5.0
# Who was heard this long ago may be heard again; at 5 s an agent is expected 2 times in 5.
_ACTIVE_S: Final = 2.0


class Pacing:
    """Counts what comes and what is committed; times are monotonic seconds."""

    def __init__(self) -> None:
        self._waiting: set[int] = set()
        self._rows = 0
        self._credit = _BURST
        self._credit_at = 0.0
        self._active_from = 0.0
        self._active: set[int] = set()
        self._active_before: set[int] = set()
        self._count = 0
        self._count_before = 0

    @property
    def rows(self) -> int:
        """How many rows wait for their commit."""
        return self._rows

    def arrived(self, server_num: int, rows: int, now: float) -> None:
        """Take note of rows of one server that wait from now on."""
        if now - self._active_from >= _ACTIVE_S:
            is_next = now - self._active_from < 2 * _ACTIVE_S
            self._active_before = self._active if is_next else set()
            self._count_before = self._count if is_next else 0
            self._active, self._count, self._active_from = set(), 0, now
        self._active.add(server_num)
        self._count += rows
        self._waiting.add(server_num)
        self._rows += rows

    def wait_s(self, now: float) -> float:
        """Return how long what waits may wait for more; 0 when it is to be committed now."""
        if self._rows >= ENOUGH_ROWS or self._is_everybody_here():
            return 0.0
        gap_s = self._gap_s()
        self._refill(now, gap_s)
        return max(0.0, (1.0 - self._credit) * gap_s)

    def committed(self, now: float) -> None:
        """Take note that everything that waited is being committed."""
        self._waiting.clear()
        self._rows = 0
        self._refill(now, self._gap_s())
        self._credit = max(0.0, self._credit - 1.0)

    def _refill(self, now: float, gap_s: float) -> None:
        self._credit = min(_BURST, self._credit + max(0.0, now - self._credit_at) / gap_s)
        self._credit_at = now

    def _gap_s(self) -> float:
        rows_a_s = max(self._count, self._count_before) / _ACTIVE_S
        return SLOW_GAP_S if rows_a_s <= _FAST_ROWS_A_S else FAST_GAP_S

    def _is_everybody_here(self) -> bool:
        # A client that sends its next sample after the ack of the last would wait for nobody.
        waiting = self._waiting
        return self._active <= waiting and self._active_before <= waiting
