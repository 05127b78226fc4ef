"""Which notifications of a channel go into its next message, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

# Servers that are down wait for others: a switch that fails takes twenty with it, one after another.
GATHER_MS: Final = 10_000
GATHER_AT_MOST_MS: Final = 60_000
# More at once are told as a list.
MOST_SINGLE: Final = 5
# Beyond it a channel waits, and what comes meanwhile is told as a list.
MOST_A_MINUTE: Final = 20
_MINUTE_MS: Final = 60_000
_RETRIES_MS: Final = (5_000, 20_000, 60_000, 120_000, 300_000, 600_000, 900_000)
GIVE_UP_AFTER_MS: Final = 24 * 3600 * 1000


class Waiting(Protocol):
    """A notification that waits (storage.sql.notifications.NotificationRow)."""

    @property
    def alert_id(self) -> str:
        """Which alert it tells of."""

    @property
    def gathers(self) -> bool:
        """Whether it waits for others of its kind."""

    @property
    def created_ms(self) -> int:
        """Since when it waits."""

    @property
    def due_ms(self) -> int:
        """When it is to be tried."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to be sent now, as positions; none: nothing before `next_ms`, None: nothing at all."""

    chosen: tuple[int, ...] = ()
    next_ms: int | None = None


def next_batch(waiting: Sequence[Waiting], now_ms: int, sent_ms: Sequence[int]) -> Batch:
    """Return what of one channel is to be sent next.

    Args:
        waiting: In the order they were made. What tells of an alert waits for what told of it before.
        now_ms: Unix ms.
        sent_ms: When messages were sent to the channel, ascending; the last minute's at least.
    """
    if not waiting:
        return Batch()
    recent = [at for at in sent_ms if at > now_ms - _MINUTE_MS]
    if len(recent) >= MOST_A_MINUTE:
        return Batch(next_ms=recent[0] + _MINUTE_MS)
    first = _first_of_each(waiting)
    gathering = [at for at in first if waiting[at].gathers]
    ready_ms = _gathered_ms([waiting[at] for at in gathering])
    if gathering and ready_ms <= now_ms:
        return Batch(tuple(gathering))
    due = [at for at in first if not waiting[at].gathers and waiting[at].due_ms <= now_ms]
    if due:
        return Batch(tuple(due) if len(due) > MOST_SINGLE else tuple(due[:1]))
    later = [waiting[at].due_ms for at in first if not waiting[at].gathers]
    return Batch(next_ms=min([*later, ready_ms] if gathering else later))


def retry_ms(attempts: int) -> int:
    """Return how long to wait after so many failed attempts, at least one."""
    return _RETRIES_MS[min(attempts, len(_RETRIES_MS)) - 1]


def _first_of_each(waiting: Sequence[Waiting]) -> list[int]:
    seen: set[str] = set()
    first = []
    for at, row in enumerate(waiting):
        if row.alert_id not in seen:
            first.append(at)
        seen.add(row.alert_id)
    return first


def _gathered_ms(rows: Sequence[Waiting]) -> int:
    if not rows:
        return 0
    newest, oldest = max(row.created_ms for row in rows), min(row.created_ms for row in rows)
    complete_ms = min(newest + GATHER_MS, oldest + GATHER_AT_MOST_MS)
    # Those that failed wait together for their next attempt.
    return max(complete_ms, min(row.due_ms for row in rows))
