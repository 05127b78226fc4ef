"""The lists of a glance at one machine."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from chatops_tui.commands.say import charset, drawn
from chatops_tui.config import Settings
from chatops_tui.render import numbers
from chatops_tui.render.alerts import amount, condition, severity_ink, severity_mark, status_ink
from chatops_tui.render.bars import bar
from chatops_tui.render.severity import Level, glyph, ink, level
from chatops_wire.containers import Container
from chatops_wire.rest import ServerView
from chatops_wire.rest_alerts import AlertView
from chatops_wire.rest_moments import MomentView
from chatops_wire.samples import Process, SampleParts

_BAR: Final = 20
_RIGHT: Final = "right"


def machine_lines(
    settings: Settings, server: ServerView, moment: MomentView, *, is_past: bool
) -> Iterator[Text | Table]:
    """Yield who it is and its bars; where there is no sample, the words for that."""
    yield _heading(settings, server, moment, is_past=is_past)
    if moment.sample is None:
        yield drawn(settings, "no sample is stored of that time" if is_past else "no sample yet", "muted")
        return
    if moment.tier not in {None, "raw"}:
        yield drawn(settings, f"averages of {moment.tier}: single samples are kept no longer", "muted")
    grid = Table(box=None, show_header=False, pad_edge=False)
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(justify=_RIGHT, no_wrap=True)
    grid.add_column(overflow="fold")
    for row in _bars(settings, moment.sample):
        grid.add_row(*row)
    yield grid


def processes_table(settings: Settings, processes: Iterable[Process]) -> Table:
    """Return processes as they come."""
    grid = _grid(settings, ("PID", "USER", "CPU", "MEM", "COMMAND"), right={"PID", "CPU", "MEM"})
    for process in processes:
        grid.add_row(
            drawn(settings, str(process.pid), "muted"),
            drawn(settings, process.user),
            drawn(settings, numbers.percent(process.cpu_percent)),
            drawn(settings, numbers.size(process.memory_used)),
            drawn(settings, process.command or process.name),
        )
    return grid


def containers_table(settings: Settings, containers: Iterable[Container]) -> Table:
    """Return containers as they come; of the past nothing but their use is known."""
    grid = _grid(settings, ("CONTAINER", "STATE", "CPU", "MEM", "IMAGE"), right={"CPU", "MEM"})
    for container in containers:
        grid.add_row(
            drawn(settings, container.name, "strong"),
            drawn(settings, container.status or container.state),
            drawn(settings, numbers.percent(container.cpu_percent)),
            drawn(settings, numbers.size(container.memory_used)),
            drawn(settings, container.image, "muted"),
        )
    return grid


def alerts_table(settings: Settings, alerts: Sequence[AlertView], *, is_of_many: bool) -> Table:
    """Return alerts as they come, with their servers where they are of many."""
    titles = (" ", "STATUS", *(("SERVER",) if is_of_many else ()), "ALERT", "VALUE", "MESSAGE")
    grid = _grid(settings, titles)
    for alert in alerts:
        value = alert.value if alert.last_value is None else alert.last_value
        name = (drawn(settings, alert.server_name or alert.server_id, "strong"),) if is_of_many else ()
        grid.add_row(
            drawn(settings, severity_mark(alert.severity), severity_ink(alert.severity)),
            drawn(settings, alert.status, status_ink(alert.status)),
            *name,
            drawn(settings, condition(alert.metric, alert.comparison, alert.threshold_value)),
            drawn(settings, amount(alert.metric, value)),
            drawn(settings, alert.message),
        )
    return grid


def _heading(settings: Settings, server: ServerView, moment: MomentView, *, is_past: bool) -> Text:
    text = drawn(settings, server.name, "strong")
    if is_past:
        text.append(drawn(settings, f"   as it was at {moment.ts}", "warn"))
    else:
        kind = Level.OK if server.status == "online" else Level.OFF
        text.append(drawn(settings, f"   {glyph(kind)} {server.status}", ink(kind)))
    host = server.host
    facts = () if host is None else (host.os, f"{host.cpu_count} cores", numbers.size(host.memory_total))
    up = moment.sample.uptime_s if moment.sample else None
    words = (*facts, f"up {numbers.duration(up)}" if up else "", " ".join(server.tags))
    text.append(drawn(settings, "".join(f"   {word}" for word in words if word), "muted"))
    return text


def _bars(settings: Settings, sample: SampleParts) -> Iterator[tuple[Text, Text, Text, Text]]:
    cpu, memory = sample.cpu, sample.memory
    loads = "  load " + " ".join(map(numbers.load, cpu.load)) if cpu.load else ""
    parts = ((cpu.user, "user"), (cpu.system, "sys"), (cpu.iowait, "io"))
    where = " ".join(f"{name} {numbers.percent(value)}" for value, name in parts if value is not None)
    yield _bar(settings, "CPU", cpu.percent, where + loads)
    swap = f"  swap {numbers.size(memory.swap_used)}" if memory.swap_used else ""
    yield _bar(
        settings, "MEM", memory.percent, f"{numbers.size(memory.used)} of {numbers.size(memory.total)}{swap}"
    )
    for disk in sample.disks:
        rates = f"  r {numbers.rate(disk.read_bps)} w {numbers.rate(disk.write_bps)}"
        used = f"{numbers.size(disk.used)} of {numbers.size(disk.total)}{rates}  {disk.mount}"
        yield _bar(settings, "DISK", disk.percent, used)
    for net in sample.networks:
        rates = f"↓ {numbers.rate(net.rx_bps)} ↑ {numbers.rate(net.tx_bps)}  {net.interface}"
        yield (drawn(settings, "NET", "strong"), Text(), Text(), drawn(settings, rates))


def _bar(settings: Settings, title: str, percent: float, words: str) -> tuple[Text, Text, Text, Text]:
    filled, track = bar(percent / 100, _BAR, charset(settings))
    shown = drawn(settings, filled, ink(level(percent)))
    shown.append(drawn(settings, track, "muted"))
    number = drawn(settings, numbers.percent(percent), ink(level(percent)))
    return drawn(settings, title, "strong"), shown, number, drawn(settings, words, "muted")


def _grid(settings: Settings, titles: Sequence[str], right: frozenset[str] | set[str] = frozenset()) -> Table:
    grid = Table(box=None, header_style="bold", pad_edge=False)
    for title in titles:
        is_last = title == titles[-1]
        grid.add_column(
            drawn(settings, title, "strong"),
            justify=_RIGHT if title in right else "left",
            no_wrap=not is_last,
            overflow="fold",
        )
    return grid
