"""Ingest over a store that fails and delays at will, against a plain list."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_server.errors import InvalidRequestError, StorageError
from chatops_server.services.ingest import TOTAL_BACKLOG, Ingest
from chatops_server.services.ingest_session import SESSION_BACKLOG, IngestSession
from chatops_server.storage.base import GapRow, SampleRow
from chatops_wire.samples import Sample
from tests.deadlines import DEADLINE_S, eventually
from tests.hub_rows import NOON_MS, sample

EPOCH = "e1"


@dataclass
class ListStore:
    """A SampleStore that keeps a list; `gate` holds commits back, `broken` fails them."""

    rows: list[SampleRow | GapRow] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    broken: bool = False
    bug: Exception | None = None
    attempts: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    async def append(self, rows: Sequence[SampleRow | GapRow]) -> None:
        self.attempts += 1
        await asyncio.sleep(0)
        await self.gate.wait()
        if self.bug is not None:
            raise self.bug
        if self.broken:
            raise StorageError("disk full")
        for row in rows:
            if _ends(row)[1] > await self.cursor(1, row.epoch):
                self.rows.append(row)

    async def cursor(self, server_num: int, epoch: str) -> int:
        assert server_num == 1
        return max((_ends(row)[1] for row in self.rows if row.epoch == epoch), default=0)

    def sequences(self) -> list[int]:
        return [seq for row in self.rows for seq in range(_ends(row)[0], _ends(row)[1] + 1)]


def _ends(row: SampleRow | GapRow) -> tuple[int, int]:
    return (row.seq, row.seq) if isinstance(row, SampleRow) else (row.from_seq, row.to_seq)


@dataclass
class Agent:
    """The connection's side: what it was told."""

    store: ListStore
    ingest: Ingest
    acks: list[int] = field(default_factory=list)
    pauses: list[tuple[int, str]] = field(default_factory=list)

    async def connect(self, epoch: str = EPOCH) -> IngestSession:
        return await self.ingest.open(1, epoch, self.acked, lambda *pause: self.pauses.append(pause))

    def acked(self, seq: int) -> None:
        assert seq <= max(self.store.sequences(), default=0), "acknowledged before the commit"
        self.acks.append(seq)


@asynccontextmanager
async def an_agent(retry_after_s: float = 0.001) -> AsyncIterator[Agent]:
    store = ListStore()
    ingest = Ingest(store, lambda: NOON_MS, retry_after_s=lambda _backoff: retry_after_s)
    try:
        yield Agent(store, ingest)
    finally:
        store.gate.set()
        await ingest.close()


def samples(first: int, last: int) -> list[Sample]:
    return [sample(seq) for seq in range(first, last + 1)]


def seqs(of: Sequence[Sample]) -> list[int]:
    return [each.seq for each in of]


async def test_samples_are_acknowledged_after_their_commit() -> None:
    async with an_agent() as agent:
        agent.store.gate.clear()
        session = await agent.connect()
        assert seqs(await session.accept(samples(1, 3))) == [1, 2, 3]
        await eventually(lambda: agent.store.attempts)
        assert agent.acks == []
        agent.store.gate.set()
        await eventually(lambda: agent.acks)
        assert agent.acks == [3]


async def test_what_queues_during_a_commit_is_committed_together() -> None:
    async with an_agent() as agent:
        agent.store.gate.clear()
        session = await agent.connect()
        for seq in range(1, 6):
            await session.accept(samples(seq, seq))
            await eventually(lambda: agent.store.attempts)
        agent.store.gate.set()
        await eventually(lambda: agent.acks[-1:] == [5])
        assert agent.acks == [1, 5]


async def test_duplicates_are_skipped_and_answered_by_the_present_ack() -> None:
    async with an_agent() as agent:
        session = await agent.connect()
        await session.accept(samples(1, 3))
        await eventually(lambda: agent.acks == [3])
        assert seqs(await session.accept(samples(2, 4))) == [4]
        await eventually(lambda: agent.acks == [3, 3, 4])
        assert agent.store.sequences() == [1, 2, 3, 4]


async def test_beyond_a_hole_nothing_is_taken() -> None:
    async with an_agent() as agent:
        session = await agent.connect()
        await session.accept(samples(1, 1))
        await eventually(lambda: agent.acks == [1])
        assert seqs(await session.accept([sample(2), sample(4), sample(5)])) == [2]
        await eventually(lambda: agent.acks[-1] == 2)
        assert await session.accept(samples(9, 9)) == []
        assert agent.acks[-1] == 2
        assert agent.store.sequences() == [1, 2]


async def test_a_gap_consumes_its_sequences() -> None:
    async with an_agent() as agent:
        session = await agent.connect()
        await session.accept(samples(1, 2))
        await session.gap(2, 10, "spool full")
        assert seqs(await session.accept(samples(11, 11))) == [11]
        await eventually(lambda: agent.acks[-1:] == [11])
        assert GapRow(1, EPOCH, 3, 10, "spool full", NOON_MS) in agent.store.rows


