"""What a screen asks of rows: which, in which order, and how many of each kind."""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter, itemgetter
from typing import Final, Generic, TypeVar

import msgspec

from chatops_tui.store.filters import PROCESSES, SERVERS, compiled
from chatops_tui.store.models import Health, Row
from chatops_wire.samples import Process

T = TypeVar("T")


class SortKey(msgspec.Struct, Generic[T], frozen=True):
    """One way to sort; `descending` is how people expect it first."""

    id: str
    title: str
    read: Callable[[T], float | str | None]
    descending: bool = True


class Order(msgspec.Struct, frozen=True):
    """A sort key's id and its direction."""

    key: str
    descending: bool

    @property
    def reversed(self) -> "Order":
        """The same key, the other way round."""
        return Order(self.key, not self.descending)


class Counts(msgspec.Struct, frozen=True):
    """How many servers stand how; `total` is all of them."""

    total: int = 0
    up: int = 0
    """Online, whatever their level."""
    warning: int = 0
    critical: int = 0
    offline: int = 0
    never: int = 0


SERVER_SORTS: Final[tuple[SortKey[Row], ...]] = (
    SortKey("status", "Status", attrgetter("health"), descending=False),
    SortKey("name", "Name", attrgetter("sort_name"), descending=False),
    SortKey("cpu", "CPU", lambda row: row.vitals.cpu if row.vitals else None),
    SortKey("memory", "Memory", lambda row: row.vitals.memory if row.vitals else None),
    SortKey("disk", "Disk", lambda row: row.vitals.disk if row.vitals else None),
    SortKey("net", "Network", lambda row: row.vitals.net if row.vitals else None),
    SortKey("load", "Load", lambda row: row.vitals.load if row.vitals else None),
    SortKey("uptime", "Uptime", lambda row: row.vitals.uptime_s if row.vitals else None),
)

PROCESS_SORTS: Final[tuple[SortKey[Process], ...]] = (
    SortKey("pid", "PID", lambda process: float(process.pid), descending=False),
    SortKey("user", "User", lambda process: process.user.casefold(), descending=False),
    # As it is shown: what looks the same must not change places every second.
    SortKey("cpu", "CPU", lambda process: round(process.cpu_percent, 1)),
    SortKey("memory", "Memory", lambda process: float(process.memory_used)),
    SortKey("name", "Name", lambda process: process.name.casefold(), descending=False),
)


def servers(rows: Iterable[Row], order: Order, text: str = "") -> list[Row]:
    """Return the rows that match the filter `text`, sorted; equal ones by name."""
    found = filter(compiled(text, SERVERS), rows) if text.strip() else rows
    named = sorted(found, key=attrgetter("sort_name"))
    return ordered(named, SERVER_SORTS, order)


def processes(items: Iterable[Process], order: Order, text: str = "") -> list[Process]:
    """Return the processes that match the filter `text`, sorted; equal ones by PID."""
    matches = compiled(text, PROCESSES)
    by_pid = sorted((item for item in items if matches(item)), key=lambda process: process.pid)
    return ordered(by_pid, PROCESS_SORTS, order)


def ordered(items: Sequence[T], sorts: Sequence[SortKey[T]], order: Order) -> list[T]:
    """Return `items` sorted: stable both ways; what has no value comes last both ways."""
    read = _find(sorts, order.key).read
    keyed = [(read(item), item) for item in items]
    known = [pair for pair in keyed if pair[0] is not None]
    missing = [item for key, item in keyed if key is None]
    # Numbers and texts are never mixed in one key.
    known.sort(key=itemgetter(0), reverse=order.descending)
    return [item for _key, item in known] + missing


def first_order(sorts: Sequence[SortKey[T]], key: str) -> Order:
    """Return `key` in the direction people expect first."""
    return Order(key, _find(sorts, key).descending)


def known_order(sorts: Sequence[SortKey[T]], key: str, otherwise: str, *, descending: bool) -> Order:
    """Return an order that was kept, or the first one by `otherwise` where there is no such column."""
    if any(sort.id == key for sort in sorts):
        return Order(key, descending)
    return first_order(sorts, otherwise)


def neighbour(sorts: Sequence[SortKey[T]], order: Order, step: int) -> Order:
    """Return the order by the column `step` to the right (or left) of the sorted one, round the ends."""
    ids = [sort.id for sort in sorts]
    return first_order(sorts, ids[(ids.index(order.key) + step) % len(ids)])


def counts(rows: Iterable[Row]) -> Counts:
    """Return the totals of the status bar."""
    healths = [row.health for row in rows]
    warning, critical = healths.count(Health.WARNING), healths.count(Health.CRITICAL)
    return Counts(
        total=len(healths),
        up=healths.count(Health.OK) + warning + critical,
        warning=warning,
        critical=critical,
        offline=healths.count(Health.OFFLINE),
        never=healths.count(Health.NEVER),
    )


def _find(sorts: Sequence[SortKey[T]], key: str) -> SortKey[T]:
    return next(sort for sort in sorts if sort.id == key)
