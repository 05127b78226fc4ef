"""What services ask of a storage engine, and the form in which they ask it.

A transaction is a *script*: a generator that yields statements and is sent their rows. The engine
runs a write script whole, in one transaction, where cancelling the caller cannot cut it in half: on
SQLite on the one writer thread, on PostgreSQL on one connection. So the SQL and the decisions
between two statements are written once (storage/sql) for every engine, and need no event loop.

    def rename(server_id: str, name: str) -> Script[bool]:
        changed = yield from execute("UPDATE servers SET name = $2 WHERE id = $1", server_id, name)
        return changed == 1

    renamed = await storage.write(rename(server_id, "web-1"))
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString, NamedTuple, Protocol, TypeVar

from chatops_server.domain.histogram import Histogram
from chatops_server.domain.moments import Moment
from chatops_server.domain.tiers import Keep
from chatops_server.errors import StorageError
from chatops_wire.samples import SampleParts

T = TypeVar("T")

UPKEEP: Final = "storage upkeep"
"""What one hub at a time leads: sealing, rollups and retention (Storage.try_lead)."""

Value = str | int | float | bytes | None
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement; parameters are `$1`, `$2` …, and may be named more than once."""

    sql: LiteralString
    params: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Bulk:
    """One SQL statement for many rows, `$1`, `$2` … once each and in this order; gives no rows back."""

    sql: LiteralString
    rows: Sequence[tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a statement gave: its rows (empty where it returns none) and how many rows it changed."""

    rows: Sequence[Row] = ()
    changed: int = 0


Script = Generator[Statement | Bulk, Outcome, T]


class UniqueViolationError(Exception):
    """A statement met a value that must be unique; the whole script is rolled back."""


class ReferenceViolationError(Exception):
    """A statement names a row that is gone, or deletes one that is needed; the script is rolled back."""


class CannotOpenError(StorageError):
    """The database may not be opened now; `reason` is one line for the person who starts the hub."""


def fetch(sql: LiteralString, *params: Value) -> Script[Sequence[Row]]:
    """Yield one statement and return its rows."""
    outcome = yield Statement(sql, params)
    return outcome.rows


def fetch_one(sql: LiteralString, *params: Value) -> Script[Row | None]:
    """Yield one statement and return its first row, or None."""
    outcome = yield Statement(sql, params)
    return outcome.rows[0] if outcome.rows else None


def execute(sql: LiteralString, *params: Value) -> Script[int]:
    """Yield one statement and return how many rows it changed."""
    outcome = yield Statement(sql, params)
    return outcome.changed


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One accepted sample on its way to disk."""

    server_num: int
    epoch: str
    seq: int
    ts_ms: int
    """When it stands in history: its own time, but for `ahead_ms`."""
    received_ms: int
    sample: SampleParts
    """Scaled and split into rows by the store, off the event loop's thread."""
    ahead_ms: int = 0
    """By how much its own time lay too far in the future, so that `ts_ms` is its arrival's; else 0."""


@dataclass(frozen=True, slots=True)
class GapRow:
    """Sequences an agent declared lost; consumes them."""

    server_num: int
    epoch: str
    from_seq: int
    to_seq: int
    reason: str
    ts_ms: int


class Bucket(NamedTuple):
    """Down-sampled values of one metric; `ts_ms` is the bucket's start, or the sample's own time."""

    ts_ms: int
    avg: float
    min: float
    max: float


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """One chart: `start_ms` inclusive, `end_ms` exclusive, at most `points` buckets a metric."""

    server_num: int
    metrics: Sequence[str]
    """Metric names as chatops_wire.metrics writes them, already parsed once."""
    start_ms: int
    end_ms: int
    points: int


@dataclass(frozen=True, slots=True)
class HistoryAnswer:
    """Series by metric name; a metric without samples has an empty list."""

    step_ms: int
    """Width of a bucket; the usual spacing of the samples where each stands for itself."""
    tier: str
    series: Mapping[str, Sequence[Bucket]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Misdated:
    """Samples that stand where they arrived: their own time lay too far in the future."""

    from_seq: int
    to_seq: int
    first_ms: int
    last_ms: int
    ahead_ms: int
    """Of the last of them."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what an agent numbered is stored."""

    samples: int
    lost: int
    """Sequences that were declared lost."""
    gaps: Sequence[GapRow] = ()
    """As they were declared, newest first."""
    misdated: Sequence[Misdated] = ()
    """Newest first."""


@dataclass(frozen=True, slots=True)
class WriterLoad:
    """How busy the writing part is."""

    commit_seconds: Histogram
    """How long transactions took, those that failed included."""
    queued_jobs: int
    """Scripts and appends that wait or are in work."""


class SampleStore(Protocol):
    """The hot path and its history. All methods are for the event loop's thread."""

    async def append(self, rows: Sequence[SampleRow | GapRow]) -> None:
        """Store rows of one agent and its cursor, in one transaction with whatever else is queued.

        Returns after the commit (synchronous=FULL). Waits while the bounded queue is full, so that
        a slow disk slows its agents down and loses nothing. Cancelling the wait leaves the rows to
        be stored or not; the cursor tells.

        Raises:
            StorageError: The commit failed; nothing of these rows is stored.
        """

    async def cursor(self, server_num: int, epoch: str) -> int:
        """Return the newest stored sequence of this epoch, 0 if none."""

    async def history(self, query: HistoryQuery) -> HistoryAnswer:
        """Return the chart, from the best source that covers it."""

    async def coverage(self, query: HistoryQuery) -> Coverage:
        """Return what is stored of the range, with at most `points` gaps; its metrics are not looked at."""

    async def moment(self, server_num: int, ts_ms: int) -> Moment | None:
        """Return what is stored of a server at a time, its top processes included; None: nothing.

        Raises:
            StorageError: The database does not answer.
        """

    async def seal(self, now_ms: int) -> int:
        """Compress the hours that are over, and fold them into rollups; return how many.

        For a background task; each step is a short transaction of its own, and whatever cuts it off, the
        next call goes on from there. What charts answer does not change.

        Raises:
            StorageError: The database does not answer; the next hour tries again.
        """

    async def expire(self, now_ms: int) -> int:
        """Drop samples and rollups past their time and what only they needed; return how many chunks went.

        For an hourly background task; each step is a short transaction of its own.

        Raises:
            StorageError: The database does not answer; the next hour tries again.
        """

    def keep(self, keep: Keep) -> None:
        """Keep samples and rollups for so long from now on; what is over by it goes with `expire`."""

    def recent_cpu(self, server_num: int, now_ms: int) -> Sequence[int]:
        """Return CPU percent of the last minutes, one point each 10 s, oldest first; from memory."""


class Storage(Protocol):
    """One open database."""

    @property
    def samples(self) -> SampleStore:
        """Samples and their history."""

    @property
    def load(self) -> WriterLoad:
        """How busy it is; the histogram goes on counting."""

    async def read(self, script: Script[T]) -> T:
        """Run a script of SELECTs on one snapshot.

        Raises:
            StorageError: The database does not answer.
        """

    async def write(self, script: Script[T]) -> T:
        """Run a script in one transaction and return after its commit (synchronous=FULL).

        An exception of the script's own rolls it back and comes out here. Once it has begun, a
        cancelled caller does not stop it.

        Raises:
            UniqueViolationError: See there.
            ReferenceViolationError: Likewise.
            StorageError: The database does not answer or the commit failed.
        """

    async def try_lead(self, name: str) -> bool:
        """Say whether this hub is the one that does `name`, taking that over where no other hub does it.

        To be asked before each round of what is to be done once. A hub that is gone is followed within 10 s
        by one that asks that often; on SQLite there is no other hub. False while the database does not
        answer. Never raises.
        """

    async def check(self) -> str:
        """Return `ok`, or one line that says what is wrong: for readyz. Never raises."""

    async def close(self) -> None:
        """Commit what is queued and close. Idempotent."""
