"""`chatops status`: how the fleet is, for people, for scripts and for a status bar."""

import argparse
import sys
from dataclasses import dataclass

from chatops_tui.client.alert_calls import AlertQuery
from chatops_tui.client.connect import Hub
from chatops_tui.commands.say import console, say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.commands.tally import tally, tally_line, tally_text, unreachable_line
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode

_ALERTS = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """How it is to be said."""

    is_line: bool
    for_tmux: bool
    checks: bool
    as_json: bool


def wanted_of(arguments: argparse.Namespace) -> Wanted:
    """Return what was typed."""
    return Wanted(arguments.line or arguments.tmux, arguments.tmux, arguments.check, arguments.json)


def show_status(settings: Settings, wanted: Wanted) -> int:
    """Say it and return the exit status; with `checks` 1 while not all is well (`Tally.is_well`)."""

    async def job(hub: Hub) -> int:
        servers = await hub.rest.servers()
        counted = tally(servers, await hub.rest.alerts.newest(AlertQuery(status="firing", limit=_ALERTS)))
        if wanted.as_json:
            say_json(counted.facts())
        elif wanted.is_line:
            sys.stdout.write(tally_line(settings, counted, for_tmux=wanted.for_tmux) + "\n")
        else:
            console(settings).print(tally_text(settings, counted), soft_wrap=True)
        return ExitCode.REFUSED if wanted.checks and not counted.is_well else ExitCode.DONE

    status = with_hub(settings, job)
    if status == ExitCode.NO_SESSION and wanted.is_line and not wanted.as_json:
        sys.stdout.write(unreachable_line(settings, for_tmux=wanted.for_tmux) + "\n")
    return status
