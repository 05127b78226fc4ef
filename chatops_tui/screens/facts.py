"""A server in words and figures: lines for text blocks. Everything remote passes `clean` here."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import Final

from rich.cells import cell_len

from chatops_tui.clock import moment
from chatops_tui.render import numbers
from chatops_tui.render.alerts import severity_ink, severity_mark
from chatops_tui.render.charset import Charset
from chatops_tui.render.command import command_cell
from chatops_tui.render.meter import MeterView, meter_line
from chatops_tui.render.policy import badge
from chatops_tui.render.severity import Level, glyph, ink
from chatops_tui.render.spans import Cell, Span, fit, width
from chatops_tui.render.text import clean, cut
from chatops_tui.store.alerts import SEVERITIES
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.models import Health, Row
from chatops_tui.store.selectors import Order, processes
from chatops_wire.agent import AgentInfo
from chatops_wire.rest import EventView
from chatops_wire.times import parse_ms

LEVELS: Final[dict[Health, Level]] = {
    Health.CRITICAL: Level.CRIT,
    Health.WARNING: Level.WARN,
    Health.OK: Level.OK,
    Health.OFFLINE: Level.OFF,
    Health.NEVER: Level.OFF,
}
WORDS: Final[dict[Health, str]] = {
    Health.CRITICAL: "critical",
    Health.WARNING: "warning",
    Health.OK: "ok",
    Health.OFFLINE: "offline",
    Health.NEVER: "no agent yet",
}
_LABEL_WIDTH: Final = 8
_MOUNT_WIDTH: Final = 14
_BY_CPU: Final = Order("cpu", descending=True)


def rule(title: str, columns: int, note: str = "") -> Cell:
    """Return `─ title ───── note ─`, `columns` wide."""
    left: list[Span] = [("─ ", "rule"), (title, "strong"), (" ", "text")]
    right: list[Span] = [(f" {note} ", "muted"), ("─", "rule")] if note else []
    room = columns - width(left) - width(right)
    if room < 1:
        right, room = [], columns - width(left)
    return [*left, ("─" * max(0, room), "rule"), *right]


def state(row: Row, now_ms: int, zone: tzinfo) -> Cell:
    """Return glyph and word, and since when it has been away."""
    level = LEVELS[row.health]
    spans: list[Span] = [(f"{glyph(level)} {WORDS[row.health]}", ink(level))]
    if row.health is Health.OFFLINE and row.last_seen_ms is not None:
        ago = numbers.duration((now_ms - row.last_seen_ms) / 1000)
        spans.append((f" since {moment(row.last_seen_ms, now_ms, zone)} ({ago})", "muted"))
    return spans


def allows(row: Row) -> Cell:
    """Return a badge of what may be asked of its machine, after a gap; nothing before its agent has come."""
    return [] if row.status == "never" else [("   ", "text"), *badge(row.view.capabilities, row.view.policy)]


def summary(row: Row) -> str:
    """Return what kind of machine it is, in one line: system, cores, memory, uptime."""
    host = row.view.host
    parts = [clean(host.os), *_size_of(host)] if host else []
    if row.vitals is not None and row.vitals.uptime_s is not None:
        parts.append(f"up {numbers.duration(row.vitals.uptime_s)}")
    return " · ".join(part for part in parts if part)


def host_facts(memory: ServerMemory, now_ms: int, zone: tzinfo) -> list[Cell]:
    """Return what is known of the machine, one fact a line."""
    row = memory.row
    host = row.view.host or AgentInfo()
    facts: list[tuple[str, str]] = [
        ("host", host.hostname),
        ("system", host.os),
        ("kernel", " ".join(part for part in (host.kernel, host.arch) if part)),
        ("cpu", host.cpu_model),
        ("cores", str(host.cpu_count) if host.cpu_count else ""),
        ("memory", numbers.size(host.memory_total) if host.memory_total else ""),
        ("uptime", _uptime(row)),
        ("clock", row.clock_off),
        ("agent", host.version),
        ("docker", host.docker_version),
        ("tags", "  ".join(row.tags)),
    ]
    lines: list[Cell] = [_fact("state", state(row, now_ms, zone))]
    lines += [_fact(name, [(clean(value), "text")]) for name, value in facts if value]
    if row.status != "never":
        reading = "  (you may only read)" if row.view.role == "viewer" else ""
        named = f"{clean(_allowed(row))}  p tells all{reading}"
        shown = badge(row.view.capabilities, row.view.policy)
        lines += [_fact("allows", shown), _fact("", [(named, "muted")])]
    load = memory.latest.cpu.load if memory.latest else None
    if load:
        lines.append(_fact("load", [("  ".join(numbers.load(value) for value in load), "text")]))
    return lines


def _allowed(row: Row) -> str:
    """Return what may be done there, so that a missing tab is explained."""
    return "  ".join(sorted(row.view.capabilities)) or "nothing but metrics"


def temperatures(memory: ServerMemory) -> list[Cell]:
    """Return one sensor a line."""
    found = memory.latest.temperatures if memory.latest else ()
    return [
        [(f"{cut(clean(one.sensor), 24):<24} ", "muted"), (f"{numbers.celsius(one.celsius):>6}", "text")]
        for one in found
    ]


def disks(memory: ServerMemory, columns: int, charset: Charset) -> list[Cell]:
    """Return one file system a line: mount, bar, how much of how much."""
    latest = memory.latest
    return [
        meter_line(
            MeterView(
                clean(disk.mount),
                disk.percent,
                note=f"{numbers.size(disk.used):>5}/{numbers.size(disk.total)}".ljust(12),
                label_width=_MOUNT_WIDTH,
                charset=charset,
            ),
            columns,
        )
        for disk in (latest.disks if latest else ())
    ]


def networks(memory: ServerMemory) -> list[Cell]:
    """Return one interface a line with its rates."""
    latest = memory.latest
    return [
        [
            (f"{cut(clean(net.interface), _MOUNT_WIDTH):<{_MOUNT_WIDTH}} ", "muted"),
            (f"↓ {numbers.rate(net.rx_bps):>5}", "series-1"),
            ("/s  ", "muted"),
            (f"↑ {numbers.rate(net.tx_bps):>5}", "series-2"),
            ("/s", "muted"),
        ]
        for net in (latest.networks if latest else ())
    ]


def top_processes(memory: ServerMemory, columns: int, most: int) -> list[Cell]:
    """Return the busiest processes: PID, CPU, memory, command."""
    found = processes(memory.sample.processes, _BY_CPU)[:most] if memory.sample else []
    return [
        fit(
            [
                (f"{process.pid:>7} ", "muted"),
                (f"{numbers.percent(process.cpu_percent):>5} ", "text"),
                (f"{numbers.size(process.memory_used):>6}  ", "text"),
                *command_cell(process.name, process.command, whole=False),
            ],
            columns,
        )
        for process in found
    ]


def timeline(memory: ServerMemory, now_ms: int, zone: tzinfo) -> Iterator[Cell]:
    """Yield one entry a line, newest first, without the server's own name before it."""
    events, own_name = list(memory.timeline), memory.row.name
    times = [_when(event, now_ms, zone) for event in events]
    column = max(map(len, times), default=0)
    for event, when in zip(events, times, strict=True):
        text = event.message.removeprefix(f"{own_name}: ").removeprefix(f"{own_name} ")
        yield [(f"{when:>{column}} ", "muted"), _mark(event), (clean(text or event.kind), "text")]


