"""The agent's outbox on its disk and the hub's ingest on its database against a plain list.

Whatever the link, the clocks and kills of either side do: I1 acknowledged is stored, I2 each sequence at most
once, I3 rows and declared gaps make up the cursor's range, I4 the cursor only grows, I5 what is stored is
what was taken.
"""

import asyncio
import shutil
import tempfile
from collections import deque
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chatops_agent.disk_spool import DiskSpool
from chatops_agent.frames import encode_frame
from chatops_agent.outbox import LiveCopy, Outbox
from chatops_agent.spool import pack
from chatops_agent.spool_files import Bounds, SpoolFiles
from chatops_agent.spool_keeper import new_epoch
from chatops_server.errors import StorageError
from chatops_server.services.ingest import Ingest
from chatops_server.services.ingest_session import IngestSession
from chatops_server.storage.base import GapRow, SampleRow
from chatops_server.storage.sql import samples as sql
from chatops_server.storage.sql.hot import tables_with
from chatops_server.storage.sqlite.connections import connect_writer
from chatops_server.storage.sqlite.schema import known_migrations, migrate
from chatops_server.storage.sqlite.statements import run
from chatops_wire import codec
from chatops_wire.agent import Gap, Metrics, MetricsBatch
from chatops_wire.times import format_ms
from tests.hub_rows import HOUR_MS, NOON_MS

WINDOW = 6
# A few samples a segment, and a few segments: full soon.
BOUNDS = Bounds(total_bytes=4096, segment_bytes=1024)


