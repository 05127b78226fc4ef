"""What a list of containers shows: which, in which order, folded together by compose project. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Final

import msgspec

from chatops_tui.store.containers import ContainerMemory
from chatops_tui.store.filters import Language, compiled
from chatops_tui.store.selectors import Order, SortKey, ordered
from chatops_wire.containers import Container

# An end by these is mostly somebody's wish: SIGINT, SIGKILL, SIGTERM.
_WISHED_ENDS: Final = frozenset({0, 130, 137, 143})
_RUNNING: Final = frozenset({"running", "paused", "restarting"})
# Between project and server in a row's id; neither may hold it.
_SEPARATOR: Final = "\x1f"
NO_PROJECT: Final = ""


class Condition(IntEnum):
    """How a container stands, the most urgent first."""

    FAILED = 0
    """Unhealthy, dead, out of memory, or ended by itself with an error."""
    UNSETTLED = 1
    """Restarting, paused, or its health is not known yet."""
    WELL = 2
    RESTING = 3
    """Created, or ended as it was meant to."""


class ContainerRow(msgspec.Struct, frozen=True):
    """One container in a list, with the name of its server. All texts are remote."""

    memory: ContainerMemory
    server: str

    @property
    def item(self) -> Container:
        """What is known of it."""
        return self.memory.item

    @property
    def id(self) -> str:
        """The row's id."""
        return _SEPARATOR.join(self.memory.key)


class ProjectRow(msgspec.Struct, frozen=True):
    """The line above the containers of one project; they are hidden while it is folded."""

    project: str
    """NO_PROJECT: those that belong to none."""
    members: tuple[ContainerRow, ...]
    is_folded: bool

    @property
    def id(self) -> str:
        """The row's id, which no container has."""
        return f"{_SEPARATOR}{self.project}"


ListRow = ContainerRow | ProjectRow


class Wish(msgspec.Struct, frozen=True):
    """What the user wants to see."""

    order: Order
    text: str = ""
    with_stopped: bool = True
    grouped: bool = True
    folded: Collection[str] = frozenset()
    """Projects whose containers are hidden."""


def condition(item: Container) -> Condition:
    """Return how it stands."""
    ended_badly = item.state == "exited" and item.exit_code not in {None, *_WISHED_ENDS}
    if item.health == "unhealthy" or item.state == "dead" or item.oom_killed or ended_badly:
        return Condition.FAILED
    if item.state in {"restarting", "paused", "removing"} or item.health == "starting":
        return Condition.UNSETTLED
    # What sends only name and figures runs, or there were none.
    return Condition.WELL if item.state in {"running", ""} else Condition.RESTING


def is_running(item: Container) -> bool:
    """Return whether it has processes."""
    return item.state in _RUNNING or (not item.state and item.cpu_percent is not None)


def _is_awake(row: ContainerRow) -> bool:
    return is_running(row.item) or bool(row.memory.doing)


def _uptime_key(row: ContainerRow) -> str | None:
    return row.item.started_at if is_running(row.item) else None


def _memory(row: ContainerRow) -> float | None:
    return None if row.item.memory_used is None else float(row.item.memory_used)


def _net(row: ContainerRow) -> float | None:
    known = [value for value in (row.item.rx_bps, row.item.tx_bps) if value is not None]
    return sum(known) if known else None


def _cpu(row: ContainerRow) -> float | None:
    # As it is shown: what looks the same must not change places every second.
    return None if row.item.cpu_percent is None else round(row.item.cpu_percent, 1)


SORTS: Final[tuple[SortKey[ContainerRow], ...]] = (
    SortKey("name", "Name", lambda row: row.item.name.casefold(), descending=False),
    SortKey("state", "State", lambda row: float(condition(row.item)), descending=False),
    SortKey("cpu", "CPU", _cpu),
    SortKey("memory", "Memory", _memory),
    SortKey("net", "Network", _net),
    SortKey("server", "Server", lambda row: row.server.casefold(), descending=False),
    SortKey("image", "Image", lambda row: row.item.image.casefold(), descending=False),
    SortKey("uptime", "Uptime", _uptime_key, descending=False),
    SortKey("restarts", "Restarts", lambda row: float(row.item.restarts)),
)

CONTAINERS: Final[Language[ContainerRow]] = Language(
    words=lambda row: (
        row.item.name,
        row.item.image,
        row.item.project or "",
        row.item.service or "",
        row.server,
    ),
    fields={
        "name": lambda row, value: value in row.item.name.lower(),
        "image": lambda row, value: value in row.item.image.lower(),
        "project": lambda row, value: value in (row.item.project or "").lower(),
        "service": lambda row, value: value in (row.item.service or "").lower(),
        "server": lambda row, value: value in row.server.lower(),
        "state": lambda row, value: row.item.state.startswith(value),
        "health": lambda row, value: (row.item.health or "none").startswith(value),
        "port": lambda row, value: any(value in port for port in row.item.ports),
    },
    numbers={
        "cpu": lambda row: row.item.cpu_percent,
        "mem": _memory,
        "memory": _memory,
        "net": _net,
        "pids": lambda row: row.item.pids,
        "restarts": lambda row: row.item.restarts,
    },
)


def rows(memories: Iterable[ContainerMemory], servers: Mapping[str, str], wish: Wish) -> list[ListRow]:
    """Return the lines of a list.

    Args:
        memories: The containers there are.
        servers: Their servers' names by id.
        wish: Which are wanted and how.
    """
    matches = compiled(wish.text, CONTAINERS)
    found = [ContainerRow(memory, servers.get(memory.server_id, "?")) for memory in memories]
    wanted = [
        row
        for row in found
        if matches(row) and (wish.with_stopped or is_running(row.item) or row.memory.doing)
    ]
    wanted.sort(key=lambda row: (row.item.name.casefold(), row.server.casefold(), row.id))
    sorted_rows = ordered(wanted, SORTS, wish.order)
    projects = {row.item.project or NO_PROJECT for row in sorted_rows}
    if not wish.grouped or projects <= {NO_PROJECT}:
        return list(sorted_rows)
    return _grouped(sorted_rows, wish)


def counted(items: Sequence[ListRow]) -> int:
    """Return how many containers a list is of, folded ones too."""
    grouped = [row for row in items if isinstance(row, ProjectRow)]
    return sum(len(row.members) for row in grouped) if grouped else len(items)


def _grouped(sorted_rows: Sequence[ContainerRow], wish: Wish) -> list[ListRow]:
    """Return the rows with a line above each project; by name, or by whichever has the first row."""
    members: dict[str, list[ContainerRow]] = {}
    for row in sorted_rows:
        members.setdefault(row.item.project or NO_PROJECT, []).append(row)
    names = list(members)
    if wish.order.key == "name":
        names.sort(key=str.casefold, reverse=wish.order.descending)
    # What belongs to no project stands below those that do.
    names.sort(key=lambda name: name == NO_PROJECT)
    result: list[ListRow] = []
    for name in names:
        is_folded = name in wish.folded
        result.append(ProjectRow(name, tuple(members[name]), is_folded))
        if not is_folded:
            result += members[name]
    return result
