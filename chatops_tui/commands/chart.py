"""`chatops chart` and `coverage`: the past of a server's metrics, and how much of it is stored."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from rich.text import Text

from chatops_tui.client.connect import Hub
from chatops_tui.client.http import HistoryQuery
from chatops_tui.commands.grid import show_table
from chatops_tui.commands.moments import typed_ms
from chatops_tui.commands.say import charset, console, drawn, say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.commands.targets import named
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.render import numbers
from chatops_tui.render.buckets import Series
from chatops_tui.render.chart import ChartStyle, ChartView, chart_lines
from chatops_tui.render.severity import PERCENT
from chatops_wire.metrics import CATALOGUE, Unit, UnknownMetricError, parse
from chatops_wire.rest import Coverage, History, ServerView
from chatops_wire.rest import Series as WireSeries
from chatops_wire.settings import SettingError

_MOST: Final = 4
# Wider than any terminal that a chart is read on.
_PIPED_WIDTH: Final = 100
_MOST_WIDTH: Final = 240
_POINTS: Final = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which metrics, and from when until when (Unix ms)."""

    name: str
    metrics: tuple[str, ...]
    start_ms: int
    end_ms: int
    height: int
    as_json: bool


def wanted_of(arguments: argparse.Namespace) -> Wanted:
    """Return what was typed; SettingError where it cannot be understood."""
    if len(arguments.metrics) > _MOST:
        raise SettingError(f"chart: at most {_MOST} metrics")
    for metric in arguments.metrics:
        try:
            parse(metric)
        except UnknownMetricError as exc:
            raise SettingError(f"chart: {exc}; there are {', '.join(CATALOGUE)}") from exc
    start_ms, end_ms = typed_ms("--since", arguments.since), typed_ms("--until", arguments.until)
    if start_ms >= end_ms:
        raise SettingError("--since: it must be before --until")
    return Wanted(
        arguments.name, tuple(arguments.metrics), start_ms, end_ms, arguments.height, arguments.json
    )


def show_chart(settings: Settings, wanted: Wanted) -> int:
    """Draw each metric and return the exit status; UnknownServerError."""

    async def job(hub: Hub) -> int:
        server = named(await hub.rest.servers(), [wanted.name])[0]
        query = HistoryQuery(server.id, wanted.metrics, wanted.start_ms, wanted.end_ms, _POINTS)
        history = await hub.rest.history(query)
        if wanted.as_json:
            say_json(history)
        else:
            _draw(settings, server, history, wanted)
        return ExitCode.DONE

    return with_hub(settings, job)


def show_coverage(settings: Settings, arguments: argparse.Namespace) -> int:
    """Say what is stored of one server, or of each, and return the exit status; UnknownServerError."""
    start_ms, end_ms = typed_ms("--since", arguments.since), typed_ms("--since", "now")

    async def job(hub: Hub) -> int:
        servers = await hub.rest.servers()
        chosen = named(servers, [arguments.name]) if arguments.name else servers
        found = [await hub.rest.coverage(server.id, start_ms, end_ms) for server in chosen]
        if arguments.json:
            say_json(found)
        else:
            rows = [
                _covered(settings, server, coverage) for server, coverage in zip(chosen, found, strict=True)
            ]
            titles = ("SERVER", "STORED", "SAMPLES", "LOST", "NEWEST GAP")
            show_table(settings, titles, rows, wraps="NEWEST GAP", empty="no servers yet")
        return ExitCode.DONE

    return with_hub(settings, job)


def _draw(settings: Settings, server: ServerView, history: History, wanted: Wanted) -> None:
    out = console(settings)
    width = min(shutil.get_terminal_size().columns, _MOST_WIDTH) if sys.stdout.isatty() else _PIPED_WIDTH
    out.print(drawn(settings, f"{server.name}   {_from_to(wanted)}   {history.tier}", "muted"))
    for series in history.series:
        for line in _lines(settings, series, wanted, width):
            out.print(line, soft_wrap=True)


def _lines(settings: Settings, series: WireSeries, wanted: Wanted, width: int) -> list[Text]:
    unit: Unit = parse(series.metric).metric.unit
    is_share = unit == "percent"
    style = ChartStyle(
        title=series.metric,
        unit=unit,
        filled=is_share,
        limits=PERCENT if is_share else None,
        least_top=100.0 if is_share else 0.0,
        charset=charset(settings),
        tz=datetime.now().astimezone().tzinfo or UTC,
    )
    points = Series(
        series.metric,
        [point[0] for point in series.points],
        [point[1] for point in series.points],
        [point[2] for point in series.points],
        [point[3] for point in series.points],
    )
    last = numbers.of_unit(series.points[-1][1], unit) if series.points else ""
    view = ChartView(
        series=[points] if series.points else [],
        start_ms=wanted.start_ms,
        end_ms=wanted.end_ms,
        headline=[(last, "text")] if last else (),
        message="" if series.points else "nothing is stored of this",
    )
    lines = []
    for cell in chart_lines(style, view, width, wanted.height):
        line = Text()
        for text, ink in cell:
            line.append(drawn(settings, text, ink))
        lines.append(line)
    return lines


def _covered(settings: Settings, server: ServerView, found: Coverage) -> Sequence[Text]:
    gap = found.gaps[0] if found.gaps else None
    words = "" if gap is None else f"{gap.to_seq - gap.from_seq + 1} samples, {gap.reason}, told {gap.ts}"
    return (
        drawn(settings, server.name, "strong"),
        drawn(settings, numbers.percent(found.percent, 2), "warn" if found.lost else "ok"),
        drawn(settings, str(found.samples)),
        drawn(settings, str(found.lost), "warn" if found.lost else "muted"),
        drawn(settings, words, "muted"),
    )


def _from_to(wanted: Wanted) -> str:
    start, end = (datetime.fromtimestamp(ms / 1000).astimezone() for ms in (wanted.start_ms, wanted.end_ms))
    return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