def _mark(event: EventView) -> Span:
    if event.kind == "alert":
        return _alert_mark(event)
    # Both are of one kind; what happened is in the words.
    if "disconnected" in event.message:
        return ("○ ", "off")
    return ("● ", "ok") if "connected" in event.message else ("· ", "muted")


def _alert_mark(event: EventView) -> Span:
    severity, status = event.data.get("severity"), event.data.get("status")
    if status == "firing" and severity in SEVERITIES:
        return f"{severity_mark(severity)} ", severity_ink(severity)
    return ("● ", "ok") if status == "resolved" else ("· ", "muted")


def _when(event: EventView, now_ms: int, zone: tzinfo) -> str:
    try:
        return moment(parse_ms(event.ts), now_ms, zone)
    except (ValueError, OverflowError):
        return clean(event.ts, 12)


def _size_of(host: AgentInfo) -> Iterator[str]:
    if host.cpu_count:
        yield f"{host.cpu_count} cores"
    if host.memory_total:
        yield numbers.size(host.memory_total)


def _uptime(row: Row) -> str:
    return (
        ""
        if row.vitals is None or row.vitals.uptime_s is None
        else numbers.duration_long(row.vitals.uptime_s)
    )


def _fact(name: str, value: Cell) -> Cell:
    return [(name + " " * (_LABEL_WIDTH - cell_len(name)), "muted"), *value]
