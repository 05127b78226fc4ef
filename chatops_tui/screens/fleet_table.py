"""The fleet's table: its columns, and a server as a row of cells."""

from datetime import tzinfo
from functools import lru_cache
from typing import Final

import msgspec
from msgspec.structs import replace
from rich.cells import cell_len

from chatops_tui.render import numbers
from chatops_tui.render.charset import Charset
from chatops_tui.render.columns import Column
from chatops_tui.render.meter import percent_cell
from chatops_tui.render.severity import Level, glyph, ink, level
from chatops_tui.render.spans import Cell, Ink, Span, width
from chatops_tui.render.sparkline import sparkline
from chatops_tui.render.text import clean
from chatops_tui.screens.facts import LEVELS, WORDS
from chatops_tui.store.fleet_rows import GroupRow, Totals, totals
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.models import Health, Row
from chatops_tui.store.vitals import Vitals

SPARK: Final = 8
"""Cells of the sparkline at least; each is 10 s."""

# A name is never cut below the first; what is longer than the second waits for a wider terminal, and what is
# longer than the third is told by the server's own screen.
NAME_WIDTHS: Final = (10, 24, 40)

COLUMNS: Final = (
    Column("status", "", 1),
    Column("name", "SERVER", NAME_WIDTHS[0], flex=4, max_width=NAME_WIDTHS[0]),
    Column("cpu", "CPU", 11, flex=2, max_width=20),
    Column("memory", "MEM", 11, flex=2, max_width=20),
    Column("disk", "DISK", 5, align="right"),
    Column("net", "NET", 13),
    Column("load", "LOAD", 5, align="right", priority=2),
    Column("spark", "TREND", SPARK, flex=2, max_width=30, priority=4, sortable=False),
    Column("uptime", "UP", 4, align="right", priority=3),
    Column("tags", "TAGS", 14, flex=3, priority=5, sortable=False),
)
_WIDTHS: Final = {column.key: column.width for column in COLUMNS}


# Names change seldom, and to measure thousands of them takes longer than all else of a picture.
@lru_cache(maxsize=1)
def columns_for(names: tuple[str, ...]) -> tuple[Column, ...]:
    """Return the columns with room for the longest of `names` and no more; the sparkline gives way first."""
    least, usual, most = NAME_WIDTHS
    longest = max((cell_len(clean(name)) for name in names), default=0)
    width, limit = (min(cap, max(least, longest)) for cap in (usual, most))
    return tuple(
        replace(column, width=width, max_width=limit) if column.key == "name" else column
        for column in COLUMNS
    )


_SPARK_INKS: Final[dict[Level, Ink]] = {Level.WARN: "spark-warn", Level.CRIT: "spark-crit"}


class Look(msgspec.Struct, frozen=True):
    """What the cells depend on besides the row."""

    now_ms: int
    zone: tzinfo
    charset: Charset
    bars: dict[str, int]
    """Widths of the columns with bars, as they are on screen."""


def cells(memory: ServerMemory, look: Look) -> list[Cell]:
    """Return one cell a column, in the order of COLUMNS."""
    row = memory.row
    mark = LEVELS[row.health]
    vitals = row.vitals
    name: Cell = [(clean(row.name), "strong" if row.status == "online" else "text")]
    clock: Cell = [(f"clock {row.clock_off}  ", "warn")] if row.clock_off else []
    tags: Cell = [*clock, ("  ".join(clean(tag) for tag in row.tags), "muted")]
    status: Cell = [(glyph(mark), ink(mark))]
    if row.status != "online" or vitals is None:
        away, since = _away(row, look)
        return [status, name, away, since, *_figures(vitals), [], [], tags]
    return [
        status,
        name,
        percent_cell(vitals.cpu, look.bars.get("cpu", _WIDTHS["cpu"]), charset=look.charset),
        percent_cell(vitals.memory, look.bars.get("memory", _WIDTHS["memory"]), charset=look.charset),
        *_figures(vitals),
        _spark(memory, vitals, look),
        [(numbers.duration(vitals.uptime_s), "muted")],
        tags,
    ]


