"""What one glance shows: of the fleet its busiest machines, of a machine whatever it is busy with."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from rich.console import RenderableType
from rich.text import Text

from chatops_tui.client.alert_calls import AlertQuery
from chatops_tui.client.errors import NotFoundError
from chatops_tui.client.http import Rest
from chatops_tui.commands.glance_tables import alerts_table, containers_table, machine_lines, processes_table
from chatops_tui.commands.say import drawn
from chatops_tui.commands.servers import table
from chatops_tui.commands.tally import Tally, tally, tally_text
from chatops_tui.config import Settings
from chatops_wire.rest import ServerView
from chatops_wire.rest_alerts import AlertView
from chatops_wire.rest_moments import MomentView
from chatops_wire.samples import Process, SampleParts

_ALERTS: Final = 100
_OPEN: Final = ("firing", "acknowledged")

Shown = tuple[str, int]
"""What busiest means, and how many of each list."""


@dataclass(frozen=True, slots=True)
class Glance:
    """The same for people and for scripts."""

    parts: Sequence[RenderableType]
    facts: Any


async def fleet_glance(settings: Settings, rest: Rest, servers: Sequence[ServerView], shown: Shown) -> Glance:
    """Return the fleet: how many are how, the busiest, what fires."""
    alerts = await _open_alerts(rest)
    busiest = _busiest(servers, shown)
    counted = tally(servers, alerts)
    parts: list[RenderableType] = [tally_text(settings, counted, time.strftime("%H:%M:%S"))]
    if busiest:
        parts += [Text(), table(settings, busiest, time.time(), is_sorted=True)]
    if alerts:
        parts += [Text(), alerts_table(settings, alerts[: shown[1]], is_of_many=True)]
    return Glance(parts, _fleet_facts(counted, busiest, alerts))


async def server_glance(
    settings: Settings, rest: Rest, server: ServerView, shown: Shown, at_ms: int | None
) -> Glance:
    """Return one machine, now or at a moment; NotFoundError where nothing is stored of that."""
    moment = await (_now(rest, server) if at_ms is None else rest.moment(server.id, at_ms))
    processes = _top(moment.processes, shown)
    parts: list[RenderableType] = list(machine_lines(settings, server, moment, is_past=at_ms is not None))
    if moment.alerts:
        parts += [Text(), alerts_table(settings, moment.alerts[: shown[1]], is_of_many=False)]
    if processes:
        parts += [Text(), processes_table(settings, processes)]
    elif at_ms is not None:
        parts += [Text(), drawn(settings, "no processes were kept of that time", "muted")]
    containers = moment.sample.containers if moment.sample else None
    if containers:
        parts += [Text(), containers_table(settings, containers[: shown[1]])]
    facts = {"server": msgspec.to_builtins(server), **msgspec.to_builtins(moment)}
    return Glance(parts, facts)


async def _now(rest: Rest, server: ServerView) -> MomentView:
    """Return the newest sample in the shape of a moment."""
    alerts = await _open_alerts(rest, server.id)
    try:
        latest = await rest.latest(server.id)
    except NotFoundError:
        latest = None
    fields = {} if latest is None else {name: getattr(latest, name) for name in SampleParts.__struct_fields__}
    return MomentView(
        server_id=server.id,
        ts="" if latest is None else latest.timestamp,
        tier=None,
        sample=SampleParts(**fields) if fields else None,
        sample_age_s=None,
        processes=() if latest is None else latest.processes,
        processes_at=None if latest is None else latest.timestamp,
        alerts=tuple(alerts),
    )


async def _open_alerts(rest: Rest, server_id: str = "") -> list[AlertView]:
    found: list[AlertView] = []
    for status in _OPEN:
        found += await rest.alerts.newest(AlertQuery(status=status, server_id=server_id, limit=_ALERTS))
    return found


def _busiest(servers: Sequence[ServerView], shown: Shown) -> list[ServerView]:
    sort, lines = shown

    def use(server: ServerView) -> float:
        if server.latest is None or server.status != "online":
            return -1.0
        return server.latest.cpu.percent if sort == "cpu" else server.latest.memory.percent

    return sorted(servers, key=lambda server: (-use(server), server.name.casefold()))[:lines]


def _top(processes: Sequence[Process], shown: Shown) -> list[Process]:
    sort, lines = shown

    def use(process: Process) -> float:
        return process.cpu_percent if sort == "cpu" else process.memory_used

    return sorted(processes, key=lambda process: -use(process))[:lines]


def _fleet_facts(counted: Tally, busiest: Sequence[ServerView], alerts: Sequence[AlertView]) -> Any:  # noqa: ANN401 - JSON
    return {
        **counted.facts(),
        "servers": msgspec.to_builtins(tuple(busiest)),
        "alerts": msgspec.to_builtins(tuple(alerts)),
    }