@pytest.mark.parametrize(("from_seq", "to_seq"), [(5, 9), (1, 2)])
async def test_a_gap_behind_a_hole_or_known_is_answered_by_the_present_ack(
    from_seq: int, to_seq: int
) -> None:
    async with an_agent() as agent:
        session = await agent.connect()
        await session.accept(samples(1, 3))
        await eventually(lambda: agent.acks == [3])
        await session.gap(from_seq, to_seq, "spool full")
        assert agent.acks == [3, 3]
        assert agent.store.sequences() == [1, 2, 3]


async def test_a_gap_that_ends_before_it_begins_is_invalid() -> None:
    async with an_agent() as agent:
        session = await agent.connect()
        with pytest.raises(InvalidRequestError, match="to_seq"):
            await session.gap(3, 2, "")


@pytest.mark.parametrize("timestamp", ["yesterday", "", "2026-01-01T12:00:00", "2026-13-01T00:00:00Z"])
async def test_a_malformed_timestamp_is_invalid_and_takes_nothing(timestamp: str) -> None:
    async with an_agent() as agent:
        session = await agent.connect()
        wrong = Sample(seq=2, timestamp=timestamp, cpu=sample(1).cpu, memory=sample(1).memory)
        with pytest.raises(InvalidRequestError, match="timestamp of sample 2"):
            await session.accept([sample(1), wrong])
        assert seqs(await session.accept(samples(1, 1))) == [1]


@pytest.mark.parametrize(
    ("timestamp", "stands_ms", "ahead_ms"),
    [
        ("1969-12-31T23:59:59Z", 0, 0),
        ("2026-01-01T13:10:00+01:00", NOON_MS + 600_000, 0),
        # Farther in the future it stands where it arrived, and is marked.
        ("2026-01-01T12:10:00.001Z", NOON_MS, 600_001),
        ("9999-12-31T23:59:59.999-12:00", NOON_MS, 253_402_300_799_999 - NOON_MS),
    ],
)
async def test_times_are_brought_into_what_can_be_stored(
    timestamp: str, stands_ms: int, ahead_ms: int
) -> None:
    async with an_agent() as agent:
        session = await agent.connect()
        of_then = Sample(seq=1, timestamp=timestamp, cpu=sample(1).cpu, memory=sample(1).memory)
        await session.accept([of_then])
        await eventually(lambda: agent.acks)
        [stored] = agent.store.rows
        assert isinstance(stored, SampleRow)
        assert (stored.ts_ms, stored.received_ms, stored.ahead_ms) == (stands_ms, NOON_MS, ahead_ms)


async def test_while_storing_fails_nothing_is_acknowledged_and_it_is_tried_again() -> None:
    async with an_agent() as agent:
        agent.store.broken = True
        session = await agent.connect()
        await session.accept(samples(1, 2))
        await eventually(lambda: agent.store.attempts > 2)
        assert agent.acks == []
        assert agent.ingest.degraded == "disk full"
        assert agent.pauses[0] == (1, "storage is unavailable")
        agent.store.broken = False
        await eventually(lambda: agent.acks == [2])
        assert agent.ingest.degraded is None
        assert agent.ingest.backlog == 0


async def test_a_full_backlog_makes_the_reader_wait() -> None:
    async with an_agent() as agent:
        agent.store.gate.clear()
        session = await agent.connect()
        await session.accept(samples(1, SESSION_BACKLOG))
        waiting = asyncio.create_task(session.accept(samples(SESSION_BACKLOG + 1, SESSION_BACKLOG + 1)))
        await eventually(lambda: agent.store.attempts)
        assert not waiting.done()
        agent.store.gate.set()
        assert seqs(await waiting) == [SESSION_BACKLOG + 1]


