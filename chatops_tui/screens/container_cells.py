"""Containers as rows of a table: columns and cells. Remote text passes `clean` here."""

from dataclasses import dataclass
from typing import Final

from chatops_tui.render import numbers
from chatops_tui.render.charset import Charset
from chatops_tui.render.columns import Column
from chatops_tui.render.severity import Level as Severity
from chatops_tui.render.severity import Limits, glyph, ink, level
from chatops_tui.render.spans import Cell, Ink, Span
from chatops_tui.render.sparkline import sparkline
from chatops_tui.render.text import clean
from chatops_tui.store.container_rows import (
    NO_PROJECT,
    Condition,
    ContainerRow,
    ListRow,
    ProjectRow,
    condition,
    is_running,
)
from chatops_tui.store.container_series import CPU, MEMORY
from chatops_tui.store.containers import ContainerMemory
from chatops_wire.containers import Container
from chatops_wire.times import parse_ms

_SPARK: Final = 8
_SERVER: Final = Column("server", "SERVER", 10, flex=1, max_width=24)
_COLUMNS: Final = (
    Column("mark", "", 1, sortable=False),
    Column("name", "CONTAINER", 18, flex=4, max_width=40),
    Column("state", "STATE", 12),
    Column("cpu", "CPU", 6, align="right"),
    Column("cpu-trend", "TREND", _SPARK, flex=1, max_width=16, sortable=False),
    Column("memory", "MEM", 11, align="right"),
    Column("memory-trend", "TREND", _SPARK, flex=1, max_width=16, priority=4, sortable=False),
    Column("net", "NET", 13, priority=3),
    Column("uptime", "UP", 4, align="right", priority=1),
    Column("image", "IMAGE", 16, flex=3, max_width=44, priority=2),
)
OF_ONE_SERVER: Final = _COLUMNS
OF_ALL_SERVERS: Final = (*_COLUMNS[:2], _SERVER, *_COLUMNS[2:])

_LEVELS: Final[dict[Condition, Severity]] = {
    Condition.FAILED: Severity.CRIT,
    Condition.UNSETTLED: Severity.WARN,
    Condition.WELL: Severity.OK,
    Condition.RESTING: Severity.OFF,
}
_GLYPHS: Final = {"paused": "‖", "restarting": "↻", "removing": "↻"}
# Of one core: whoever takes more than a whole one stands out, but is not wrong.
_ONE_CORE: Final = 100.0
_MEMORY_LIMITS: Final = Limits(80.0, 95.0)


@dataclass(frozen=True, slots=True)
class Look:
    """What the cells depend on besides the row."""

    now_ms: int
    charset: Charset
    widths: dict[str, int]
    """Of the columns, as they are on screen."""
    has_servers: bool
    """Whether the table has the column of servers."""


def cells(row: ListRow, look: Look, *, indented: bool) -> list[Cell]:
    """Return one cell a column; `indented` below a project's line."""
    found = _project_cells(row) if isinstance(row, ProjectRow) else _container_cells(row, look, indented)
    if not look.has_servers:
        del found[2]
    return found


def state(memory: ContainerMemory) -> tuple[Span, Span]:
    """Return mark and word: what is done to a container, else how it stands."""
    item = memory.item
    of = _LEVELS[condition(item)]
    colour = ink(of)
    if memory.is_gone:
        return ("○", "off"), ("removed", "off")
    if memory.doing:
        return ("↻", "info"), (memory.doing, "info")
    mark = _GLYPHS.get(item.state, "◐" if item.health == "starting" else glyph(of))
    return (mark, colour), (_word(item), colour if of is not Severity.OFF else "muted")


def share_of_core(percent: float | None) -> Span:
    """Return CPU in percent of one core, with a decimal while that says something."""
    if percent is None:
        return numbers.MISSING, "off"
    text = numbers.percent(percent, 1 if percent < 99.95 else 0)  # noqa: PLR2004 - rounds to three digits
    return text, "warn" if percent >= _ONE_CORE else "text"


