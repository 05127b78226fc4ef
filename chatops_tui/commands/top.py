"""`chatops top` and `watch`: one glance at the fleet or a server, now, then, or again and again."""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from rich.console import Group
from rich.live import Live

from chatops_tui.client.connect import Hub
from chatops_tui.client.errors import HubUnreachableError
from chatops_tui.commands.glance import Glance, fleet_glance, server_glance
from chatops_tui.commands.moments import typed_ms
from chatops_tui.commands.say import complain, console, say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.commands.targets import named
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_wire.settings import SettingError

# A hub that is restarted is back sooner; whoever watches wants to see what was until then.
_PATIENT_FOR_S = 60.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be seen; an empty name: the fleet."""

    name: str
    sort: str
    lines: int
    as_json: bool
    at_ms: int | None = None
    interval_s: float = 0.0
    """Of `watch`."""


def wanted_of(arguments: argparse.Namespace) -> Wanted:
    """Return what was typed; SettingError where it cannot be understood."""
    at = getattr(arguments, "at", "")
    if at and not arguments.name:
        raise SettingError("--at: name the server whose past you want to see")
    at_ms = typed_ms("--at", at) if at else None
    interval_s = getattr(arguments, "interval", 0.0)
    return Wanted(arguments.name, arguments.sort, arguments.lines, arguments.json, at_ms, interval_s)


def show_top(settings: Settings, wanted: Wanted) -> int:
    """Show it once and return the exit status; UnknownServerError."""

    async def job(hub: Hub) -> int:
        glance = await _glance(settings, hub, wanted)
        if wanted.as_json:
            say_json(glance.facts)
        else:
            console(settings).print(Group(*glance.parts))
        return ExitCode.DONE

    return with_hub(settings, job)


def watch(settings: Settings, wanted: Wanted) -> int:
    """Show it until ctrl+c, and return the exit status; UnknownServerError."""
    if not wanted.as_json and not sys.stdout.isatty():
        raise SettingError("watch: this is no terminal; use --json, or `chatops top`")

    async def job(hub: Hub) -> int:
        async def again(show: Callable[[Glance], None]) -> None:
            await _again(lambda: _glance(settings, hub, wanted), show, wanted.interval_s)

        if wanted.as_json:
            await again(_say_at_once)
        else:
            # The alternate screen: what was there before is there again afterwards.
            with Live(console=console(settings), auto_refresh=False, screen=True) as live:
                await again(lambda glance: live.update(Group(*glance.parts), refresh=True))
        return ExitCode.DONE

    return with_hub(settings, job)


async def _again(
    look: Callable[[], Awaitable[Glance]], show: Callable[[Glance], None], interval_s: float
) -> None:
    lost_at: float | None = None
    while True:
        try:
            show(await look())
            lost_at = None
        except HubUnreachableError as exc:
            # What was seen last stays; a hub that was never there has ended this already.
            lost_at = time.monotonic() if lost_at is None else lost_at
            if time.monotonic() - lost_at > _PATIENT_FOR_S:
                raise
            complain(f"{exc}; waiting for the hub")
        await asyncio.sleep(interval_s)


async def _glance(settings: Settings, hub: Hub, wanted: Wanted) -> Glance:
    servers = await hub.rest.servers()
    if not wanted.name:
        return await fleet_glance(settings, hub.rest, servers, (wanted.sort, wanted.lines))
    server = named(servers, [wanted.name])[0]
    return await server_glance(settings, hub.rest, server, (wanted.sort, wanted.lines), wanted.at_ms)


def _say_at_once(glance: Glance) -> None:
    say_json(glance.facts)
    sys.stdout.flush()
