"""One agent's samples on their way to disk: each once, none past a hole, acknowledged after the commit."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

from chatops_server.broker.wakeup import Wakeup
from chatops_server.domain.clocks import standing
from chatops_server.errors import InvalidRequestError, StorageError
from chatops_server.services.budget import Budget
from chatops_server.services.ingest_counts import IngestCounts
from chatops_server.storage.base import GapRow, SampleRow
from chatops_wire.backoff import Backoff
from chatops_wire.samples import Sample
from chatops_wire.times import LAST_MS, parse_ms

log = logging.getLogger(__name__)

# What one agent may have between its socket and the disk; its own window is as large.
SESSION_BACKLOG: Final = 600
# How long a session that ends may wait for its last commit; the program has 5 s to end.
FLUSH_WITHIN_S: Final = 3.0

Row = SampleRow | GapRow


class Appends(Protocol):
    """What ingest needs of a SampleStore."""

    async def append(self, rows: Sequence[Row]) -> None:
        """Store rows of one agent with its cursor; returns after the commit or raises StorageError."""

    async def cursor(self, server_num: int, epoch: str) -> int:
        """Return the newest stored sequence of this epoch, 0 if none."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Whom a session tells; called on the event loop, may not block or raise."""

    on_ack: Callable[[int], None]
    """Everything up to this sequence is on disk."""
    on_pause: Callable[[int, str], None]
    """Nothing can be stored: send nothing for so many ms, and why."""


@dataclass(frozen=True, slots=True)
class Source:
    """Which epoch of which server; `last_seq` is its cursor when the session began."""

    server_num: int
    epoch: str
    last_seq: int


@dataclass(frozen=True, slots=True)
class Intake:
    """What the sessions of a hub share."""

    store: Appends
    total: Budget
    """Samples of all sessions on their way."""
    now_ms: Callable[[], int]
    retry_after_s: Callable[[Backoff], float]
    counts: IngestCounts = field(default_factory=IngestCounts)