def group_cells(group: GroupRow, look: Look) -> list[Cell]:
    """Return one cell a column for the line above the servers of a group."""
    sums = totals(group.members)
    mark = LEVELS[sums.health]
    fold = "▸" if group.is_folded else "▾"
    away = sums.servers - sums.online
    offline: Cell = [(f"{away} away  ", "off")] if away else []
    return [
        [(glyph(mark), ink(mark))],
        [(f"{fold} {clean(group.tag) or 'no tag'}", "strong")],
        percent_cell(sums.cpu, look.bars.get("cpu", _WIDTHS["cpu"]), charset=look.charset),
        percent_cell(sums.memory, look.bars.get("memory", _WIDTHS["memory"]), charset=look.charset),
        [(numbers.percent(sums.disk_most), _worry(sums.disk_most))],
        [
            ("↓", "muted"),
            (f"{numbers.rate(sums.rx):>5} ", "text"),
            ("↑", "muted"),
            (f"{numbers.rate(sums.tx):>5}", "text"),
        ],
        [(f"n={numbers.count(sums.servers)}", "muted")],
        [],
        [],
        offline,
    ]


def totals_line(sums: Totals, columns: int) -> Cell:
    """Return what the servers that are seen do together, on one line; what does not fit is left out whole."""
    parts: list[Cell] = [
        [(f" {sums.online}", "strong"), (f" of {sums.servers} online", "muted")],
        _mean_and_most("CPU", sums.cpu, sums.cpu_most),
        _mean_and_most("MEM", sums.memory, sums.memory_most),
        [("   DISK most ", "muted"), (numbers.percent(sums.disk_most), _worry(sums.disk_most))],
        [
            ("   ↓", "muted"),
            (numbers.rate(sums.rx), "text"),
            (" ↑", "muted"),
            (numbers.rate(sums.tx), "text"),
        ],
    ]
    line: list[Span] = []
    for part in parts:
        if width(line) + width(part) <= columns:
            line += part
    return line


def _mean_and_most(title: str, mean: float | None, most: float | None) -> Cell:
    return [
        (f"   {title} ", "muted"),
        (numbers.percent(mean), "text"),
        (" most ", "muted"),
        (numbers.percent(most), _worry(most)),
    ]


def _worry(value: float | None) -> Ink:
    of = level(value)
    return ink(of) if of > Level.OK else "text"


def _figures(vitals: Vitals | None) -> list[Cell]:
    """Return disk, network and load."""
    if vitals is None:
        return [[], [], []]
    disk = level(vitals.disk)
    return [
        [(numbers.percent(vitals.disk), ink(disk) if disk > Level.OK else "text")],
        [
            ("↓", "muted"),
            (f"{numbers.rate(vitals.rx):>5} ", "text"),
            ("↑", "muted"),
            (f"{numbers.rate(vitals.tx):>5}", "text"),
        ],
        [(numbers.load(vitals.load), "text")],
    ]


def _spark(memory: ServerMemory, vitals: Vitals, look: Look) -> Cell:
    of = level(vitals.cpu)
    values = memory.spark(look.bars.get("spark", SPARK), look.now_ms)
    line = sparkline(values, top=100.0, charset=look.charset)
    # One ink for the whole line: a colour a cell would be ten times the bytes.
    return [(line, _SPARK_INKS.get(of, "spark"))]


def _away(row: Row, look: Look) -> tuple[Cell, Cell]:
    """Return what stands in place of the bars."""
    if row.health is Health.OFFLINE and row.last_seen_ms is not None:
        ago = numbers.duration((look.now_ms - row.last_seen_ms) / 1000)
        return [("offline", "off")], [(f"{ago} ago", "off")]
    if row.status == "online":
        return [("no data yet", "off")], []
    return [(WORDS[row.health], "off")], []
