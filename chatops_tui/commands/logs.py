"""`chatops logs`: the last lines of a file, a journal unit or a container, and with -f those that follow."""

import argparse
import asyncio
from dataclasses import dataclass
from typing import Final, assert_never

from chatops_tui.client.backlog import Backlog
from chatops_tui.client.connect import Hub
from chatops_tui.client.errors import refused_by_code
from chatops_tui.client.following import FollowEnded, Interrupted, Lines, LogEvent, log_events
from chatops_tui.commands.live import over_feed
from chatops_tui.commands.outlet import Outlet
from chatops_tui.commands.printer import Printer
from chatops_tui.commands.say import charset, complain
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.commands.targets import UnknownServerError, named
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_wire.codes import ErrorCode
from chatops_wire.rest import ServerView
from chatops_wire.streams import MAX_TAIL, LogLine, LogSource

# An agent that does not say that a log has been told to its end falls silent: a journal that is read from a
# cold disk takes seconds to begin, and then comes in one go.
_BEGINS_WITHIN_S: Final = 5.0
_GOES_ON_WITHIN_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines."""

    name: str
    source: LogSource
    follows: bool
    as_json: bool
    shows_time: bool = True


def wanted_of(arguments: argparse.Namespace) -> Wanted:
    """Return what was typed after `chatops logs`."""
    source = LogSource(
        path=arguments.file,
        unit=arguments.unit,
        container=arguments.container,
        tail=arguments.lines,
        follow=arguments.follow,
        since=arguments.since,
        until=arguments.until,
    )
    # Programs in containers mostly write the time themselves; the journal's lines have none of their own.
    shows_time = arguments.timestamps or not arguments.container
    return Wanted(arguments.name, source, arguments.follow, arguments.json, shows_time)


def show_logs(settings: Settings, wanted: Wanted) -> int:
    """Print the lines as they come and return the exit status."""
    if wanted.source.tail > MAX_TAIL:
        complain(f"-n is at most {MAX_TAIL}")
        return ExitCode.USAGE

    async def job(hub: Hub) -> int:
        return await over_feed(hub, _show(hub, settings, wanted))

    try:
        return with_hub(settings, job)
    except UnknownServerError as exc:
        complain(str(exc))
        return ExitCode.REFUSED


async def _show(hub: Hub, settings: Settings, wanted: Wanted) -> int:
    server = named(await hub.rest.servers(), [wanted.name])[0]
    outlet = Outlet()
    printer = Printer(outlet, charset(settings), as_json=wanted.as_json)
    try:
        await _print(hub, server, wanted, printer)
        await outlet.flush()
    finally:
        await outlet.close()
    return ExitCode.DONE


async def _print(hub: Hub, server: ServerView, wanted: Wanted, printer: Printer) -> None:
    left = wanted.source.tail
    async with log_events(hub.feed, server.id, wanted.source) as events:
        while event := await _next(events, wanted, left):
            match event:
                case Lines():
                    if event.may_miss:
                        complain("lines may be missing here: more came than are told again")
                    for line in event.lines:
                        await _print_line(line, printer, shows_time=wanted.shows_time)
                    left -= len(event.lines)
                case FollowEnded():
                    if event.code != ErrorCode.ENDED:
                        raise refused_by_code(event.code, event.message)
                    return
                case Interrupted():
                    pass
                case _:
                    assert_never(event)


async def _next(events: Backlog[LogEvent], wanted: Wanted, left: int) -> LogEvent | None:
    """Return the next event; None when the tail has come and nothing else is wanted."""
    if wanted.follows:
        return await events.get()
    if left <= 0:
        return None
    try:
        async with asyncio.timeout(_BEGINS_WITHIN_S if left == wanted.source.tail else _GOES_ON_WITHIN_S):
            return await events.get()
    except TimeoutError:
        return None


async def _print_line(line: LogLine, printer: Printer, *, shows_time: bool) -> None:
    if printer.as_json:
        await printer.object(line)
        return
    shown = f"{line.ts} {line.line}" if shows_time and line.ts is not None else line.line
    # For each line a way of its own: a colour somebody forgot to end is not to run through the log.
    way = printer.whole()
    await way.take("stderr" if line.stream == "stderr" else "stdout", f"{shown}\n".encode(errors="replace"))
    await way.finish()