async def test_all_sessions_together_are_bounded() -> None:
    async with an_agent() as agent:
        agent.store.gate.clear()
        sessions = [await agent.connect(f"e{at}") for at in range(TOTAL_BACKLOG // SESSION_BACKLOG + 1)]
        accepting = [asyncio.create_task(session.accept(samples(1, SESSION_BACKLOG))) for session in sessions]
        await eventually(lambda: sum(task.done() for task in accepting) == TOTAL_BACKLOG // SESSION_BACKLOG)
        assert agent.ingest.backlog <= TOTAL_BACKLOG
        agent.store.gate.set()
        await asyncio.gather(*accepting)


async def test_a_reader_that_is_cancelled_while_it_waits_has_taken_nothing() -> None:
    async with an_agent() as agent:
        agent.store.gate.clear()
        session = await agent.connect()
        await session.accept(samples(1, SESSION_BACKLOG))
        waiting = asyncio.create_task(session.accept(samples(SESSION_BACKLOG + 1, SESSION_BACKLOG + 1)))
        await eventually(lambda: agent.store.attempts)
        waiting.cancel()
        await asyncio.wait({waiting})
        agent.store.gate.set()
        await eventually(lambda: agent.acks == [SESSION_BACKLOG])
        await eventually(lambda: agent.ingest.backlog == 0)


async def test_closing_stores_what_is_queued() -> None:
    async with an_agent() as agent:
        session = await agent.connect()
        await session.accept(samples(1, 3))
        await session.close()
        assert agent.store.sequences() == [1, 2, 3]
        assert agent.acks == [3]
        with pytest.raises(StorageError):
            await session.accept(samples(4, 4))
        assert agent.ingest.backlog == 0


async def test_closing_while_storing_fails_gives_up() -> None:
    async with an_agent() as agent:
        agent.store.broken = True
        session = await agent.connect()
        await session.accept(samples(1, 3))
        await eventually(lambda: agent.ingest.degraded)
        await session.close()
        assert agent.acks == []
        assert agent.ingest.degraded is None
        assert agent.ingest.backlog == 0


async def test_an_error_of_ours_ends_the_session_and_frees_its_room() -> None:
    async with an_agent() as agent:
        agent.store.bug = TypeError("a bug")
        session = await agent.connect()
        await session.accept(samples(1, 1))
        await eventually(lambda: session.is_closed)
        with pytest.raises(StorageError):
            await session.accept(samples(2, 2))
        with pytest.raises(TypeError, match="a bug"):
            await session.close()
        assert agent.ingest.backlog == 0


async def test_a_connection_without_an_epoch_is_one_of_its_own() -> None:
    async with an_agent() as agent:
        first, second = await agent.connect(""), await agent.connect("")
        assert first.epoch != second.epoch
        await first.accept(samples(1, 2))
        assert second.last_seq == 0
        assert seqs(await second.accept(samples(1, 1))) == [1]


async def test_closing_during_the_wait_for_another_try_tries_at_once() -> None:
    async with an_agent(retry_after_s=3_600.0) as agent:
        agent.store.broken = True
        session = await agent.connect()
        await session.accept(samples(1, 3))
        await eventually(lambda: agent.ingest.degraded)
        agent.store.broken = False
        await session.close()
        assert agent.acks == [3]


async def test_waiting_for_the_room_of_all_can_be_cancelled() -> None:
    async with an_agent() as agent:
        agent.store.gate.clear()
        sessions = [await agent.connect(f"e{at}") for at in range(TOTAL_BACKLOG // SESSION_BACKLOG + 2)]
        accepting = [asyncio.create_task(session.accept(samples(1, SESSION_BACKLOG))) for session in sessions]
        await eventually(lambda: sum(task.done() for task in accepting) == TOTAL_BACKLOG // SESSION_BACKLOG)
        for task in accepting:
            task.cancel()
        await asyncio.wait(accepting)
        agent.store.gate.set()
        await eventually(lambda: agent.ingest.backlog == 0)
        assert seqs(await sessions[-1].accept(samples(1, 1))) == [1]


async def test_a_reader_that_waits_is_told_when_the_session_closes() -> None:
    async with an_agent() as agent:
        agent.store.broken = True
        session = await agent.connect()
        await session.accept(samples(1, SESSION_BACKLOG))
        waiting = asyncio.create_task(session.accept(samples(SESSION_BACKLOG + 1, SESSION_BACKLOG + 1)))
        await eventually(lambda: agent.ingest.degraded)
        await session.close()
        with pytest.raises(StorageError):
            await waiting
        assert agent.ingest.backlog == 0


STEPS = st.one_of(
    st.tuples(st.just("send"), st.integers(1, 30), st.integers(0, 8)),
    st.tuples(st.just("gap"), st.integers(1, 30), st.integers(0, 8)),
    st.tuples(st.sampled_from(("reconnect", "break", "mend", "hold", "release")), st.just(1), st.just(0)),
)


@given(st.lists(STEPS, max_size=25))
def test_every_sequence_is_stored_once_and_without_a_hole(steps: list[tuple[str, int, int]]) -> None:
    asyncio.run(asyncio.wait_for(_play(steps), DEADLINE_S))


async def _play(steps: list[tuple[str, int, int]]) -> None:
    async with an_agent() as agent:
        player = _Player(agent, await agent.connect())
        for what, first, more in steps:
            await player.step(what, first, first + more)
        agent.store.broken = False
        agent.store.gate.set()
        await player.session.close()
        assert agent.store.sequences() == list(range(1, len(agent.store.sequences()) + 1))
        assert player.taken == len(agent.store.sequences())


@dataclass
class _Player:
    """Does the steps; `taken` is what a plain list says must have been accepted."""

    agent: Agent
    session: IngestSession
    taken: int = 0

    async def step(self, what: str, first: int, last: int) -> None:
        match what:
            case "send":
                new = await self.session.accept(samples(first, last))
                assert seqs(new) == [
                    seq for seq in range(self.taken + 1, last + 1) if first <= self.taken + 1
                ]
                self.taken += len(new)
            case "gap":
                await self.session.gap(first, last, "test")
                self.taken = last if first <= self.taken + 1 <= last else self.taken
            case "reconnect":
                self.agent.store.broken = False
                self.agent.store.gate.set()
                await self.session.close()
                assert self.agent.acks == sorted(self.agent.acks)
                self.session = await self.agent.connect()
                assert self.session.last_seq == self.taken
            case "break" | "mend":
                self.agent.store.broken = what == "break"
            case _:
                (self.agent.store.gate.clear if what == "hold" else self.agent.store.gate.set)()
        await asyncio.sleep(0)