class IngestSession:
    """Takes what one connection sends; for one reading task.

    At most SESSION_BACKLOG samples, and no more than all sessions together may, are on their way; who
    brings more waits, so the socket is not read and the agent keeps its samples. Nothing is dropped.
    """

    def __init__(self, intake: Intake, source: Source, listener: Listener) -> None:
        self._intake = intake
        self._source = source
        self._listener = listener
        self._accepted = source.last_seq
        self._committed = source.last_seq
        self._backlog = Budget(SESSION_BACKLOG)
        self._pending: deque[Row] = deque()
        self._more = Wakeup()
        self._closing = asyncio.Event()
        self._failure: str | None = None
        self._appender = asyncio.create_task(self._append_all(), name=f"ingest-{source.server_num}")

    @property
    def epoch(self) -> str:
        """The epoch, made up where the agent named none."""
        return self._source.epoch

    @property
    def last_seq(self) -> int:
        """The newest sequence stored when the session began."""
        return self._source.last_seq

    @property
    def failure(self) -> str | None:
        """Why the last attempt to store failed; None while all is well."""
        return self._failure

    @property
    def is_closed(self) -> bool:
        """Whether it takes nothing any more: it was closed, or ended by an error that `close` raises."""
        return self._closing.is_set() or self._appender.done()

    def when_ended(self, told: "Callable[[IngestSession], object]") -> None:
        """Name who is told when nothing of the session is on its way any more."""
        self._appender.add_done_callback(lambda _task: told(self))

    async def accept(self, samples: Sequence[Sample]) -> Sequence[Sample]:
        """Queue the samples that continue the sequence and return them; waits while the backlog is full.

        At most SESSION_BACKLOG of them, ascending. What was accepted before is skipped. Where a sequence
        is missing the rest is refused. Either is answered by the present ack. Cancelling while it waits
        accepts nothing.

        Raises:
            InvalidRequestError: A timestamp is malformed; nothing was accepted.
            StorageError: The session is closed.
        """
        times = [_time_of(sample) for sample in samples]
        await self._make_room(len(samples))
        # No await from here on: what continues the sequence must still do so when it is queued.
        accepted: list[Sample] = []
        duplicates = 0
        received_ms = self._intake.now_ms()
        num, epoch = self._source.server_num, self._source.epoch
        for sample, ts_ms in zip(samples, times, strict=True):
            if sample.seq == self._accepted + 1:
                stands_ms = standing(ts_ms, received_ms)
                self._pending.append(
                    SampleRow(
                        num, epoch, sample.seq, stands_ms, received_ms, sample, max(0, ts_ms - stands_ms)
                    )
                )
                self._accepted = sample.seq
                accepted.append(sample)
            elif sample.seq > self._accepted:
                break
            else:
                duplicates += 1
        self._count(samples, accepted, duplicates)
        self._queued(used=len(accepted), unused=len(samples) - len(accepted))
        return accepted

    async def gap(self, from_seq: int, to_seq: int, reason: str) -> None:
        """Queue the agent's word that it lost these sequences, both included; consumes them.

        Like a sample, a gap that is known is skipped, and one behind a hole refused.

        Raises:
            InvalidRequestError: It ends before it begins.
            StorageError: The session is closed.
        """
        if to_seq < from_seq:
            raise InvalidRequestError("to_seq is less than from_seq")
        await self._make_room(1)
        is_next = from_seq <= self._accepted + 1 <= to_seq
        if is_next:
            num, epoch = self._source.server_num, self._source.epoch
            first, now_ms = self._accepted + 1, self._intake.now_ms()
            self._pending.append(GapRow(num, epoch, first, to_seq, reason, now_ms))
            self._accepted = to_seq
            self._intake.counts.gaps += 1
        self._queued(used=int(is_next), unused=int(not is_next))

    async def close(self) -> None:
        """Store what is queued, for at most FLUSH_WITHIN_S and with one attempt. Idempotent.

        What could not be stored was not acknowledged: the agent still has it. Raises what ended the
        session if that was an error of ours.
        """
        self._closing.set()
        self._more.set()
        _done, late = await asyncio.wait({self._appender}, timeout=FLUSH_WITHIN_S)
        for task in late:
            task.cancel()
            await asyncio.wait({task})
        if not self._appender.cancelled() and (error := self._appender.exception()) is not None:
            raise error

    async def _make_room(self, amount: int) -> None:
        await self._backlog.take(amount)
        try:
            await self._intake.total.take(amount)
        except BaseException:
            self._backlog.give(amount)
            raise
        if self.is_closed:
            self._give_back(amount)
            raise StorageError("the session is closed")

    def _give_back(self, amount: int) -> None:
        self._backlog.give(amount)
        self._intake.total.give(amount)

    def _count(self, samples: Sequence[Sample], accepted: Sequence[Sample], duplicates: int) -> None:
        counts = self._intake.counts
        counts.received += len(samples)
        counts.duplicates += duplicates
        counts.refused += len(samples) - len(accepted) - duplicates

    def _acknowledge(self) -> None:
        self._intake.counts.acks += 1
        self._listener.on_ack(self._committed)

    def _queued(self, *, used: int, unused: int) -> None:
        if used:
            self._more.set()
        if unused:
            self._give_back(unused)
            self._acknowledge()

    async def _append_all(self) -> None:
        backoff = Backoff()
        try:
            while await self._has_more():
                rows = tuple(self._pending)
                try:
                    await self._intake.store.append(rows)
                except StorageError as exc:
                    if not await self._may_try_again(exc, backoff):
                        return
                    backoff = backoff.failed()
                else:
                    backoff = Backoff()
                    self._stored(rows)
        finally:
            # Frees whoever waits for room, here and in other sessions.
            self._give_back(len(self._pending))
            self._pending.clear()

    async def _has_more(self) -> bool:
        while not self._pending:
            if self._closing.is_set():
                return False
            self._more.clear()
            await self._more.wait()
        return True

    def _stored(self, rows: Sequence[Row]) -> None:
        for _ in rows:
            self._pending.popleft()
        self._give_back(len(rows))
        self._failure = None
        self._committed = _end_of(rows[-1])
        self._intake.counts.stored += sum(isinstance(row, SampleRow) for row in rows)
        self._acknowledge()

    async def _may_try_again(self, error: StorageError, backoff: Backoff) -> bool:
        """Wait before the next attempt; False if the session is to end instead."""
        if self._failure is None:
            log.warning(
                "samples cannot be stored",
                extra={"server_num": self._source.server_num, "reason": error.reason},
            )
        self._failure = error.reason
        if self._closing.is_set():
            return False
        delay_s = self._intake.retry_after_s(backoff)
        self._listener.on_pause(round(delay_s * 1000), error.detail)
        with suppress(TimeoutError):
            # Closing ends the wait, and the next attempt is the last one.
            async with asyncio.timeout(delay_s):
                await self._closing.wait()
        return True


def _time_of(sample: Sample) -> int:
    try:
        # A clock before 1970 was never set. Times here are not negative, and all can be written as text.
        return min(max(0, parse_ms(sample.timestamp)), LAST_MS)
    except ValueError as exc:
        raise InvalidRequestError(
            f"timestamp of sample {sample.seq} is no RFC 3339 time with a zone"
        ) from exc


def _end_of(row: Row) -> int:
    return row.seq if isinstance(row, SampleRow) else row.to_seq