def memory_use(item: Container) -> Cell:
    """Return what it takes, of how much where it has a limit."""
    if item.memory_used is None:
        return [(numbers.MISSING, "off")]
    used = numbers.size(float(item.memory_used))
    if not item.memory_limit:
        return [(used, "text")]
    of = level(float(item.memory_used) / float(item.memory_limit) * 100, _MEMORY_LIMITS)
    return [
        (used, "text" if of <= Severity.OK else ink(of)),
        (f"/{numbers.size(float(item.memory_limit))}", "muted"),
    ]


def uptime_s(item: Container, now_ms: int) -> float | None:
    """Return for how long it runs; None when it does not, or that is not known."""
    if item.started_at is None or not is_running(item):
        return None
    try:
        return max(0.0, (now_ms - parse_ms(item.started_at)) / 1000)
    except ValueError:
        return None


def _word(item: Container) -> str:
    if item.state == "exited":
        if item.oom_killed:
            return "out of mem"
        return "exited" if item.exit_code is None else f"exited ({item.exit_code})"
    if item.state == "running" and item.health:
        return clean(item.health, 11)
    # Agents that send only name and figures say nothing of states.
    return clean(item.state, 11) or "running"


def _container_cells(row: ContainerRow, look: Look, indented: bool) -> list[Cell]:  # noqa: FBT001 - of `cells`
    item = row.item
    mark, word = state(row.memory)
    runs = is_running(item)
    name: list[Span] = [("  " if indented else "", "text"), (clean(item.name), "strong" if runs else "text")]
    if item.restarts:
        name.append((f" ↻{numbers.count(item.restarts)}", "warn"))
    if item.is_agent:
        name.append((" agent", "muted"))
    if not runs:
        figures: list[Cell] = [[], [], [], [], [], []]
    else:
        figures = _figures(row, look)
    return [[mark], name, [(clean(row.server), "text")], [word], *figures, [(clean(item.image), "muted")]]


def _figures(row: ContainerRow, look: Look) -> list[Cell]:
    item, series = row.item, row.memory.series
    cpu = series.spark(CPU, look.widths.get("cpu-trend", _SPARK), look.now_ms)
    memory = series.spark(MEMORY, look.widths.get("memory-trend", _SPARK), look.now_ms)
    busiest = max((value for value in cpu if value is not None), default=0.0)
    return [
        [share_of_core(item.cpu_percent)],
        # One ink for the whole line: a colour a cell would be ten times the bytes.
        [(sparkline(cpu, top=max(_ONE_CORE, busiest), charset=look.charset), "spark")],
        memory_use(item),
        [(sparkline(memory, top=_top(item, memory), charset=look.charset), "spark")],
        _net(item),
        [(numbers.duration(uptime_s(item, look.now_ms)), "muted")],
    ]


def _top(item: Container, values: list[float | None]) -> float:
    most = max((value for value in values if value is not None), default=0.0)
    return max(most, float(item.memory_limit)) if item.memory_limit else most * 1.25


def _net(item: Container) -> Cell:
    if item.rx_bps is None and item.tx_bps is None:
        return []
    return [
        ("↓", "muted"),
        (f"{numbers.rate(item.rx_bps):>5} ", "text"),
        ("↑", "muted"),
        (f"{numbers.rate(item.tx_bps):>5}", "text"),
    ]


def _project_cells(row: ProjectRow) -> list[Cell]:
    items = [member.item for member in row.members]
    worst = _LEVELS[min(condition(item) for item in items)]
    running = sum(is_running(item) for item in items)
    servers = {member.server for member in row.members}
    where = clean(next(iter(servers))) if len(servers) == 1 else f"{len(servers)} servers"
    name: Cell = [
        (f"{'▸' if row.is_folded else '▾'} ", "accent"),
        ("no project" if row.project == NO_PROJECT else clean(row.project), "strong"),
    ]
    cpu = [item.cpu_percent for item in items if item.cpu_percent is not None]
    memory = [float(item.memory_used) for item in items if item.memory_used is not None]
    up: Ink = "ok" if running == len(items) else "muted"
    return [
        [(glyph(worst), ink(worst))],
        name,
        [(where, "muted")],
        [(f"{running}/{len(items)} up", up)],
        [(share_of_core(sum(cpu))[0], "muted")] if cpu else [],
        [],
        [(numbers.size(sum(memory)), "muted")] if memory else [],
        [],
        [],
        [],
        [],
    ]
