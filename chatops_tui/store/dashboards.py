"""Dashboards as a person writes them down in TOML; what is wrong is named with its line and key. Pure."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, Literal, TypeVar, get_args

import msgspec

from chatops_tui.store.metric_values import is_metric
from chatops_tui.store.server_selectors import SelectorError, check
from chatops_tui.store.time_view import SPANS_MS, span_label

T = TypeVar("T")

PanelKind = Literal["chart", "number", "table", "heat"]
Combine = Literal["max", "min", "avg", "sum"]
MOST_COLUMNS: Final = 6
MOST_HEIGHT: Final = 4
_MOST_METRICS: Final[Mapping[PanelKind, int]] = {"chart": 4, "number": 6, "table": 8, "heat": 1}
_HEADER: Final = re.compile(r"\s*\[\[\s*dashboard\s*\]\]")
_PANEL: Final = re.compile(r"\s*\[\[\s*dashboard\s*\.\s*panel\s*\]\]")
_PLACE: Final = re.compile(r"\(at (?:line (\d+), column \d+|end of document)\)")
_SPANS: Final = {span_label(span): span for span in SPANS_MS}

EXAMPLE: Final = """\
[[dashboard]]
name = "Web"
columns = 2
range = "1h"

[[dashboard.panel]]
title = "CPU"
kind = "chart"
servers = "tag:web"
metrics = ["cpu.percent"]
"""


class Panel(msgspec.Struct, frozen=True):
    """One part of a dashboard."""

    kind: PanelKind
    title: str
    servers: str
    """A selector."""
    metrics: tuple[str, ...]
    combine: Combine = "max"
    """How a number is made of several servers."""
    width: int = 1
    """Over how many columns it lies."""
    height: int = 1
    """How high it is beside others."""


class Dashboard(msgspec.Struct, frozen=True):
    """Panels in columns, filled row by row."""

    name: str
    columns: int
    span_ms: int
    panels: tuple[Panel, ...]


class Fault(msgspec.Struct, frozen=True):
    """What is wrong, and where; `line` counts from 1."""

    line: int
    key: str
    text: str

    def __str__(self) -> str:
        """Return it as a sentence."""
        return f"line {self.line}: {self.key}: {self.text}" if self.key else f"line {self.line}: {self.text}"


class Boards(msgspec.Struct, frozen=True):
    """What a file holds: the dashboards that can be shown, and why others cannot."""

    dashboards: tuple[Dashboard, ...] = ()
    faults: tuple[Fault, ...] = ()


def parse_boards(text: str) -> Boards:
    """Return what is written in `text`; one bad dashboard does not cost the others."""
    found: list[Dashboard] = []
    faults: list[Fault] = []
    for first, lines in _parts(text.splitlines()):
        made, own = _dashboard(first, lines)
        if made is not None and any(one.name == made.name for one in found):
            own = [Fault(_line(lines, first, -1, "name"), "name", f"there are two called {made.name!r}")]
            made = None
        faults += own
        if made is not None:
            found.append(made)
    return Boards(tuple(found), tuple(faults))


def _parts(lines: Sequence[str]) -> list[tuple[int, Sequence[str]]]:
    """Return the pieces that begin with `[[dashboard]]`, each with its first line; what is before is one."""
    starts = [at for at, line in enumerate(lines) if _HEADER.match(line)]
    edges = [*starts, len(lines)]
    pieces = [(at, lines[at:end]) for at, end in pairwise(edges)]
    head = lines[: edges[0]]
    is_blank = all(not line.strip() or line.lstrip().startswith("#") for line in head)
    return pieces if is_blank else [(0, head), *pieces]


def _dashboard(first: int, lines: Sequence[str]) -> tuple[Dashboard | None, list[Fault]]:
    try:
        # Blank lines in front, so that TOML's own complaints name the line of the file.
        document = tomllib.loads("\n" * first + "\n".join(lines))
    except tomllib.TOMLDecodeError as exc:
        place = _PLACE.search(str(exc))
        line = int(place[1]) if place and place[1] else first + len(lines)
        return None, [Fault(line, "", f"no TOML: {_PLACE.sub('', str(exc)).strip()}")]
    tables = document.get("dashboard")
    if set(document) != {"dashboard"} or not isinstance(tables, list) or len(tables) != 1:
        return None, [Fault(first + 1, "", "only tables [[dashboard]] and [[dashboard.panel]] stand here")]
    reader = _Reader(first, lines, tables[0])
    made = _read_dashboard(reader)
    return (None, sorted(reader.faults, key=lambda one: one.line)) if reader.faults else (made, [])


def _read_dashboard(reader: "_Reader") -> Dashboard:
    columns = reader.whole("columns", 2, MOST_COLUMNS)
    panels = reader.table.get("panel", [])
    if not isinstance(panels, list) or not panels:
        reader.complain("", "it has no [[dashboard.panel]]")
        panels = []
    made = Dashboard(
        reader.text("name") or "",
        columns,
        reader.choice("range", tuple(_SPANS), "1h", _SPANS.__getitem__),
        tuple(_read_panel(reader.panel(nth, table), columns) for nth, table in enumerate(panels)),
    )
    reader.end({"name", "columns", "range", "panel"})
    return made


def _read_panel(reader: "_Reader", columns: int) -> Panel:
    kinds: tuple[PanelKind, ...] = get_args(PanelKind)
    kind: PanelKind = reader.choice("kind", kinds, None, lambda text: next(k for k in kinds if k == text))
    metrics = reader.texts("metrics")
    for metric in metrics:
        if not is_metric(metric):
            reader.complain("metrics", f"no metric is called {metric!r}")
    if len(metrics) > _MOST_METRICS.get(kind, 1):
        reader.complain("metrics", f"a {kind} has room for {_MOST_METRICS[kind]}")
    servers = ", ".join(reader.texts("servers", "*"))
    try:
        check(servers)
    except SelectorError as exc:
        reader.complain("servers", str(exc))
    ways: tuple[Combine, ...] = get_args(Combine)
    panel = Panel(
        kind,
        # Without metrics, which was said, it is not the title that is missing.
        reader.text("title", ", ".join(metrics) or kind),
        servers,
        metrics,
        reader.choice("combine", ways, "max", lambda text: next(way for way in ways if way == text)),
        reader.whole("width", 1, columns),
        reader.whole("height", 1, MOST_HEIGHT),
    )
    reader.end({"kind", "title", "servers", "metrics", "combine", "width", "height"})
    return panel


class _Reader(msgspec.Struct):
    """Reads one table; `nth` is the panel's place, -1 for the dashboard itself."""

    first: int
    lines: Sequence[str]
    table: Mapping[str, Any]
    nth: int = -1
    faults: list[Fault] = msgspec.field(default_factory=list)

    def panel(self, nth: int, table: object) -> "_Reader":
        """Return a reader of a panel that complains to the same list."""
        inner = table if isinstance(table, dict) else {}
        return _Reader(self.first, self.lines, inner, nth, self.faults)

    def complain(self, key: str, text: str) -> None:
        """Note a fault at a key."""
        self.faults.append(Fault(_line(self.lines, self.first, self.nth, key), key, text))

    def text(self, key: str, *otherwise: str) -> str:
        """Return a text that is not empty; without `otherwise` it has to be there."""
        value = self.table.get(key, next((one for one in otherwise if one), None))
        if isinstance(value, str) and value.strip():
            return value
        self.complain(key, "it is missing" if value is None else "it must be a text")
        return ""

    def texts(self, key: str, *otherwise: str) -> tuple[str, ...]:
        """Return a text, or a list of them."""
        value = self.table.get(key, list(otherwise) or None)
        items = [value] if isinstance(value, str) else value
        if isinstance(items, list) and items and all(isinstance(one, str) and one.strip() for one in items):
            return tuple(items)
        self.complain(key, "it is missing" if value is None else "it must be a text, or a list of texts")
        return ()

    def whole(self, key: str, otherwise: int, most: int) -> int:
        """Return a whole number from 1 to `most`."""
        value = self.table.get(key, min(otherwise, most))
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most:
            return value
        self.complain(key, f"it must be a whole number from 1 to {most}")
        return 1

    def choice(self, key: str, allowed: Sequence[str], otherwise: str | None, take: Callable[[str], T]) -> T:
        """Return what `take` makes of one of `allowed`."""
        value = self.table.get(key, otherwise)
        if value in allowed:
            return take(str(value))
        said = "it is missing" if value is None else f"{value!r} is none of {', '.join(allowed)}"
        self.complain(key, said)
        return take(allowed[0])

    def end(self, known: set[str]) -> None:
        """Complain of every key that means nothing."""
        for key in self.table.keys() - known:
            self.complain(key, f"no such key; there are {', '.join(sorted(known - {'panel'}))}")


def _line(lines: Sequence[str], first: int, nth: int, key: str) -> int:
    """Return the line of a key in the dashboard (-1) or its nth panel; without it that of the header."""
    section, header = -1, 0
    for at, line in enumerate(lines):
        if _PANEL.match(line):
            section += 1
            header = at if section == nth else header
        elif section == nth and key and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*=""", line):
            return first + at + 1
    return first + header + 1