class Database:
    """A real database; what is appended waits for `commit`, and is gone where that never comes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: deque[tuple[Sequence[SampleRow | GapRow], asyncio.Future[None]]] = deque()
        self.is_dead = False
        self.known_cursor = 0
        self.open()
        migrate(self.connection, known_migrations())
        self.connection.execute(
            "INSERT INTO users (id, username, password_hash, role, created_ms)"
            " VALUES ('u', 'ann', '-', 'admin', 0)"
        )
        self.connection.execute(
            "INSERT INTO servers (id, name, owner_id, created_ms) VALUES ('s', 'web-1', 'u', 0)"
        )

    def open(self) -> None:
        self.connection = connect_writer(self._path)
        # A killed process needs no sync; tests/faults/test_power_cut.py is about those.
        self.connection.execute("PRAGMA synchronous = OFF")
        self._hot = sql.HotSamples()

    async def append(self, rows: Sequence[SampleRow | GapRow]) -> None:
        if self.is_dead:
            raise StorageError("killed")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, done))
        await done

    async def cursor(self, server_num: int, epoch: str) -> int:
        del server_num, epoch
        # Read before, outside the event loop.
        return self.known_cursor

    @property
    def is_busy(self) -> bool:
        return bool(self._waiting)

    def commit(self) -> None:
        rows, done = self._waiting.popleft()
        self.connection.execute("BEGIN IMMEDIATE")
        run(self.connection, self._hot.store(rows))
        self.connection.execute("COMMIT")
        done.set_result(None)

    def crash(self) -> None:
        """Forget what was not committed, in the middle of a transaction."""
        while self._waiting:
            rows, done = self._waiting.popleft()
            self.connection.execute("BEGIN IMMEDIATE")
            run(self.connection, self._hot.store(rows))
            done.set_exception(StorageError("killed"))
            self.connection.close()
            self.open()

    def stored(self) -> dict[int, float]:
        """Return the CPU percent, as stored, of all samples by their sequence; each must be there once."""
        found: dict[int, float] = {}
        for table in run(self.connection, tables_with(0, 2**62)):
            rows = self.connection.execute(f"SELECT seq, v0 FROM {table.host} ORDER BY rowid").fetchall()  # noqa: S608 - ours
            for seq, cpu in rows:
                assert seq not in found, f"I2: {seq} stands there twice"
                found[seq] = cpu
        return found

    def gaps(self, epoch: str) -> set[int]:
        rows = self.connection.execute(
            "SELECT from_seq, to_seq FROM gap WHERE epoch = ?", (epoch,)
        ).fetchall()
        return {seq for first, last in rows for seq in range(first, last + 1)}


class NeverLost(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="never-lost-"))
        self.runner = asyncio.Runner()
        self.clock_ms = NOON_MS
        self.skew_ms = 0
        self.number = 0
        self.taken: dict[tuple[str, int], int] = {}
        """The plain list: which sample has which sequence."""
        self.acked: dict[str, int] = {}
        self.cursors: dict[str, int] = {}
        self.link: deque[bytes] = deque()
        self.acks: deque[int] = deque()
        self.session: IngestSession | None = None
        self.files: SpoolFiles | None = None
        self.epochs = 0
        self._begin_epoch()
        self._start_agent()

    database: Database

    # What happens

    @rule(count=st.integers(1, 4))
    def collect(self, count: int) -> None:
        for _ in range(count):
            self.number += 1
            self.clock_ms += 5000
            stamp = format_ms(max(0, self.clock_ms + self.skew_ms))
            body = b'{"timestamp":"%b","cpu":{"percent":%d.5},"memory":{"total":8,"used":%d,"percent":5}}' % (
                stamp.encode(),
                self.number % 90,
                self.number,
            )
            self.taken[self.outbox.epoch, self.spool.next_seq] = self.number
            self._save(body)

    @rule()
    def send(self) -> None:
        if self.session is None:
            return
        frame = self.outbox.next_frame()
        self._work_off()
        if frame is not None and not isinstance(frame, LiveCopy):
            self.link.append(encode_frame(frame))

    @rule()
    def deliver(self) -> None:
        if self.session is not None and self.link:
            self._run(self._hear(self.session, self.link.popleft()))

    @precondition(lambda self: self.link)
    @rule()
    def drop(self) -> None:
        self.link.popleft()

    @precondition(lambda self: self.link)
    @rule()
    def duplicate(self) -> None:
        self.link.append(self.link[0])

    @precondition(lambda self: len(self.link) > 1)
    @rule()
    def reorder(self) -> None:
        self.link.reverse()

    @precondition(lambda self: self.database.is_busy)
    @rule()
    def commit(self) -> None:
        self.database.commit()
        self._run(_turns())

    @precondition(lambda self: self.acks)
    @rule()
    def acknowledge(self) -> None:
        seq = self.acks.popleft()
        epoch = self.outbox.epoch
        self.acked[epoch] = max(self.acked.get(epoch, 0), seq)
        self.outbox.ack(seq)
        self._work_off()

    @rule()
    def reconnect(self) -> None:
        self._disconnect()
        self._connect()

    @rule()
    def crash_server(self) -> None:
        self.database.is_dead = True
        self.database.crash()
        self._disconnect()
        self.database.is_dead = False

    @rule()
    def crash_agent(self) -> None:
        self._disconnect()
        assert self.files is not None
        # As after kill -9: nothing is said to the disk any more.
        self.files.close(None)
        self._start_agent()

    @rule(ahead_ms=st.sampled_from([0, HOUR_MS, -HOUR_MS, 400 * 24 * HOUR_MS]))
    def clock_jump(self, ahead_ms: int) -> None:
        self.skew_ms = ahead_ms

    @rule()
    def spool_full(self) -> None:
        self.collect(30)

    @rule()
    def new_epoch(self) -> None:
        self._disconnect()
        assert self.files is not None
        self.files.close(None)
        shutil.rmtree(self.folder / "spool")
        self._begin_epoch()
        self._start_agent()

    # What must hold

    @invariant()
    def nothing_is_lost(self) -> None:
        epoch = self.outbox.epoch
        stored, gaps = self.database.stored(), self.database.gaps(epoch)
        cursor = run(self.database.connection, sql.cursor(1, epoch))
        assert set(range(1, self.acked.get(epoch, 0) + 1)) <= stored.keys() | gaps, "I1"
        assert stored.keys() | gaps == set(range(1, cursor + 1)), "I3"
        assert not stored.keys() & gaps, "I3"
        assert cursor >= self.cursors.get(epoch, 0), "I4"
        self.cursors[epoch] = cursor
        for seq, cpu in stored.items():
            assert cpu == (self.taken[epoch, seq] % 90) * 100 + 50, "I5"

    def teardown(self) -> None:
        try:
            self._arrives()
        finally:
            self._disconnect()
            assert self.files is not None
            self.files.close(None)
            self.database.connection.close()
            self.runner.close()
            shutil.rmtree(self.folder)

    def _arrives(self) -> None:
        """All that is kept arrives in the end."""
        self.reconnect()
        for _ in range(2000):
            self.send()
            if self.spool.next_seq - 1 == self.acked.get(self.outbox.epoch, 0):
                break
            self.deliver()
            while self.database.is_busy:
                self.commit()
            while self.acks:
                self.acknowledge()
        self.nothing_is_lost()
        assert self.cursors[self.outbox.epoch] == self.spool.next_seq - 1
        assert self.database.connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    # How

    def _begin_epoch(self) -> None:
        # Another database too, so that sequences need not be told apart by their epoch.
        self.epochs += 1
        if self.epochs > 1:
            self.database.connection.close()
        self.database = Database(self.folder / f"hub-{self.epochs}.db")
        self.ingest = Ingest(self.database, lambda: self.clock_ms, retry_after_s=lambda _backoff: 0.0)

    def _start_agent(self) -> None:
        self.files = SpoolFiles(self.folder / "spool", BOUNDS, new_epoch, lambda: "boot")
        self.spool = DiskSpool(self.files.open(), new_epoch, lambda: None)
        self.outbox = Outbox(self.spool, window=WINDOW)

    def _save(self, body: bytes) -> None:
        assert self.files is not None
        records = [*self.spool.unsaved(), (self.spool.next_seq, pack(body))]
        self.spool.saved(self.files.append(self.spool.owner, records))
        self.outbox.add(body)
        self._work_off()

    def _work_off(self) -> None:
        """Do what the keeper of the spool does on its thread."""
        assert self.files is not None
        while (first := self.spool.wanted) is not None:
            self.spool.loaded(first, self.files.load(first))
        if self.spool.has_obsolete:
            self.spool.saved(self.files.trim(self.spool.trimmed))

    def _connect(self) -> None:
        async def opened() -> IngestSession:
            return await self.ingest.open(1, self.outbox.epoch, self.acks.append, lambda _ms, _why: None)

        self.database.known_cursor = run(self.database.connection, sql.cursor(1, self.outbox.epoch))
        self.session = self._run(opened())
        self.outbox.resume(self.session.last_seq)
        self._work_off()

    def _disconnect(self) -> None:
        self.link.clear()
        self.acks.clear()
        if self.session is not None:
            # A session that ends stores what it took, unless its hub was killed.
            while self.database.is_busy:
                self.commit()
            self._run(self.session.close())
            self.acks.clear()
            self.session = None

    async def _hear(self, session: IngestSession, frame: bytes) -> None:
        message = codec.from_agent().decode(frame.decode())
        match message:
            case Metrics():
                await session.accept((message,))
            case MetricsBatch(samples=samples):
                await session.accept(samples)
            case Gap(from_seq=first, to_seq=last, reason=reason):
                await session.gap(first, last, reason)
            case _:
                raise AssertionError(message)
        await _turns()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - whatever it returns
        return self.runner.run(work)


async def _turns() -> None:
    """Let the session hear of a commit, and hand over what it took."""
    for _ in range(4):
        await asyncio.sleep(0)


TestNeverLost = NeverLost.TestCase
TestNeverLost.settings = settings(max_examples=10, stateful_step_count=30, deadline=None)
